"""A file is parsed in a process of its own: what happens to that process ends the upload with a reason."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from api.ingest import files
from api.ingest.files import FORMATS, File
from api.ingest.limits import Limits
from api.ingest.options import Reading
from api.ingest.out_of_process import process as apart
from api.ingest.out_of_process.process import read_apart
from api.ingest.source import Source
from sentiq.core.errors import BodyTooLarge, InvalidInput, Overloaded, SentiqError
from tests.support.paths import REPOSITORY
from tests.support.processes import WAIT_S, wait_until

LIMITS = Limits(
    inflated_bytes=10**9, inflate_ratio=10**6, rows=10**6, columns=100, cell_chars=10_000, text_chars=10_000
)


def source(data: bytes = b"row ", **limits: int) -> Source:
    return Source("csv", data, iter([data]), Reading(), replace(LIMITS, **limits))


def processes(parent: int) -> list[psutil.Process]:
    """Return those that read files for a process."""
    found = []
    for child in psutil.Process(parent).children():
        with suppress(psutil.NoSuchProcess):  # it ends just now, or has ended
            if str(apart.CHILD) in child.cmdline():
                found.append(child)
    return found


def first_process(parent: int) -> psutil.Process:
    """Wait until a process reads a file for another."""
    wait_until(lambda: processes(parent), message="a process reads a file")
    return processes(parent)[0]


def parser(name: str) -> str:
    return f"tests.support.parsers:{name}"


def test_the_parent_chooses_a_table_after_it_has_seen_the_first_records() -> None:
    given = source("文".encode())
    with given.open:
        hidden, shown = read_apart(given, parser("two_tables"))
        assert (hidden.title, hidden.is_visible, hidden.names) == ("hidden", False, None)
        assert (shown.title, shown.is_visible, shown.names) == ("shown", True, ("id", "text"))
        assert shown.head[0] == (1, ["1", "文1"], "n", None)
        assert len(shown.head) < 1000
        assert [record.cells[1] for record in shown.records] == [f"文{number}" for number in range(1, 1001)]


@pytest.mark.parametrize(
    ("name", "limits", "kind", "words"),
    [
        ("hungry", {"parse_mb": 256}, BodyTooLarge, "SENTIQ_PARSE_MEMORY_MB"),
        ("busy", {"parse_s": 1}, BodyTooLarge, "SENTIQ_PARSE_TIME_S"),
        ("killed", {}, InvalidInput, "damaged"),
        ("killed_later", {}, InvalidInput, "damaged"),
        ("stumbling", {}, InvalidInput, "damaged"),
    ],
)
def test_what_ends_the_process_ends_the_upload_with_a_reason(
    name: str, limits: dict[str, int], kind: type[SentiqError], words: str
) -> None:
    given = source("不可记录".encode(), **limits)
    with capture_logs() as logs, given.open, pytest.raises(kind) as raised:
        list(read_apart(given, parser(name))[0].records)
    assert words in raised.value.detail
    assert "不可记录" not in repr(logs)


def test_a_process_ends_when_nobody_wants_its_rows_any_more() -> None:
    given = source()
    with given.open:
        (table,) = read_apart(given, parser("endless"))
        next(table.records)
        (process,) = processes(os.getpid())
    psutil.wait_procs([process], timeout=WAIT_S)
    assert not process.is_running()


@pytest.mark.parametrize("name", ["endless", "busy"])
def test_a_process_ends_with_the_one_that_started_it(name: str) -> None:
    code = (
        "from tests.unit.test_apart import *; given = source(); "
        f"records = read_apart(given, {parser(name)!r})[0].records; next(records); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY) as parent:
        process = first_process(parent.pid)
        time.sleep(0.5)  # so that it is parsing
        assert process.is_running()
        parent.kill()
    psutil.wait_procs([process], timeout=WAIT_S)
    assert not process.is_running()


def test_only_so_many_processes_run_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "PLACE_WITHIN_S", 0.1)
    with ExitStack() as stack:
        for _ in range(apart.PROCESSES):
            given = source()
            stack.push(given.open)
            read_apart(given, parser("endless"))
        one_more = source()
        with one_more.open, pytest.raises(Overloaded):
            read_apart(one_more, parser("endless"))
    later = source()
    with later.open:
        assert read_apart(later, parser("endless"))


def raising(error: Exception) -> Callable[[Source], Any]:
    def read(given: Source) -> Any:
        raise error

    return read


def test_whatever_a_reader_raises_is_an_error_of_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "csv", files.Format(raising(LookupError("不可记录")), frozenset()))
    with capture_logs() as logs, pytest.raises(InvalidInput) as raised:
        File(iter([b"a,b\n"]), Reading(), LIMITS)
    assert raised.value.errors[0].code == "unreadable_file"
    assert [log["error"] for log in logs] == ["LookupError"]
    assert "不可记录" not in repr(logs)


def test_an_error_that_comes_with_the_bytes_is_no_fault_of_the_file() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"text\n" * 100_000
        raise ConnectionError

    with pytest.raises(ConnectionError), File(pieces(), Reading(), LIMITS) as file:
        list(file.rows())
