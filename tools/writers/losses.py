"""What is lost on the way from a writer to a row, whose doing it is, and what to do."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tools.writers.texts import ITEMS

#: What to do, by the code of the error of a row.
REMEDIES = {
    "formula_without_value": "a text that begins with = became a formula: write it as a string",
    "not_a_text": "a text of digits became a number: name the column (`text_column`), or write CSV",
    "ragged_row": "line breaks, delimiters or quotation marks are not marked as part of a text: write CSV or JSON",
    "misplaced_quote": "a quotation mark behind a backslash is not doubled: have the writer double all, or write JSON",
}
#: Formats in which white space of any kind and length is one blank, unless it has elements of its own.
COLLAPSING = frozenset((".html", ".ods", ".fods"))


class Loss(NamedTuple):
    """What was lost, and what to do."""

    remark: str
    is_ours: bool = False


def failures(codes: Iterable[str]) -> Iterator[Loss]:
    """Yield what the codes of failed rows mean; they are said, so none is a fault of ours."""
    for code in sorted(set(codes)):
        yield Loss(REMEDIES.get(code, f"rows failed ({code})"))


def changes(pairs: list[tuple[str, str]], path: Path, python: Path) -> Iterator[Loss]:
    """Yield what has become of texts: the writer has done it if another reader finds the same in the file."""
    said = _said_by_others(path, python) if pairs else set()
    for wanted, text in pairs:
        shown = _collapsed(text) if path.suffix in COLLAPSING else text
        if shown not in said:
            yield Loss(f"{wanted!r} came as {text!r}, which another reader does not find in the file", is_ours=True)
        elif "_x000D_" in wanted:
            yield Loss("`_x000D_` is not escaped, and means a CR in a workbook: write CSV if you have it in texts")
        elif text in (wanted.replace("\r\n", "\n"), wanted.replace("\r\n", "\n").replace("\r", "\n")):
            yield Loss("CR and CRLF in texts came as LF, which changes no sentiment")
        elif _collapsed(text) == _collapsed(wanted):
            yield Loss("white space in texts came as other white space: write CSV where it matters")
        else:
            yield Loss(f"{wanted!r} was written as {text!r}")


def lost_ids(notes: set[str], path: Path) -> list[Loss]:
    """Return why ids are others than were written: the writer rounded them if the file does not have their digits."""
    said = sorted({"ids_rounded", "ids_repeat"} & notes, reverse=True)
    if any(item["id"].encode() in content for content in _contents(path) for item in ITEMS[:5]):
        return [Loss("ids are in the file and came out as others", is_ours=True)]
    if not said:
        return [Loss("the writer rounded the ids, and nothing says so", is_ours=True)]
    return [Loss(f"the writer rounded the ids (said by `{said[0]}`): write them as texts")]


def _contents(path: Path) -> Iterator[bytes]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from map(archive.read, archive.namelist())
    else:
        yield path.read_bytes()


def _collapsed(text: str) -> str:
    return " ".join(text.split())


def _said_by_others(path: Path, python: Path) -> set[str]:
    """Return the texts that readers which are not ours find in a file; in some formats with white space collapsed."""
    command: list[str | Path] = [python, "-m", "tools.writers.other_readers", path]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found = set(map(str, json.loads(done.stdout.splitlines()[-1])))  # xlrd writes warnings before
    return set(map(_collapsed, found)) if path.suffix in COLLAPSING else found
