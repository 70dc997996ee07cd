"""What a file that is submitted may have at most: bytes, rows, columns, characters of a cell and of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentiq.jobs.types import RowError

if TYPE_CHECKING:
    from sentiq.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may have at most."""

    inflated_bytes: int
    inflate_ratio: int
    rows: int
    columns: int
    cell_chars: int
    text_chars: int
    parse_mb: int = 1_024  #: memory of the process that parses it, where it has one of its own
    parse_s: int = 120  #: CPU time of that process


def limits(settings: Settings) -> Limits:
    """Those of the settings."""
    return Limits(
        inflated_bytes=settings.max_inflated_bytes,
        inflate_ratio=settings.max_inflate_ratio,
        rows=settings.max_rows,
        columns=settings.max_columns,
        cell_chars=settings.max_cell_chars,
        text_chars=settings.max_text_chars,
        parse_mb=settings.parse_memory_mb,
        parse_s=settings.parse_time_s,
    )


def cell_too_long(most: int) -> RowError:
    """Return the error of a row with a cell of more than so many characters.

    Delimited text is held to it by `delimited/records.py`, what is parsed in a process of its own by
    `parsing/child.py`; of JSON the row as a whole is, by `json_files/documents.py`.
    """
    return RowError("cell_too_long", f"a cell has more than {most:,} characters (SENTIQ_MAX_CELL_CHARS)")
