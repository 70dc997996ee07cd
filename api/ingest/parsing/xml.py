"""XML without namespaces, DTDs and entities: what the parts of a workbook need of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from xml.parsers import expat

from api.ingest.parsing.tables import damaged

Start = Callable[[str, Mapping[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def parse(pieces: Iterable[bytes | str], start: Start, end: End | None = None, text: Text | None = None) -> None:
    """Call the handlers for each element, by its name without a prefix, and for each text. Raises Refusal."""
    parser = feeder(start, end, text)
    for piece in pieces:
        feed(parser, piece)
    feed(parser, b"", is_last=True)


def feeder(
    start: Start, end: End | None = None, text: Text | None = None, encoding: str | None = None
) -> expat.XMLParserType:
    """Return a parser for `feed`; `encoding` overrides what the XML says."""
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    if end is not None:
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    if text is not None:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def feed(parser: expat.XMLParserType, piece: bytes | str, *, is_last: bool = False) -> None:
    """Parse a piece. Raises Refusal."""
    try:
        parser.Parse(piece, is_last)
    except expat.ExpatError as error:
        raise damaged(f"A part of the workbook is no XML ({expat.ErrorString(error.code)}).") from None
    except LookupError:
        raise damaged("A part of the workbook has an encoding that is not known.") from None


def local(attributes: Mapping[str, str], name: str) -> str | None:
    """Return an attribute, whatever its prefix."""
    for key, value in attributes.items():
        if key.rpartition(":")[2] == name:
            return value
    return None


def _refuse(*_: object) -> None:
    raise damaged("The workbook has a DTD, which is never read.")
