"""CSV, TSV and plain text: decoded lines to records."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence

from api.ingest.limits import Limits
from api.ingest.options import Reading
from api.ingest.quotes import quotes_of
from api.ingest.source import Source
from api.ingest.streams import lines
from api.ingest.table import Record, Table
from sentiq.jobs.types import RowError

SAMPLE_LINES = 50  #: looked at to tell the delimiter
DELIMITERS = ",\t;|"


def read_delimited(source: Source) -> list[Table]:
    """Return the one table of a CSV or TSV file."""
    reading, limits = source.reading, source.limits
    decoded = lines(source.text())
    first = list(itertools.islice(decoded, SAMPLE_LINES))
    delimiter = delimiter_of(reading, source.kind, first, limits)
    quotes = quotes_of(reading, delimiter, first)
    source.describe(delimiter=delimiter, quotes=quotes)
    return [Table(records_of(itertools.chain(first, decoded), delimiter, limits, quotes=quotes))]


def read_lines(source: Source) -> list[Table]:
    """Return the one table of a plain text: one text a line, blank lines left out."""
    numbered = enumerate(lines(source.text()), start=1)
    texts = ((number, line.rstrip("\r\n")) for number, line in numbered)
    return [Table((Record(number, (text,)) for number, text in texts if text.strip()), ("text",))]


def delimiter_of(reading: Reading, kind: str, sample: Sequence[str], limits: Limits) -> str:
    """Return the one that cuts the first lines most evenly; a comma where none does."""
    if reading.delimiter:
        return reading.delimiter
    if kind == "tsv":
        return "\t"

    def evenness(delimiter: str) -> tuple[float, int]:
        records = records_of(sample, delimiter, limits)
        widths = [len(record.cells) for record in records if record.error is None]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0), usual

    return max(DELIMITERS, key=evenness)


def records_of(lines: Iterable[str], delimiter: str, limits: Limits, *, quotes: bool = True) -> Iterator[Record]:
    """Yield the records, quotes and line breaks in cells undone (RFC 4180). Blank lines are left out.

    A cell over the limit spoils its record alone; after a quote that nobody closes, that is all lines up to the limit.
    """
    csv.field_size_limit(limits.cell_chars)
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            read = reader.line_num - number + 1
            reason = f"a cell has more than {limits.cell_chars:,} characters (SENTIQ_MAX_CELL_CHARS)"
            hint = f"; {read:,} lines were read as one: is a quote not closed?" if read > 1 else ""
            yield Record(number, (), "", RowError("cell_too_long", reason + hint))
            continue
        if cells:
            yield Record(number, cells)
