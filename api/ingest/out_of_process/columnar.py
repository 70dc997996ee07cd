"""Parquet and Arrow, which are parsed in a process of their own."""

from __future__ import annotations

from api.ingest.out_of_process.process import read_apart
from api.ingest.source import Source
from api.ingest.table import Table


def read_parquet(source: Source) -> list[Table]:
    """Return the one table of a Parquet file. Raises SentiqError."""
    return read_apart(source, "api.ingest.parsing.parquet:parse")


def read_arrow(source: Source) -> list[Table]:
    """Return the one table of an Arrow file or stream. Raises SentiqError."""
    return read_apart(source, "api.ingest.parsing.parquet:parse_arrow")
