"""What a file of the old compound format of Microsoft (OLE 2) is, by the streams in it."""

from __future__ import annotations

import struct
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
    """Return the names in its directory, in small letters; of a damaged file those that are found."""
    file.seek(0)
    header = file.read(512)
    if len(header) < 512:
        return set()
    size = 1 << min(max(struct.unpack_from("<H", header, 30)[0], 9), 12)
    (sector,) = struct.unpack_from("<I", header, 48)
    tables = struct.unpack_from("<109I", header, 76)
    names: set[str] = set()
    for _ in range(MAX_SECTORS):
        if sector >= _END:
            break
        data = _sector(file, sector, size)
        for at in range(0, len(data), ENTRY_BYTES):
            length = struct.unpack_from("<H", data, at + 64)[0] if at + 66 <= len(data) else 0
            names.add(data[at : at + min(max(length - 2, 0), 64)].decode("utf-16-le", "replace").lower())
        table, place = divmod(sector, size // 4)
        if table >= len(tables) or tables[table] >= _END:
            break
        entry = _sector(file, tables[table], size)[place * 4 : place * 4 + 4]
        if len(entry) < 4:
            break
        (sector,) = struct.unpack("<I", entry)
    return names


def _sector(file: IO[bytes], number: int, size: int) -> bytes:
    file.seek((number + 1) * size)
    return file.read(size)
