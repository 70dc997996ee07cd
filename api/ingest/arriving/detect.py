"""Recognises what a file is by its bytes; names and content types only decide where bytes leave a choice."""

from __future__ import annotations

import json
import re
from pathlib import PurePath

from api.ingest.arriving.foreign_formats import (
    DATA,
    DOCUMENT,
    OTHER,
    PICTURE,
    Foreign,
    foreign,
    foreign_name,
    foreign_text,
)
from api.ingest.encoding.recognition import begun
from api.ingest.json_files.detect import looks
from api.ingest.options import Reading, bad_file

GZIP = b"\x1f\x8b"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  #: Word documents too: what is in it, its reader says
WORKBOOKS = frozenset({"xlsx", "xls", "xlsb", "ods"})
TEXTS = frozenset({"csv", "tsv", "txt"})
_JSON = frozenset({"jsonl", "json"})
#: Kinds of texts that a name tells apart.
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "txt",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
}
WORKBOOK_SUFFIXES = frozenset({".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".ods", ".fods", ".et"})
#: What is accepted as a body; the kind says what a text is, and nothing of other files.
CONTENT_TYPES = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/plain": "txt",
    "application/x-ndjson": "jsonl",
    "application/ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/json": "json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.ms-excel": "xls",  # Windows says so of CSV, too
    "application/vnd.ms-excel.sheet.macroenabled.12": "xlsx",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "xlsb",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.file": "arrow",
    "application/vnd.apache.arrow.stream": "arrow",
    "text/html": "html",
    "application/zip": "zip",
    "application/x-zip-compressed": "zip",
}

_ARROW = (b"ARROW1\0\0", b"\xff\xff\xff\xff")
#: Bytes that no text has: not NUL, which a text may have by mistake, nor what separates fields or switches alphabets.
_CONTROLS = bytes({*range(1, 32)} - {1, 2, 7, 8, 9, 10, 11, 12, 13, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F} | {0x7F})
_MAX_CONTROLS = 1 / 50  #: of the first bytes

_ANY = re.IGNORECASE | re.DOTALL
_BLANK = r"(?>(?:\s|<!--(?>.*?-->)|<\?(?!php)(?>[^>]*>))*)"
_PAGE = re.compile(
    rf"{_BLANK}<(?:!doctype\s+html|(?:html|head|body|meta|title|script|style|table|link)[\s>/])",
    _ANY,
)
_SCRAP = re.compile(
    rf"{_BLANK}<(?:div|p|span|center|font|b|br|h[1-6]|thead|tbody|tr|col|colgroup|form|section|main)\b",
    _ANY,
)
#: Words of a program that went wrong before it wrote its page.
_BELOW = re.compile(r"(?:(?!\s*<)[^\"\n]{0,500}\n){1,20}\s*<(?:!doctype html|html|table)\b(?=.*<tr\b)", _ANY)
_NESTED = re.compile(rf"{_BLANK}<([A-Za-z][\w.-]*)[^<>]*>\s*<([A-Za-z][\w.-]*)[^<>]*>.*</\2>", _ANY | re.ASCII)
_ROWS = re.compile(rf"{_BLANK}<tr\b[^>]*>\s*<t[dh]\b", _ANY)  #: of a table that nobody began, as SQLite writes them
_XML = re.compile(r"\s*<\?xml\b", re.IGNORECASE)
_ROOT = re.compile(rf"{_BLANK}(?:<!DOCTYPE[^>\[]*(?:\[[^\]]*\])?\s*>)?{_BLANK}<([\w:.-]+)([^>]*)", _ANY)
_XML_DOCUMENTS = {
    "html": None,
    "rss": Foreign("a feed (RSS)", DATA),
    "rdf": Foreign("a feed or a graph (RDF)", DATA),
    "feed": Foreign("a feed (Atom)", DATA),
    "svg": Foreign("an SVG image", PICTURE),
    "plist": Foreign("a property list", DATA),
    "worddocument": Foreign("a Word document in XML", DOCUMENT),
    "package": Foreign("an Office document in one XML file", "Save it as .docx or .xlsx and send its table as .xlsx."),
    "document": Foreign("an OpenDocument file in one XML file", DOCUMENT),
}


def refuse_foreign(head: bytes) -> None:
    """Raise InvalidInput for what is no table and no text by its first bytes, whatever its name says."""
    if not head:
        raise bad_file("empty_file", "The file is empty: there is nothing to classify.")
    if found := foreign(head):
        raise not_a_table(found)


def not_a_table(found: Foreign) -> Exception:
    """Return the error for a file of another kind, by its true name."""
    return bad_file("not_a_table", f"The file is {found.name}. {found.remedy}")


def kind_of(reading: Reading, head: bytes, content_type: str) -> str:
    """Return what an unpacked file is that is no ZIP archive. Raises InvalidInput.

    `xls`, `parquet`, `arrow`, `html`, `xml` (SpreadsheetML), `jsonl` and `json` are told by the bytes; `csv`, `tsv` and
    `txt` by what is asked for, by the name, by the content type.
    """
    encoding, text = begun(head, reading.encoding or "")
    found = _binary(head, encoding)
    if found is None:
        found = _markup(text) or looks(text)
        if (other := foreign_text(text)) is not None:
            raise not_a_table(other)
    check_asked(reading, found)
    if found is not None:
        return found
    if reading.format in TEXTS | _JSON:
        return reading.format
    suffix = suffix_of(reading.file_name)
    if (other := foreign_name(suffix)) is not None:
        raise not_a_table(other)
    hint = _SUFFIXES.get(suffix) or CONTENT_TYPES.get(content_type)
    if hint in TEXTS | _JSON:
        return hint
    return "jsonl" if "\n" in text and _is_json_string(text) else "csv"


def check_asked(reading: Reading, found: str | None) -> None:
    """Raise InvalidInput where the format that is asked for is not what the bytes are; None is a text of some kind."""
    asked = reading.format
    if asked is None or asked == found or {asked, found} == _JSON or (found is None and asked in TEXTS | _JSON):
        return
    what = f"in the format {found}" if found else "a text, such as CSV"
    raise bad_file("wrong_format", f"The file is {what}, not {asked}: leave `format` out.", "format")


def suffix_of(file_name: str) -> str:
    """Return the last suffix of a name, in lower case, but for that of gzip."""
    name = PurePath(file_name.lower())
    return PurePath(name.stem).suffix if name.suffix in (".gz", ".gzip") else name.suffix


def _binary(head: bytes, encoding: str) -> str | None:
    if head.startswith(OLE):
        return "xls"
    if head.startswith(b"PAR1") and b"\0" in head:
        return "parquet"
    if head.startswith(b"PARE"):
        raise not_a_table(Foreign("an encrypted Parquet file", "Send it without encryption."))
    if head.startswith(_ARROW[0]) or (
        head.startswith(_ARROW[1]) and head[7:8] == b"\0" == head[9:10]  # lengths below 16 MB and 256
    ):
        return "arrow"
    nuls = head.count(0) / len(head)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    is_wide = encoding.startswith(("utf-16", "utf-32"))  # three of four bytes at most are NUL
    if nuls > 0.8 if is_wide else nuls > 0.1 or controls > max(2, len(head) * _MAX_CONTROLS):
        raise bad_file("binary_file", f"The file is binary, of a kind that is not known here. {OTHER}")
    return None


def _markup(text: str) -> str | None:
    """Return `html`, `xml` or `ods` (one XML file) for a text that is such; raises InvalidInput for other XML."""
    is_scrap = _SCRAP.match(text) and re.search(r"<table\b", text, re.IGNORECASE)
    if is_scrap or any(pattern.match(text) for pattern in (_PAGE, _ROWS, _BELOW)):
        return "html"
    is_xml = _XML.match(text) is not None or (_NESTED.match(text) is not None and _SCRAP.match(text) is None)
    root = _ROOT.match(text)
    if root is None or not (is_xml or "xmlns" in root[2]):
        return None
    name = root[1].rpartition(":")[2].lower()
    if name == "workbook" and "schemas-microsoft-com:office:spreadsheet" in root[2]:
        return "xml"
    if name == "document" and "opendocument.spreadsheet" in root[2]:
        return "ods"
    known = _XML_DOCUMENTS.get(name, Foreign(f"an XML document (<{root[1][:40]}>)", DATA))
    if known is None:
        return "html"
    raise not_a_table(known)


def _is_json_string(text: str) -> bool:
    try:
        return isinstance(json.loads(text.partition("\n")[0]), str)
    except (ValueError, RecursionError):
        return False
