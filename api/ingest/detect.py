"""Recognising what a file is by its first bytes; names and content types only decide where bytes leave a choice."""

from __future__ import annotations

import json
from pathlib import PurePath

from api.ingest.json_detect import looks_like_json
from api.ingest.options import Reading, bad_file

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_REFUSED = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\x7fELF": "a program",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\xfd7zXZ": "an xz archive; only gzip is unpacked",
    b"BZh": "a bzip2 archive; only gzip is unpacked",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive; only gzip is unpacked",
    b"SQLite format 3": "an SQLite database",
}
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "txt",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xlsx": "xlsx",
}
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
}


def refuse_foreign(head: bytes) -> None:
    """Raises InvalidInput for what is no table and no text, whatever its name says."""
    if not head:
        raise bad_file("empty_file", "The file is empty: there is nothing to classify.")
    for magic, what in _REFUSED.items():
        if head.startswith(magic):
            raise bad_file("not_a_table", f"The file is {what}. Send CSV, TSV, TXT, JSONL or XLSX, plain or gzipped.")


def file_format(reading: Reading, head: bytes, content_type: str) -> str:
    """csv, tsv, txt, jsonl or xlsx, of the unpacked bytes."""
    if head.startswith(_OLE):
        return "xls"
    if head.startswith(ZIP):
        if reading.format not in (None, "xlsx"):
            raise bad_file("wrong_format", f"The file is a ZIP archive or a workbook, not {reading.format}.", "format")
        return "xlsx"
    if reading.format is not None:
        if reading.format == "xlsx":
            raise bad_file("wrong_format", "The file is no XLSX workbook.", "format")
        return reading.format
    name = PurePath(reading.file_name.lower())
    suffix = PurePath(name.stem).suffix if name.suffix in (".gz", ".gzip") else name.suffix
    found = _SUFFIXES.get(suffix) or CONTENT_TYPES.get(content_type)
    if found == "xlsx":
        raise bad_file("not_a_workbook", "The file is named or sent as a workbook, but it is none.")
    if as_json := looks_like_json(head):  # whatever it is called
        return as_json
    if found:
        return found
    return "jsonl" if b"\n" in head and _is_json_string(head) else "csv"


def _is_json_string(head: bytes) -> bool:
    try:
        return isinstance(json.loads(head.partition(b"\n")[0].decode("utf-8-sig")), str)
    except (ValueError, RecursionError):
        return False
