"""Tables in markup: HTML pages and SpreadsheetML 2003, which are parsed in a process of their own."""

from __future__ import annotations

import re

from api.ingest.encoding.recognition import begun
from api.ingest.out_of_process.process import read_apart
from api.ingest.source import Source
from api.ingest.table import Table

_META = re.compile(r"<meta\b[^>]{0,200}?\bcharset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_DECLARED = re.compile(r"\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)


def read_html(source: Source) -> list[Table]:
    """Return the tables of an HTML page. Raises SentiqError."""
    return _read(source, _META, "api.ingest.parsing.html:parse")


def read_spreadsheetml(source: Source) -> list[Table]:
    """Return the sheets of a workbook in one XML file. Raises SentiqError."""
    return _read(source, _DECLARED, "api.ingest.parsing.spreadsheetml:parse")


def _read(source: Source, charset: re.Pattern[str], parser: str) -> list[Table]:
    """Return what a parser makes of the file in UTF-8. What is no character goes with it, to be seen in its cell."""
    encoding, head = begun(source.head, source.reading.encoding or "")
    is_wide = encoding.startswith(("utf-16", "utf-32"))
    found = None if is_wide else charset.search(head)
    texts = source.text(found[1] if found else "")
    source.pieces = (text.encode("utf-8", "surrogatepass") for text in texts)
    return read_apart(source, parser)
