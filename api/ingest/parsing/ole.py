"""What a file of the old compound format of Microsoft (OLE 2) is, by the streams in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_SECTORS = 4_096  #: of its directory
ENTRY_BYTES = 128
_END = 0xFFFFFFFA  #: numbers from here are no sectors

#: Streams by which a file is told, the surest first.
_KINDS = (
    ("encryptedpackage", "a workbook or document with a password"),
    ("workbook", "xls"),
    ("book", "xls"),
    ("worddocument", "an old Word document (.doc)"),
    ("powerpoint document", "an old PowerPoint presentation (.ppt)"),
    ("__properties_version1.0", "an Outlook message (.msg)"),
    ("visiodocument", "a Visio drawing"),
    ("hwpsummaryinformation", "a Hangul document (.hwp)"),
    ("quill", "a Publisher document"),
    ("thumbs.db", "a store of pictures (thumbs.db)"),
)
_INSTALLER = range(0x3800, 0x4841)  #: letters of the streams of a Windows installer


def ole_kind(file: IO[bytes]) -> str:
    """Return `xls` for a workbook (BIFF5, BIFF8), else what the file is, for people."""
    names = _streams(file)
    for stream, kind in _KINDS:
        if stream in names:
            return kind
    if any(ord(name[0]) in _INSTALLER for name in names if name):
        return "a Windows installer (.msi)"
    return "a file of an old Microsoft format that holds no workbook"


def _streams(file: IO[bytes]) -> set[str]:
    """Return the names in the root, in small letters: not those of embedded documents. A damaged file has none."""
    names: set[str] = set()
    try:
        entries = list(_entries(file))
        waiting, seen = [struct.unpack_from("<I", entries[0], 76)[0]], set()
        while waiting:
            at = waiting.pop()
            if at < _END and at not in seen:
                seen.add(at)
                length, *siblings = struct.unpack_from("<H2xII", entries[at], 64)
                names.add(entries[at][: min(max(length - 2, 0), 64)].decode("utf-16-le", "replace").lower())
                waiting += siblings
    except (LookupError, struct.error):
        pass  # damaged
    return names


def _entries(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the entries of the directory, a chain of sectors. Raises LookupError and struct.error."""
    file.seek(0)
    header = file.read(512)
    size = {9: 512, 12: 4096}[struct.unpack_from("<H", header, 30)[0]]
    per_table = size // 4
    sector = struct.unpack_from("<I", header, 48)[0]
    further = struct.unpack_from("<I", header, 68)[0]  # sectors of large files that list more tables
    tables = list(struct.unpack_from("<109I", header, 76))
    for _ in range(MAX_SECTORS):
        if sector >= _END:
            return
        data = _sector(file, sector, size)
        yield from (data[at : at + ENTRY_BYTES] for at in range(0, len(data), ENTRY_BYTES))
        table, place = divmod(sector, per_table)
        while table >= len(tables) and further < _END and len(tables) < MAX_SECTORS * per_table:
            *more, further = struct.unpack(f"<{per_table}I", _sector(file, further, size))
            tables += more
        sector = struct.unpack_from("<I", _sector(file, tables[table], size), place * 4)[0]


def _sector(file: IO[bytes], number: int, size: int) -> bytes:
    file.seek((number + 1) * size)
    return file.read(size)
