"""Makes a workbook in a temporary file, in a process of its own unless it is small.

The other process (child.py) gets the chunks as they are stored. So the API neither decodes nor writes rows, and other
requests do not wait for its interpreter.
"""

from __future__ import annotations

import subprocess
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Semaphore
from typing import IO

import msgpack

from api.child_processes import started
from api.export.rows import View, chunks_of
from api.export.workbook.writing import SHEET_ROWS, Stored, write
from sentiq.core.documents import dump
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

PIECE_BYTES = 262_144
SMALL_ROWS = 1_000  #: of a job whose workbook is not worth a process, which takes a third of a second to begin
PROCESSES = 4  #: at the same time; other workbooks wait
CHILD = Path(__file__).with_name("child.py")

_places = Semaphore(PROCESSES)


def workbook(
    results: Results, job: Job, view: View, order: array[int] | None, sheet_rows: int = SHEET_ROWS
) -> Iterator[bytes]:
    """Make the file, then yield its bytes; the temporary file is deleted with the iterator.

    `order`: numbers of the rows, where they are sorted. Raises JobNotFound if the job was erased while it was read.
    """
    with tempfile.TemporaryFile() as file:
        chunks = _chunks(results, job, view)
        if job.total <= SMALL_ROWS:
            write(file, job, view, order, chunks, sheet_rows)
        else:
            _write_apart(file, job, view, order, chunks, sheet_rows)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _chunks(results: Results, job: Job, view: View) -> Iterator[Stored]:
    yield from results.stored_chunks(job.id, chunks_of(results, job, view.filter))
    results.check_job(job.id)


def _write_apart(
    file: IO[bytes], job: Job, view: View, order: array[int] | None, chunks: Iterable[Stored], sheet_rows: int
) -> None:
    with _places:
        process = started(CHILD, str(file.fileno()), stdout=subprocess.PIPE, pass_fds=(file.fileno(),))
        try:
            assert process.stdin is not None
            with suppress(BrokenPipeError):  # the process has ended, and says why
                _send(process.stdin, [dump(job), dump(view), None if order is None else order.tobytes(), sheet_rows])
                for chunk in chunks:
                    _send(process.stdin, chunk)
                _send(process.stdin, None)
            said, _ = process.communicate()
            if process.returncode:
                raise RuntimeError(f"a workbook was not written ({process.returncode}): {said.decode()}")
        finally:
            process.kill()
            process.communicate()


def _send(pipe: IO[bytes], message: object) -> None:
    left = memoryview(msgpack.packb(message))
    while left:
        left = left[pipe.write(left) :]
