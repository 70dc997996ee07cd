"""XLSB: a look at the records of its sheets before calamine reads them."""

from __future__ import annotations

from itertools import islice

from api.ingest.parsing.archive import Archive
from api.ingest.parsing.tables import Refusal

RECORDS_SEEN = 2_000  #: of each sheet: a writer that leaves out the columns does so from the beginning
_WITHOUT_COLUMN = range(12, 19)  #: cells that follow the one before them; calamine 0.9.1 passes over them


def check(archive: Archive) -> None:
    """Raise Refusal for sheets of which calamine would leave out columns without a word."""
    for name in archive.names():
        if name.startswith("xl/worksheets/") and name.endswith(".bin"):
            head = next(archive.pieces(name), b"")
            if any(record in _WITHOUT_COLUMN for record in islice(_records(head), RECORDS_SEEN)):
                raise Refusal(
                    "unreadable_file", "The .xlsb workbook has cells of a kind that is not read. Save it as .xlsx."
                )


def _records(data: bytes) -> list[int]:
    """Return the types of the records (MS-XLSB 2.1.4): a type and a size of seven bits a byte, then the data."""
    types = []
    at = 0
    while at + 2 < len(data):
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind = kind & 0x7F | (data[at] & 0x7F) << 7
            at += 1
        size = shift = 0
        while at < len(data):
            size |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if not data[at - 1] & 0x80:
                break
        types.append(kind)
        at += size
    return types
