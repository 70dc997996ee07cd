"""The process of one file: gives its tables with their first records, then the records of the one that is chosen.

Run by api/ingest/out_of_process/process.py as `python -I child.py ROOT PARSER LIMITS SOCKET FILE`: the folder of the
checkout, `module:function`, JSON, and two file descriptors. It answers in msgpack; the first item of a message says
what it is:

- `tables`, list of [title, is_visible, names, first records]: then the number of a table is awaited,
- `records`, list of records, as often as needed, then `end`,
- `refused`, code, detail, field, is_too_large,
- `failed`, type of an exception and the places it went through: never its text, which may be the file's.

Standard input is the lifeline: when the parent closes it or is gone, the kernel ends this process, whatever it does.
"""

from __future__ import annotations

import fcntl
import importlib
import io
import itertools
import json
import os
import resource
import select
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from api.ingest.parsing.tables import Line, Parsed

HEAD_RECORDS = 50  #: of each table, before one is chosen
HEAD_CHARS = 2_000_000  #: of all tables together; of those beyond, the first record
BATCH_RECORDS = 256
BATCH_CHARS = 32_000


def main(root: str, parser: str, limits: str, socket: str, file: str) -> None:
    """Parse one file."""
    sys.path.insert(0, root)
    given = json.loads(limits)
    _restrict(given.pop("memory_mb") << 20, given.pop("cpu_s"))
    _end_with_parent()

    import msgpack

    packer = msgpack.Packer(unicode_errors="surrogatepass")
    channel = io.FileIO(int(socket), "r+")

    def send(*message: Any) -> None:
        left = memoryview(packer.pack(message))
        while left:
            left = left[channel.write(left) :]

    from api.ingest.parsing.tables import Refusal
    from sentiq.core.tracebacks import places

    try:
        module, _, function = parser.partition(":")
        with open(int(file), "rb") as opened:  # noqa: PTH123  # a descriptor
            _serve(
                getattr(importlib.import_module(module), function)(opened, given), given["cell_chars"], channel, send
            )
    except Refusal as refusal:
        send("refused", refusal.code, refusal.detail, refusal.field, refusal.is_too_large)
    except BaseException as error:  # noqa: BLE001  # a panic of Rust is no Exception
        send("failed", type(error).__name__, places(error))
    os._exit(0)  # nothing need be freed piece by piece


def _serve(tables: Sequence[Parsed], cell_chars: int, channel: io.FileIO, send: Callable[..., None]) -> None:
    begun: list[tuple[list[Line], Iterator[Line]]] = []
    chars = 0
    for table in tables:
        lines = iter(table.lines)
        first = itertools.islice(lines, HEAD_RECORDS if chars < HEAD_CHARS else 1)
        head = list(itertools.chain.from_iterable(_batches(first, cell_chars)))
        chars += sum(len(cell) for line in head for cell in line[1])
        begun.append((head, lines))
    shown = zip(tables, begun, strict=True)
    send("tables", [[t.title, t.is_visible, t.names, head] for t, (head, _) in shown])
    chosen = int.from_bytes(channel.read(4) or b"", "big")
    _, lines = begun[chosen]
    del begun, tables
    for batch in _batches(lines, cell_chars):
        send("records", batch)
    send("end")


def _batches(lines: Iterable[Line], cell_chars: int) -> Iterator[list[Line]]:
    """Cut lines into batches; one with a cell of more characters than may be says so."""
    batch: list[Line] = []
    total = 0
    for line in lines:
        chars = sum(map(len, line[1]))
        if chars > cell_chars and len(line) == 3 and max(map(len, line[1])) > cell_chars:
            from api.ingest.limits import cell_too_long  # what it needs is seldom needed

            error = cell_too_long(cell_chars)
            line = (*line, error.code, error.detail)
        batch.append(line)
        total += chars
        if len(batch) >= BATCH_RECORDS or total >= BATCH_CHARS:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


def _restrict(memory: int, cpu_s: int) -> None:
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(limit, (most, most))
    # SIGXCPU, which says why, comes at the first limit; a kernel that is late would send SIGKILL were they one.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))


def _end_with_parent() -> None:
    """Let the kernel end this process as soon as nobody holds the other end of standard input."""
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    ended = select.poll()
    ended.register(0, 0)  # POLLHUP is always told
    if ended.poll(0):
        _quit()


def _quit() -> NoReturn:
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
