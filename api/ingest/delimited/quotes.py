"""Whether quotation marks enclose the cells of a table, or are characters of its texts."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

_ENCLOSED = re.compile(r'"(?:[^"]|"")*"')


def quotes_between_tabs(sample: Sequence[str]) -> bool:
    """Tell whether quotation marks enclose cells of the first lines, as RFC 4180 has it, though tabs are between them.

    There they mostly do not (text/tab-separated-values of IANA knows none), and a text that begins with one would
    swallow the rows up to the next. They do only where the first lines cannot be meant otherwise.
    """
    headings = next((line.rstrip("\r\n").split("\t") for line in sample if line.strip()), [])
    if len(headings) > 1 and all(map(_ENCLOSED.fullmatch, headings)):
        return True
    reader = csv.reader(sample, delimiter="\t", strict=True)
    records, read = [], 0
    try:
        for cells in reader:
            records.append(cells)
            read = reader.line_num
    except csv.Error as error:
        if "unexpected end" not in str(error):  # the sample may end within a cell, or a quote is not closed
            return False
    return encloses(sample[:read], records, "\t")


def encloses(lines: Sequence[str], records: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Tell whether the writer of these lines, which make these records, enclosed the cells that had to be."""
    cut = [line.rstrip("\r\n").split(delimiter) for line in lines]
    return _mends_lines(cut, records) or _writes_them(cut)


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
