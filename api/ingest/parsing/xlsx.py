"""XLSX and XLSM, also Strict ones and those that only Excel forgives: parts, sheets, what the sheets share."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from api.ingest.parsing import xml
from api.ingest.parsing.archive import Archive
from api.ingest.parsing.formats import Shown, styles_of
from api.ingest.parsing.sheet import Book, lines_of
from api.ingest.parsing.strings import shared
from api.ingest.parsing.tables import Parsed, Refusal, damaged, too_large

_MAIN = re.compile(r"workbook[0-9]*\.xml")
STRINGS_BYTES = 512 * 2**20  #: of the texts that the sheets share, which are held in memory


class Link(NamedTuple):
    """A relation of a part to another."""

    kind: str  #: last word of its type
    target: str  #: path in the archive


def sheets_of(archive: Archive, limits: Mapping[str, Any]) -> list[Parsed]:
    """Return the sheets that have rows. Raises Refusal."""
    main = _main(archive)
    links = _links(archive, main)
    named: list[tuple[str, str, bool]] = []
    facts = {"1904": False, "uncalculated": False}

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            state = attributes.get("state", "visible")
            named.append((attributes.get("name", ""), xml.local(attributes, "id") or "", state == "visible"))
        elif name == "workbookPr":
            facts["1904"] = attributes.get("date1904") in ("1", "true")
        elif name == "calcPr":
            facts["uncalculated"] = attributes.get("fullCalcOnLoad") in ("1", "true")

    xml.parse([archive.read(main)], start)
    book = Book(_strings(archive, links, main), _styles(archive, links, main), facts["1904"], facts["uncalculated"])
    found = []
    for number, (title, link, is_visible) in enumerate(named, start=1):
        kind, target = links.get(
            link, Link("worksheet", posixpath.join(posixpath.dirname(main), "worksheets", f"sheet{number}.xml"))
        )
        if kind == "worksheet" and archive.has(target):
            found.append(Parsed(lines_of(archive.pieces(target), book, limits["columns"]), title, is_visible))
    if not found:
        raise damaged("The workbook has no sheet with rows.")
    return found


def _main(archive: Archive) -> str:
    """Return the part that lists the sheets."""
    for kind, target in _links(archive, "").values():
        if kind == "officeDocument" and archive.has(target):
            return target
    for name in sorted(archive.names(), key=len):
        if _MAIN.fullmatch(posixpath.basename(name)):
            return name
    raise damaged("The workbook has no list of its sheets.")


def _links(archive: Archive, part: str) -> dict[str, Link]:
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    links: dict[str, Link] = {}

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            path = target if target.startswith("/") else posixpath.join(folder, target)
            links[attributes.get("Id", "")] = Link(attributes.get("Type", "").rpartition("/")[2], path)

    if archive.has(relations):
        xml.parse([archive.read(relations)], start)
    return links


def _linked(archive: Archive, links: Mapping[str, Link], main: str, kind: str) -> str | None:
    """Return the part of this kind: the one that is linked, else the one that has its usual name."""
    linked = [link.target for link in links.values() if link.kind == kind]
    for name in (*linked, posixpath.join(posixpath.dirname(main), f"{kind}.xml")):
        if archive.has(name):
            return name
    return None


def _strings(archive: Archive, links: Mapping[str, Link], main: str) -> list[str]:
    name = _linked(archive, links, main, "sharedStrings")
    if name is None:
        return []
    size = archive.size(name)
    if size > STRINGS_BYTES:
        raise too_large(
            f"The texts of the workbook have {size:,} bytes; {STRINGS_BYTES:,} can be read. "
            "Send it in parts, or as CSV."
        )
    return shared(archive.pieces(name))


def _styles(archive: Archive, links: Mapping[str, Link], main: str) -> list[Shown]:
    name = _linked(archive, links, main, "styles")
    if name is None:
        return []
    try:
        return styles_of([archive.read(name)])
    except Refusal:
        return []  # Excel repairs them, and shows all numbers as they are
