"""XLSX: checked before anything is unpacked, then read row by row from a temporary file."""

from __future__ import annotations

import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from api.cell_kinds import as_text, kinds_of
from api.ingest.limits import Limits
from api.ingest.options import bad_file
from api.ingest.source import Source
from api.ingest.streams import RATIO_FROM_BYTES
from api.ingest.table import Record, Table
from sentiq.core.errors import BodyTooLarge
from sentiq.jobs.types import RowError

MAX_MEMBERS = 10_000  #: files in the ZIP archive of a workbook
STRINGS = "xl/sharedStrings.xml"  #: texts of all sheets, which are held in memory while rows are read
STRINGS_BYTES = 256 * 2**20
PART_BYTES = 16 * 2**20  #: of any other part that is read whole, such as styles
#: What openpyxl and zipfile stumble upon in a file that is damaged, wherever the damage is.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, InvalidFileException, DefusedXmlException, SyntaxError),
    *(ArithmeticError, AttributeError, EOFError, LookupError, NotImplementedError, OSError, TypeError, ValueError),
)
_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)


def read_workbook(source: Source) -> list[Table]:
    """Return the sheets of a workbook."""
    book = Workbook(source.pieces, source.limits)
    source.open.callback(book.close)
    return book.tables()


class Workbook:
    """An uploaded workbook. Close it: its temporary file goes then."""

    def __init__(self, pieces: Iterator[bytes], limits: Limits) -> None:
        """Take all pieces. Raises InvalidInput and BodyTooLarge."""
        self._limits = limits
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        try:
            for piece in pieces:
                self._file.write(piece)
            self._book = _opened(self._file, limits)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        with suppress(Exception):
            self._book.close()
        self._file.close()

    def tables(self) -> list[Table]:
        """Return the sheets in their order. Raises InvalidInput if there are none."""
        sheets = self._book.worksheets
        if not sheets:
            raise bad_file("damaged_workbook", "The workbook has no sheet that can be read. Save it again.")
        return [
            Table(self.records(sheet.title), title=sheet.title, is_visible=sheet.sheet_state == "visible")
            for sheet in sheets
        ]

    def records(self, sheet: str) -> Iterator[Record]:
        """Cells as text, with the row's number; empty rows are left out. A formula is the value stored for it."""
        worksheet = self._book[sheet]
        worksheet.reset_dimensions()  # what a file says of its own size may be wrong
        rows = worksheet.iter_rows(values_only=True, max_col=self._limits.columns + 1)
        width = 0  # empty cells at the end of a row are not stored
        used = 0  # cells of the widest row so far; openpyxl fills each up to `max_col`
        nothing = (None,) * (self._limits.columns + 1)
        try:
            for number, values in enumerate(rows, start=1):
                if values[used:] != nothing[used : len(values)]:
                    used = max(n for n, value in enumerate(values, start=1) if value is not None)
                cells, kinds = list(map(as_text, values[:used])), kinds_of(values[:used])
                while cells and not cells[-1]:
                    cells.pop()
                if cells:
                    width = max(width, len(cells))
                    cells += [""] * (width - len(cells))
                    yield Record(number, cells, kinds, _fault(cells, self._limits))
        except _DAMAGE as error:
            raise bad_file("damaged_workbook", f"The sheet {sheet!r} cannot be read to its end ({error}).") from None


def _fault(cells: list[str], limits: Limits) -> RowError | None:
    if any(len(cell) > limits.cell_chars for cell in cells):
        return RowError(
            "cell_too_long", f"a cell has more than {limits.cell_chars:,} characters (SENTIQ_MAX_CELL_CHARS)"
        )
    return None


def _check_part(member: zipfile.ZipInfo) -> None:
    """Sheets are read row by row; everything else is held in memory."""
    limit = STRINGS_BYTES if member.filename == STRINGS else PART_BYTES
    if member.file_size > limit and not member.filename.startswith("xl/worksheets/"):
        raise BodyTooLarge(
            f"{member.filename} of the workbook has {member.file_size:,} bytes unpacked; {limit:,} can be read. "
            "Send it in parts, or as CSV."
        )


def _opened(file: IO[bytes], limits: Limits) -> Any:
    """Raises InvalidInput and BodyTooLarge."""
    try:
        _check_archive(file, limits)
        return load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except _DAMAGE as error:
        raise bad_file("damaged_workbook", f"The workbook cannot be read ({error}). Save it again.") from None


def _check_archive(file: IO[bytes], limits: Limits) -> None:
    """Before anything is unpacked: sizes as the archive lists them, which is as far as they are ever unpacked."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if "xl/workbook.xml" not in archive.namelist():
            raise bad_file("not_a_table", "The file is a ZIP archive, but no XLSX workbook. Send its files one by one.")
        if len(members) > MAX_MEMBERS:
            raise bad_file("damaged_workbook", f"The workbook has {len(members):,} parts; {MAX_MEMBERS:,} are allowed.")
        size = sum(member.file_size for member in members)
        if size > limits.inflated_bytes:
            raise BodyTooLarge(
                f"The workbook unpacks to {size:,} bytes; the limit is {limits.inflated_bytes:,} "
                "(SENTIQ_MAX_INFLATED_BYTES). Send it in parts, or as CSV."
            )
        packed = sum(member.compress_size for member in members)
        if size > max(RATIO_FROM_BYTES, packed * limits.inflate_ratio):
            raise BodyTooLarge(
                f"The workbook unpacks to {size // max(packed, 1):,} times its size; the limit is "
                f"{limits.inflate_ratio} (SENTIQ_MAX_INFLATE_RATIO). Send it as CSV."
            )
        for member in members:
            if member.filename.endswith((".xml", ".rels")):
                _check_part(member)
                with archive.open(member) as part:
                    if _DOCTYPE.search(part.read(4096)):
                        raise bad_file("dtd", f"{member.filename} of the workbook has a DTD, which is never read.")
