"""Recognising what a file is by its first bytes; names and content types only decide where bytes leave a choice."""

from __future__ import annotations

import codecs
import json
from pathlib import PurePath

from api.ingest.options import Reading, bad_file

HEAD_BYTES = 65_536  #: enough to tell an encoding and the columns

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
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "txt",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
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
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


def refuse_foreign(head: bytes) -> None:
    """Raises InvalidInput for what is no table and no text, whatever its name says."""
    if not head:
        raise bad_file("empty_file", "The file is empty: there is nothing to classify.")
    for magic, what in _REFUSED.items():
        if head.startswith(magic):
            raise bad_file("not_a_table", f"The file is {what}. Send CSV, TSV, TXT, JSONL or XLSX, plain or gzipped.")
    if head.startswith(_OLE):
        raise bad_file(
            "old_or_encrypted_workbook",
            "The file is an old workbook (.xls) or one with a password. Save it as .xlsx without a password.",
        )


def file_format(reading: Reading, head: bytes, content_type: str) -> str:
    """csv, tsv, txt, jsonl or xlsx, of the unpacked bytes."""
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
    if found:
        return found
    first = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return "jsonl" if first in (b"{", b'"') and b"\n" in head[:HEAD_BYTES] and _is_json_line(head) else "csv"


def encoding(reading: Reading, head: bytes) -> str:
    """That of the first bytes; `ascii` where they leave open which it will be. Raises InvalidInput."""
    if reading.encoding == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _utf16(head) or "utf-16-le"  # as Windows writes it
    if reading.encoding is not None:
        return reading.encoding
    for bom, name in _BOMS.items():
        if head.startswith(bom):
            return name
    if found := _utf16(head):
        return found
    if head.isascii():
        return "ascii"
    for name in ("utf-8", "gb18030"):
        if decodes(head, name):
            return name
    if b"\0" in head:
        raise bad_file("binary_file", "The file is binary. Send CSV, TSV, TXT, JSONL or XLSX, plain or gzipped.")
    raise bad_file(
        "unknown_encoding",
        "The file is neither UTF-8 nor GB18030 nor UTF-16. Save it as UTF-8, or name its `encoding`.",
        "encoding",
    )


def decodes(head: bytes, name: str) -> bool:
    """Whether bytes are of this encoding; a character cut off at their end is no fault."""
    try:
        codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: of its ASCII characters, delimiters and line ends at least, one byte of two is NUL."""
    sample = head[: len(head) // 2 * 2]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    name = "utf-16-le" if odd > even else "utf-16-be"
    most, least = max(even, odd), min(even, odd)
    return name if most * 20 > len(sample) and least * 10 <= most and decodes(sample, name) else None


def _is_json_line(head: bytes) -> bool:
    try:
        return isinstance(json.loads(head.partition(b"\n")[0].decode("utf-8-sig")), str | dict)
    except ValueError:
        return False
