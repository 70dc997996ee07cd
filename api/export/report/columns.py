"""Chooses the column of a file by which a report groups its rows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from api.export.rows import column_cells, text_position
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

LOOKED_AT = 64  #: chunks, which is enough to know what kind of values a column has
FEWEST, MOST = 2, 50  #: different values
LEAST_FILLED = 0.5  #: of the rows
_NUMBER = re.compile(r"[\d.,:/ %+-]*")  #: stars, prices, dates: no groups that people speak of


def likeliest_column(results: Results, job: Job) -> int | None:
    """Return the place from 0 of the column that tells most groups apart; None where none does.

    Columns of texts, ids, labels and dates are none, nor are those of numbers, or of more than 50 different values.
    """
    file = job.file
    if file is None or not file.columns:
        return None
    known = {*file.text_numbers, file.text_number, file.id_number, file.label_number, file.date_number}
    known |= {file.language_number}
    places = [at for at in range(len(file.columns)) if at + 1 not in known]
    values: dict[int, set[str]] = {at: set() for at in places}
    filled = dict.fromkeys(places, 0)
    rows, text_at = 0, text_position(job)
    for _, given, _ in results.columns_with_input(job.id, range(min(job.chunks, LOOKED_AT))):
        rows += given.rows
        for at in list(values):
            cells = [cell for cell in column_cells(given, at, text_at) if cell.strip()]
            filled[at] += len(cells)
            values[at].update(cells)
            if len(values[at]) > MOST:
                del values[at]
    found = [at for at, cells in values.items() if _are_groups(cells) and filled[at] >= LEAST_FILLED * rows]
    return max(found, key=lambda at: (len(values[at]), -at), default=None)


def _are_groups(cells: Iterable[str]) -> bool:
    different = set(cells)
    return FEWEST <= len(different) <= MOST and not all(map(_NUMBER.fullmatch, different))
