"""One idea of a table: what every format becomes before anything in it is recognised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sentiq.jobs.types import RowError


class Record(NamedTuple):
    """A row of a table before it is known what its cells mean."""

    number: int  #: line of the file, or row of the sheet, from 1
    cells: Sequence[str]  #: as people read them; a cell without a value is ""
    kinds: str = ""  #: a letter for each cell, up to the last that is not a text (api/cell_kinds.py)
    error: RowError | None = None  #: why the record cannot be read


@dataclass(slots=True)
class Table:
    """Records in the order of the file, and what its format says of them."""

    records: Iterator[Record]  #: read once; raises InvalidInput where the file breaks
    names: tuple[str, ...] | None = None  #: of the columns, if the format has them; None: look among the records
    title: str | None = None  #: of the sheet or table, where a file may have several
    is_visible: bool = True  #: not a hidden sheet
    head: list[Record] = field(
        default_factory=list
    )  #: the first records, which `records` still gives; of several tables, filled
