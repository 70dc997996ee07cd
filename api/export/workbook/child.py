"""The process that writes one workbook.

Run by api/export/workbook/file.py as `python -I child.py ROOT FILE`: the folder of the checkout, and a file descriptor.
Standard input brings msgpack: a list of the job, the view, the order and the rows of a sheet, then chunks as they are
stored, then nil. If it ends before that, the workbook is no longer wanted. What goes wrong is told on standard output
as the type of the exception and the places it went through: never its text, which may be the job's.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from array import array
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.export.workbook.writing import Stored

NICE = 5  #: requests that wait go before workbooks
READ_BYTES = 262_144  #: at once
MESSAGE_BYTES = 2**31 - 1  #: of the longest message


def main(root: str, file: str) -> None:
    """Write the workbook that standard input describes."""
    os.nice(NICE)
    gc.disable()  # rows have no cycles, and there are many of them
    sys.path.insert(0, root)

    import msgpack

    from api.export.rows import View
    from api.export.workbook.writing import write
    from sentiq.core.documents import load
    from sentiq.jobs.types import Job

    messages = msgpack.Unpacker(io.FileIO(0), read_size=READ_BYTES, max_buffer_size=MESSAGE_BYTES)
    job, view, order, sheet_rows = next(messages)
    with open(int(file), "r+b") as opened:  # noqa: PTH123  # a descriptor
        numbers = None if order is None else array("I", order)
        write(opened, load(Job, job), load(View, view), numbers, _chunks(messages), sheet_rows)


def _chunks(messages: Iterable[Any]) -> Iterator[Stored]:
    for message in messages:
        if message is None:
            return
        yield message
    raise EOFError


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BaseException as error:  # noqa: BLE001  # told below
        from sentiq.core.tracebacks import places

        sys.stdout.write(f"{type(error).__name__} {places(error)}")
        sys.exit(1)
