"""One file from its first byte to its rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple

from werkzeug.http import parse_options_header

from api.ingest.arrival import arrived
from api.ingest.columns import Columns, choose
from api.ingest.delimited import read_delimited, read_lines
from api.ingest.faults import readable
from api.ingest.guard import Arriving
from api.ingest.json_documents import read_json
from api.ingest.json_lines import read_json_lines
from api.ingest.limits import Limits
from api.ingest.options import COMMON_OPTIONS, Reading, bad_file, refuse_options
from api.ingest.rows import rows_of
from api.ingest.source import Source
from api.ingest.table import Record, Table
from api.ingest.workbook import read_workbook
from sentiq.jobs.types import FileFormat, Row

SAMPLE_RECORDS = 50  #: looked at to tell the headings and the columns
COLUMN_OPTIONS = frozenset({"text_column", "id_column"})
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
}


class File:
    """An arriving file. What it is, is known from its beginning; `rows()` reads it once, while it arrives.

    The content type may name a charset. Raises InvalidInput when it is nothing that can be read, with the remedy.
    """

    def __init__(self, pieces: Iterator[bytes], reading: Reading, limits: Limits, content_type: str = "") -> None:
        self._limits = limits
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
        if kind not in FORMATS:
            raise bad_file("not_a_table", f"The file is {kind}, which is not read. Send CSV, TXT, JSON or XLSX.")
        refuse_options(reading, kind, FORMATS[kind].options)
        self._source = Source(kind, head, data, reading, limits, arrival.is_live, charset, file=arrival.file)
        self._open.push(self._source.open)
        if arrival.member is not None:
            self._source.notes.add("archive_member", name=arrival.member)
        self._described = FileFormat(reading.file_name, kind, arrival.compression)
        tables = FORMATS[kind].read(self._source)
        table, self.columns = _chosen(tables, self._source)
        self.options = FORMATS[kind].options | COMMON_OPTIONS
        self.sheets = [found.title for found in tables if found.title is not None]
        self.sample = [list(map(readable, record.cells)) for record in table.head if self._is_row(record)]
        self._rows = rows_of(
            itertools.dropwhile(lambda record: not self._is_row(record), table.records),
            self.columns,
            reading,
            limits,
            self._source.notes,
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
        return replace(
            self._described,
            has_header=columns.has_header,
            text_column=columns.names[columns.text[0]],
            text_number=columns.text[0] + 1,
            text_numbers=tuple(at + 1 for at in columns.text),
            header_row=columns.first_line - 1 if columns.has_header else None,
            id_column=None if columns.id is None else columns.names[columns.id],
            id_number=None if columns.id is None else columns.id + 1,
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
    """Return the table to read, with its first records in `head`, and what its columns hold. Raises InvalidInput."""
    shown = [table for table in tables if table.is_visible] or tables
    table = _named(tables, source.reading.sheet) if source.reading.sheet else shown[0]
    source.describe(sheet=table.title)
    if not table.head:
        table.head = list(itertools.islice(table.records, SAMPLE_RECORDS))
        table.records = itertools.chain(table.head, table.records)
    return table, choose(table, source)


def _named(tables: Sequence[Table], asked: str) -> Table:
    """Return the table with this title, or number from 1. Raises InvalidInput."""
    for table in tables:
        if table.title == asked:
            return table
    if asked.isascii() and asked.isdigit() and 1 <= int(asked) <= len(tables):
        return tables[int(asked) - 1]
    there = ", ".join(repr(table.title) for table in tables)
    raise bad_file("unknown_sheet", f"There is no sheet {asked!r}; there are: {there}.", "sheet")
