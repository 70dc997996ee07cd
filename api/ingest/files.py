"""One file from its first byte to its rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple

from werkzeug.http import parse_options_header

from api.ingest.arriving.unwrap import arrived
from api.ingest.delimited.reader import LINE_OPTIONS, read_delimited, read_lines
from api.ingest.faults import readable
from api.ingest.json_files.documents import read_json
from api.ingest.json_files.lines import read_json_lines
from api.ingest.limits import Limits
from api.ingest.notes import Notes
from api.ingest.options import COLUMN_OPTIONS, COMMON_OPTIONS, Reading, bad_file, refuse_options
from api.ingest.out_of_process.columnar import read_arrow, read_parquet
from api.ingest.out_of_process.markup import read_html, read_spreadsheetml
from api.ingest.out_of_process.workbook import read_workbook
from api.ingest.reader_errors import Arriving
from api.ingest.recognition.columns import Columns, choose, no_text_column
from api.ingest.recognition.dates import Dates
from api.ingest.recognition.names import plain
from api.ingest.recognition.rows import rows_of
from api.ingest.source import Source
from api.ingest.table import Record, Table
from sentiq.core.errors import InvalidInput
from sentiq.jobs.types import FileFormat, Row

SAMPLE_RECORDS = 50  #: looked at to tell the headings and the columns
WITHOUT_SHEETS = frozenset(("html", "json", "zip"))  #: kinds of files whose tables nobody calls sheets
TABLE_OPTIONS = COLUMN_OPTIONS | {"has_header", "header_row"}
DELIMITED_OPTIONS = TABLE_OPTIONS | {"encoding", "delimiter", "quotes", "escape"}


class Format(NamedTuple):
    """A format that can be read."""

    read: Callable[[Source], Sequence[Table]]  #: returns the tables of a file, at least one
    options: frozenset[str]  #: fields of Reading that it obeys, besides those that all do


FORMATS = {
    "csv": Format(read_delimited, DELIMITED_OPTIONS),
    "tsv": Format(read_delimited, DELIMITED_OPTIONS),
    "txt": Format(read_lines, DELIMITED_OPTIONS),  # a table, if it is one
    "jsonl": Format(read_json_lines, TABLE_OPTIONS | {"encoding", "escape", "sheet"}),
    "json": Format(read_json, TABLE_OPTIONS | {"encoding", "sheet"}),
    **dict.fromkeys(("xlsx", "xls", "xlsb", "ods"), Format(read_workbook, TABLE_OPTIONS | {"sheet"})),
    "xml": Format(read_spreadsheetml, TABLE_OPTIONS | {"encoding", "sheet"}),
    "html": Format(read_html, TABLE_OPTIONS | {"encoding", "sheet"}),
    "parquet": Format(read_parquet, COLUMN_OPTIONS),
    "arrow": Format(read_arrow, COLUMN_OPTIONS),
}


class File:
    """An arriving file. What it is, is known from its beginning; `rows()` reads it once, while it arrives.

    The content type may name a charset. Raises InvalidInput when it is nothing that can be read, with the remedy.
    """

    def __init__(
        self,
        pieces: Iterator[bytes],
        reading: Reading,
        limits: Limits,
        content_type: str = "",
        *,
        is_shown: bool = False,
    ) -> None:
        """`is_shown`: the file is only looked at, so that its columns can be chosen; it need not have texts."""
        self._limits, self._is_shown = limits, is_shown
        self._open = ExitStack()
        self._arriving = Arriving(pieces)
        try:
            with self._arriving.guarded():
                self._begin(iter(self._arriving), reading, content_type)
        except BaseException:
            self.close()
            raise

    def _begin(self, pieces: Iterator[bytes], reading: Reading, content_type: str) -> None:
        limits = self._limits
        content_type, parameters = parse_options_header(content_type.lower())
        charset = parameters.get("charset", "")
        arrival = arrived(pieces, reading, limits, content_type, self._open)
        kind, head, data = arrival.kind, arrival.head, arrival.pieces
        refuse_options(reading, kind, FORMATS[kind].options)
        self._source = Source(kind, head, data, reading, limits, arrival.is_live, charset, file=arrival.file)
        self._open.push(self._source.open)
        if arrival.member is not None:
            self._source.notes.add("archive_member", name=arrival.member)
        self._described = FileFormat(reading.file_name, kind, arrival.compression)
        tables = FORMATS[kind].read(self._source)
        for each in tables:  # names may have bytes that are no characters
            each.title = None if each.title is None else readable(each.title)
            each.names = None if each.names is None else tuple(map(readable, each.names))
        table, self.columns = _chosen(tables, self._source)
        if not self.columns.text and not self._is_shown:
            raise no_text_column(table, self.columns)
        date = self.columns.date
        self._dates = None if date is None else Dates(date, self.columns.names[date], reading, self._source.notes)
        self.options = FORMATS[kind].options | COMMON_OPTIONS
        if self.format.format == "txt":
            self.options = LINE_OPTIONS | COMMON_OPTIONS
        elif table.names is not None:  # by the format itself: no row has headings
            self.options -= {"has_header", "header_row"}
        self.sheets = [found.title for found in tables if found.title is not None]
        self.sample = [list(map(readable, record.cells)) for record in table.head if self._is_row(record)]
        self._rows = rows_of(
            itertools.dropwhile(lambda record: not self._is_row(record), table.records),
            self.columns,
            reading,
            limits,
            self._source.notes,
            self._dates,
        )

    def __enter__(self) -> File:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Temporary files go."""
        self._open.close()

    @property
    def format(self) -> FileFormat:
        """How the file is read, as far as it is known: some things are known only when all rows are read."""
        columns, source = self.columns, self._source
        decoder = source.decoder
        text = next(iter(columns.text), None)
        return replace(
            self._described,
            has_header=columns.has_header,
            text_column=None if text is None else columns.names[text],
            text_number=None if text is None else text + 1,
            text_numbers=tuple(at + 1 for at in columns.text),
            header_row=columns.header_row,
            id_column=None if columns.id is None else columns.names[columns.id],
            id_number=None if columns.id is None else columns.id + 1,
            label_column=None if columns.label is None else columns.names[columns.label],
            label_number=None if columns.label is None else columns.label + 1,
            date_column=None if columns.date is None else columns.names[columns.date],
            date_number=None if columns.date is None else columns.date + 1,
            language_column=None if columns.language is None else columns.names[columns.language],
            language_number=None if columns.language is None else columns.language + 1,
            date_order=None if self._dates is None else self._dates.order,
            columns=columns.names if source.reading.keep_columns else (),
            notes=source.notes.all(),
            **({"encoding": decoder.encoding} if decoder else {}) | source.facts,
        )

    def rows(self) -> Iterator[Row]:
        """Raises what a broken upload raises; a bad record is a row with its reason."""
        with self._arriving.guarded():
            for number, row in enumerate(self._rows, start=1):
                if number > self._limits.rows:
                    raise bad_file(
                        "too_many_rows",
                        f"The file has more than {self._limits.rows:,} rows, which is the limit "
                        "(SENTIQ_MAX_ROWS). Send it in parts.",
                    )
                yield row

    def _is_row(self, record: Record) -> bool:
        return record.number >= self.columns.first_line


def _chosen(tables: Sequence[Table], source: Source) -> tuple[Table, Columns]:
    """Return the table to read, with its first records in `head`, and what its columns hold. Raises InvalidInput.

    It is the one that is asked for; else, of the visible ones, the first of those with the surest column of texts.
    """
    shown = [table for table in tables if table.is_visible] or tables
    wanted = [_named(tables, source.reading.sheet)] if source.reading.sheet else shown
    found: list[tuple[Table, Columns, Notes]] = []
    errors: list[InvalidInput] = []
    for table in wanted:
        notes = Notes()
        try:
            _peek(table, source.reading.header_row, is_only=len(wanted) == 1)
            found.append((table, choose(table, source, notes), notes))
        except InvalidInput as error:
            errors.append(error)
    if not found:
        raise next((error for error in errors if error.errors[0].code != "no_rows"), errors[0])
    table, columns, notes = max(found, key=lambda each: (each[1].sureness, each[1].is_clear))
    source.describe(sheet=table.title)
    source.notes.take(notes)
    if len(tables) > 1:
        _name_others(table, tables, source)
    return table, columns


def _peek(table: Table, header_row: int | None, *, is_only: bool) -> None:
    """Read the first records of a table into its head, from the row of the headings on if one is named.

    Of several tables, the readers have filled the heads: no more than one can be read further.
    """
    if header_row:
        table.head = [record for record in table.head if record.number >= header_row]
        table.records = itertools.dropwhile(lambda record: record.number < header_row, table.records)
    if not table.head and is_only:
        table.head = list(itertools.islice(table.records, SAMPLE_RECORDS))
        table.records = itertools.chain(table.head, table.records)


def _name_others(table: Table, tables: Sequence[Table], source: Source) -> None:
    """Note which tables are left out, but for empty ones."""
    names = {id(each): each.title or str(number) for number, each in enumerate(tables, start=1)}
    others = [names[id(each)] for each in tables if each is not table and each.head]
    if others and source.kind in WITHOUT_SHEETS:
        source.notes.add("tables_not_read", table=names[id(table)], others=others)
    elif others:
        source.notes.add("sheets_not_read", sheet=names[id(table)], others=others)


def _named(tables: Sequence[Table], asked: str) -> Table:
    """Return the table with this title, or number from 1. Raises InvalidInput."""
    for is_same in (str.__eq__, lambda title, name: plain(title) == plain(name)):
        for table in tables:
            if table.title is not None and is_same(table.title, asked):
                return table
    if asked.isascii() and asked.isdigit() and 1 <= int(asked) <= len(tables):
        return tables[int(asked) - 1]
    there = ", ".join(repr(table.title or number) for number, table in enumerate(tables, start=1))
    raise bad_file("unknown_sheet", f"There is no sheet {asked!r}; there are: {there}.", "sheet")
