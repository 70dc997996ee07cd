"""Reads a file in a process of its own, so that no file can hold up or end the API.

`read_apart(source, parser)` returns the tables of the file as any reader does. The parser, a function named as
`module:function` (api/ingest/parsing), runs in the other process with limits of memory and time. It gives all tables
with their first records; the records of the table that is chosen follow while they are read. What ends the process ends
the upload with a reason: InvalidInput, BodyTooLarge, or Overloaded while too many files are read already.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from threading import BoundedSemaphore
from typing import IO, Any

import msgpack
import structlog

from api.child_processes import ROOT, started
from api.ingest.limits import Limits
from api.ingest.options import bad_file
from api.ingest.reader_errors import unreadable
from api.ingest.source import Source
from api.ingest.table import Record, Table
from sentiq.core.errors import BodyTooLarge, Overloaded, SentiqError
from sentiq.jobs.types import RowError

CHILD = ROOT / "api" / "ingest" / "parsing" / "child.py"
MESSAGE_BYTES = 256 * 2**20  #: of the longest message: the heads of all tables
RECEIVED_BYTES = 262_144  #: at once
PROCESSES = 4  #: at the same time
PLACE_WITHIN_S = 20  #: that a file waits until another is done

log = structlog.get_logger(__name__)

_places = BoundedSemaphore(PROCESSES)


def read_apart(source: Source, parser: str) -> list[Table]:
    """Return the tables of a file, at least one; only one of them gives its records."""
    file = source.spooled()
    process = _Process(file, parser, source.limits)
    source.open.callback(process.close)
    return process.tables()


class _Process:
    """The process that parses one file."""

    def __init__(self, file: IO[bytes], parser: str, limits: Limits) -> None:
        self._limits = limits
        if not _places.acquire(timeout=PLACE_WITHIN_S):
            raise Overloaded(
                "Too many workbooks and documents are being read at the same time. Send the file again later.",
                retry_after_s=PLACE_WITHIN_S,
            )
        self._is_open = True
        file.flush()
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        here, there = socket.socketpair()
        self._socket = here
        self._socket.settimeout(limits.parse_s)
        self._unpacker = msgpack.Unpacker(max_buffer_size=MESSAGE_BYTES, unicode_errors="surrogatepass")
        given = asdict(limits) | {"memory_mb": limits.parse_mb, "cpu_s": limits.parse_s}
        try:
            self._process = started(
                CHILD,
                parser,
                json.dumps(given),
                *map(str, (there.fileno(), file.fileno())),
                stdout=subprocess.DEVNULL,
                pass_fds=(there.fileno(), file.fileno()),
            )
        except BaseException:
            here.close()
            self._release()
            raise
        finally:
            there.close()

    def close(self) -> None:
        """End the process."""
        if self._is_open:
            self._socket.close()
            self._process.kill()
            self._process.communicate()
            self._release()

    def _release(self) -> None:
        self._is_open = False
        _places.release()

    def tables(self) -> list[Table]:
        """Receive the tables. Raises SentiqError."""
        _, tables = self._receive()
        return [
            Table(
                self._records(number, [_record(line) for line in head]),
                names=None if names is None else tuple(names),
                title=title,
                is_visible=is_visible,
                head=[_record(line) for line in head],
            )
            for number, (title, is_visible, names, head) in enumerate(tables)
        ]

    def _records(self, number: int, head: list[Record]) -> Iterator[Record]:
        yield from head
        with suppress(ConnectionError):  # the process has ended; `_receive` says why
            self._socket.sendall(number.to_bytes(4, "big"))
        while (message := self._receive())[0] == "records":
            yield from itertools.starmap(_record_of, message[1])

    def _receive(self) -> list[Any]:
        """Return the next message. Raises SentiqError if it says why the file cannot be read, or if none comes."""
        while True:
            with suppress(msgpack.OutOfData):
                message: list[Any] = self._unpacker.unpack()
                if message[0] in ("refused", "failed"):
                    raise self._fault(message)
                return message
            try:
                data = self._socket.recv(RECEIVED_BYTES)
            except TimeoutError:
                raise _takes_too_long(self._limits) from None
            except ConnectionError:
                data = b""
            if not data:
                raise self._end()
            self._unpacker.feed(data)

    def _fault(self, message: list[Any]) -> SentiqError:
        kind, *facts = message
        if kind == "failed":
            name, places = facts
            if name == "MemoryError":
                return _takes_too_much(self._limits)
            log.warning("a file cannot be read", error=name, places=places)  # never what the error says
            return unreadable()
        code, detail, field, is_too_large = facts
        return BodyTooLarge(detail) if is_too_large else bad_file(code, detail, field)

    def _end(self) -> SentiqError:
        """Return the reason why the process ended before it had said all."""
        code = self._process.wait(timeout=10)
        if code == -signal.SIGXCPU:
            return _takes_too_long(self._limits)
        if code in (-signal.SIGABRT, -signal.SIGKILL):  # an allocation failed in Rust; the kernel had no memory left
            return _takes_too_much(self._limits)
        log.warning("a file cannot be read", error="the process ended", code=code)
        return unreadable()


def _record(line: list[Any]) -> Record:
    return _record_of(*line)


def _record_of(number: int, cells: list[str], kinds: str, code: str = "", detail: str = "") -> Record:
    return Record(number, cells, kinds, RowError(code, detail) if code else None)


def _takes_too_much(limits: Limits) -> SentiqError:
    return BodyTooLarge(
        f"The file takes more than {limits.parse_mb:,} MB of memory to read, which is the limit "
        "(SENTIQ_PARSE_MEMORY_MB). Send it as CSV, or in parts."
    )


def _takes_too_long(limits: Limits) -> SentiqError:
    return BodyTooLarge(
        f"The file takes more than {limits.parse_s:,} s to read, which is the limit (SENTIQ_PARSE_TIME_S). "
        "Send it as CSV, or in parts."
    )
