"""Whether quotation marks enclose the cells of a table, or are characters of its texts."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from api.ingest.options import Reading

_ENCLOSED = re.compile(r'"(?:[^"]|"")*"')


def quotes_of(reading: Reading, delimiter: str, sample: Sequence[str]) -> bool:
    """Whether quotation marks enclose cells, as RFC 4180 has it.

    Between tabs they mostly do not (text/tab-separated-values of IANA knows none), and a text that begins with one
    would swallow the rows up to the next. There they do only where the first lines cannot be meant otherwise.
    """
    if reading.quotes is not None:
        return reading.quotes
    if delimiter != "\t":
        return True
    reader = csv.reader(sample, delimiter=delimiter, strict=True)
    records, read = [], 0
    try:
        for cells in reader:
            records.append(cells)
            read = reader.line_num
    except csv.Error as error:
        if "unexpected end" not in str(error):  # the sample may end within a cell, or a quote is not closed
            return False
    lines = [line.rstrip("\r\n").split(delimiter) for line in sample[:read]]
    return _mends_lines(lines, records) or _writes_them(lines)


def _mends_lines(lines: Sequence[Sequence[str]], records: Sequence[Sequence[str]]) -> bool:
    """Lines of different width become records of one, since cells have tabs or line breaks in them."""
    return len(_widths(lines)) > 1 and len(_widths(records)) == 1


def _widths(rows: Sequence[Sequence[str]]) -> set[int]:
    return {len(row) for row in rows if any(row)}  # blank lines are no rows


def _writes_them(lines: Sequence[Sequence[str]]) -> bool:
    """Somebody's program has enclosed cells: it doubled the marks in them, or did so to all of a column, or to just
    those with a comma, as Excel does. A text that happens to stand between marks is neither.
    """
    cells = [cell for line in lines for cell in line]
    enclosed = list(filter(_ENCLOSED.fullmatch, cells))
    if any('""' in cell[1:-1] for cell in enclosed):
        return True
    with_commas = [cell for cell in cells if "," in cell]
    if enclosed and enclosed == with_commas:
        return True
    columns = [*zip(*lines, strict=False), *zip(*lines[1:], strict=False)]  # the headings may be bare
    filled = [list(filter(None, column)) for column in columns]
    return any(len(column) > 1 and all(map(_ENCLOSED.fullmatch, column)) for column in filled)
