"""One file from its first byte to its rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType

from api.ingest import detect, tables
from api.ingest.columns import Columns, choose
from api.ingest.faults import readable
from api.ingest.jsonl import ndjson_rows
from api.ingest.limits import Limits
from api.ingest.options import Reading, bad_file
from api.ingest.quotes import quotes_of
from api.ingest.streams import Decoder, gathered, gunzipped, lines, with_head
from api.ingest.workbook import Workbook
from sentiq.jobs.types import FileFormat, Row


class File:
    """An arriving file. What it is, is known from its beginning; `rows()` reads it once, while it arrives.

    Raises InvalidInput when it is nothing that can be read, with the remedy.
    """

    def __init__(self, pieces: Iterator[bytes], reading: Reading, limits: Limits, content_type: str = "") -> None:
        self._reading, self._limits = reading, limits
        self._open = ExitStack()
        self._decoder: Decoder | None = None
        self.sheets: list[str] = []
        # Nothing need be known of NDJSON but its beginning, and its rows should run as soon as they arrive.
        is_ndjson = detect.CONTENT_TYPES.get(content_type) == "jsonl"
        head, data = with_head(pieces, 1) if is_ndjson else with_head(gathered(pieces))
        detect.refuse_foreign(head)
        compression = None
        if head.startswith(detect.GZIP):
            compression = "gzip"
            head, data = with_head(gunzipped(data, limits))
            detect.refuse_foreign(head)
        kind = detect.file_format(reading, head, content_type)
        self.format = FileFormat(reading.file_name, kind, compression)
        self.columns: Columns | None = None
        self.sample: list[list[str]] = []  #: the first rows of a table, its header included
        try:
            if kind == "jsonl":
                self._rows = ndjson_rows(data, limits.text_chars)
                self.format = replace(self.format, encoding="utf-8")
            else:
                self._rows = self._table(kind, head, data)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> File:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Temporary files go."""
        self._open.close()

    @property
    def encoding(self) -> str | None:
        """As far as it is known: a file that began with ASCII may turn out to be GB18030 later."""
        return self._decoder.encoding if self._decoder else self.format.encoding

    def rows(self) -> Iterator[Row]:
        """Raises what a broken upload raises; a bad record is a row with its reason."""
        for number, row in enumerate(self._rows, start=1):
            if number > self._limits.rows:
                raise bad_file(
                    "too_many_rows",
                    f"The file has more than {self._limits.rows:,} rows, which is the limit "
                    "(SENTIQ_MAX_ROWS). Send it in parts.",
                )
            yield row

    def _table(self, kind: str, head: bytes, data: Iterator[bytes]) -> Iterator[Row]:
        reading, limits = self._reading, self._limits
        delimiter = quotes = sheet = None
        if kind == "xlsx":
            book = Workbook(data, limits)
            self._open.callback(book.close)
            sheet = book.sheet(reading)
            self.sheets = book.sheets
            records = book.records(sheet)
        else:
            self._decoder = Decoder(detect.encoding(reading, head))
            decoded = lines(self._decoder.text(data))
            if kind == "txt":
                records = tables.texts_of(decoded)
            else:
                first = list(itertools.islice(decoded, tables.SAMPLE_ROWS))
                delimiter = tables.delimiter_of(reading, kind, first, limits)
                quotes = quotes_of(reading, delimiter, first)
                records = tables.cells_of(itertools.chain(first, decoded), delimiter, limits, quotes=quotes)
        sample, records = tables.peeked(records)
        if not sample:
            raise bad_file("no_rows", "The file has no rows that can be read.")
        columns = Columns(("text",), False, 0, None) if kind == "txt" else choose(reading, sample, limits)
        self.columns = columns
        self.sample = [list(map(readable, cells)) for cells in sample]
        self.format = replace(
            self.format,
            encoding=self.encoding,
            delimiter=delimiter,
            quotes=quotes,
            has_header=columns.has_header,
            sheet=sheet,
            text_column=columns.names[columns.text],
            text_number=columns.text + 1,
            id_column=None if columns.id is None else columns.names[columns.id],
            id_number=None if columns.id is None else columns.id + 1,
            columns=columns.names if reading.keep_columns else (),
        )
        return tables.rows_of(records, columns, limits, keep=reading.keep_columns)
