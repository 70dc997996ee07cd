"""Parsers for tests of api/ingest/out_of_process/process.py: they do what no file should be able to do to the API."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from typing import IO, Any

from api.ingest.parsing.tables import Line, Parsed


def two_tables(file: IO[bytes], limits: Mapping[str, Any]) -> list[Parsed]:
    """A hidden table and one of a thousand rows; the file is a text of each."""
    text = file.read().decode()
    rows: Iterator[Line] = ((number, [str(number), f"{text}{number}"], "n") for number in range(1, 1001))
    return [Parsed(iter([(1, ["a"], "")]), "hidden", is_visible=False), Parsed(rows, "shown", names=("id", "text"))]


def hungry(file: IO[bytes], limits: Mapping[str, Any]) -> list[Parsed]:
    """Takes all memory there is."""
    return [Parsed(iter([(1, ["x" * (1 << 40)], "")]))]


def busy(file: IO[bytes], limits: Mapping[str, Any]) -> list[Parsed]:
    """Never ends."""
    while True:
        pass


def killed(file: IO[bytes], limits: Mapping[str, Any]) -> list[Parsed]:
    """Ends as by a fault of a library in C."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return []


def stumbling(file: IO[bytes], limits: Mapping[str, Any]) -> list[Parsed]:
    """Raises what nobody thought of, with a text of the file."""
    raise LookupError(file.read().decode())


def killed_later(file: IO[bytes], limits: Mapping[str, Any]) -> list[Parsed]:
    """Ends as by a fault of a library in C, while it reads the rows."""

    def rows() -> Iterator[Line]:
        yield from ((number, ["很好"], "") for number in range(1, 101))
        os.kill(os.getpid(), signal.SIGSEGV)

    return [Parsed(rows(), names=("text",))]


def endless(file: IO[bytes], limits: Mapping[str, Any]) -> list[Parsed]:
    """Gives rows for ever."""

    def rows() -> Iterator[Line]:
        number = 0
        while True:
            number += 1
            yield number, ["很好"], ""

    return [Parsed(rows(), names=("text",))]
