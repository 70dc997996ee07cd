"""The shared strings of a workbook, and what stands in its texts for other characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain

from api.ingest.parsing import xml
from api.ingest.parsing.tables import damaged

_ITEM = re.compile(r"<si>(?:<t(?: xml:space=\"preserve\")?(?:/>|>([^<]*)</t>))?</si>|<si/>")
_ROOT = re.compile(rb"<(?:(\w+):)?sst\b[^>]*>")
_ENTITY = re.compile(r"&([^;&]{0,8});?")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_RETURN = re.compile(r"\r(?=[^<>]*<)")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def shared(pieces: Iterable[bytes]) -> list[str]:
    """Read the shared strings: those of the usual form by a pattern, others by an XML parser. Raises Refusal."""
    strings: list[str] = []
    rest = b""
    pieces = iter(pieces)
    for piece in pieces:
        rest += piece
        if _ROOT.search(rest):
            break
    root = _ROOT.search(rest)
    if root is None or root[1] or not is_plain(rest[: root.end()], b"sst"):
        _by_parser(chain([rest], pieces), strings)
        return strings
    rest = rest[root.end() :]
    for piece in chain([b""], pieces):
        rest += piece
        at = rest.rfind(b"</si>") + 5
        if at >= 5:
            _block(decoded(rest[:at]), strings)
            rest = rest[at:]
    _block("".join(re.findall("<si ?/>", decoded(rest))), strings)
    return strings


def _block(block: str, strings: list[str]) -> None:
    found = _ITEM.findall(block)
    if len(found) != block.count("<si>") + block.count("<si/") + block.count("<si ") or "<!" in block:
        _by_parser(["<sst>", for_parser(block), "</sst>"], strings)
        return
    is_plain = "&" not in block and "_x" not in block
    strings += found if is_plain else map(plain, found)


def _by_parser(pieces: Iterable[bytes | str], strings: list[str]) -> None:
    texts: list[str] = []
    depth: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "si":
            texts.clear()
        depth.append(name)

    def end(name: str) -> None:
        depth.pop()
        if name == "si":
            strings.append(unescaped("".join(texts)))

    def text(data: str) -> None:
        if depth[-1] == "t" and "rPh" not in depth:  # how a word is pronounced
            texts.append(data)

    xml.parse(pieces, start, end, text)


def is_plain(head: bytes, root: bytes) -> bool:
    """Tell whether a part can be read by patterns, by all before its first item: UTF-8, no prefix, no comment."""
    declared = re.search(rb"<\?xml[^>]*encoding=[\"']([^\"']+)", head)
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        return False
    return b"<" + root in head and b"<!" not in head and b"\0" not in head


def decoded(block: bytes) -> str:
    """Return UTF-8 as text. Raises Refusal.

    Carriage returns stay, although XML would have them read as line feeds: in a text, a writer has put them there.
    """
    try:
        return block.decode()
    except UnicodeDecodeError:
        raise damaged("A part of the workbook is not UTF-8.") from None


def for_parser(block: str) -> str:
    """Return a block of XML so that an XML parser keeps the carriage returns of its texts."""
    return _RETURN.sub("&#13;", block) if "\r" in block and "<!" not in block else block


def plain(text: str) -> str:
    """Return the text that stands between two tags. Raises Refusal."""
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    return unescaped(text)


def _character(found: re.Match[str]) -> str:
    name = found[1]
    if found[0].endswith(";"):
        if name in _ENTITIES:
            return _ENTITIES[name]
        try:
            if name.startswith("#x"):
                return chr(int(f"0{name[1:]}", 16))
            if name.startswith("#"):
                return chr(int(name[1:]))
        except (ValueError, OverflowError):
            pass
    raise damaged("A part of the workbook is no XML (undefined entity).")


def unescaped(text: str) -> str:
    """Undo `_x000D_` and its like once, as Excel does; half pairs that make one character are joined."""
    if "_x" not in text:
        return text
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") if not text.isascii() else text
