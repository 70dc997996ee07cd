"""What a parser gives: the tables of a file, or the reason why there are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

#: Number of the row from 1, cells as people read them, a letter for each cell up to the last that is not a text
#: (api/cell_kinds.py); then, for a row that cannot be read, a code and the reason.
Line = tuple[int, Sequence[str], str] | tuple[int, Sequence[str], str, str, str]


class Parsed(NamedTuple):
    """A table of a file."""

    lines: Iterator[Line]  #: read once
    title: str | None = None
    is_visible: bool = True
    names: Sequence[str] | None = None  #: of the columns, if the format has them


class Refusal(Exception):
    """The file is not read: a code, what it is and what to do, and the field where the remedy lies."""

    def __init__(self, code: str, detail: str, *, field: str = "file", is_too_large: bool = False) -> None:
        super().__init__(code)
        self.code, self.detail, self.field, self.is_too_large = code, detail, field, is_too_large


def too_large(detail: str) -> Refusal:
    """Return the refusal for what exceeds a limit of size."""
    return Refusal("body_too_large", detail, is_too_large=True)


def damaged(detail: str) -> Refusal:
    """Return the refusal for a workbook that breaks the rules of its format."""
    return Refusal("damaged_workbook", f"{detail} Open the workbook and save it again, or send CSV.")
