"""Makes a workbook in a temporary file, in a process of its own unless it is small."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from threading import Semaphore
from typing import IO

from api.export.apart import stored_chunks, work_apart
from api.export.report.document import Report
from api.export.rows import View, chunks_of
from sentiq.core.documents import dump
from sentiq.jobs.chunk_result import Stored
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

SHEET_ROWS = 1_048_576  #: of the format
PIECE_BYTES = 262_144
SMALL_ROWS = 1_000  #: of a job whose workbook is not worth a process, which takes a third of a second to begin
PROCESSES = 4  #: at the same time; other workbooks wait

_places = Semaphore(PROCESSES)


def workbook(
    results: Results,
    job: Job,
    view: View,
    order: array[int] | None,
    sheet_rows: int = SHEET_ROWS,
    report: Report | None = None,
) -> Iterator[bytes]:
    """Make the file, then yield its bytes; the temporary file is deleted with the iterator.

    `order`: numbers of the rows, where they are sorted. `report`: what further sheets show of these rows. Raises
    JobNotFound if the job was erased while it was read.
    """
    with tempfile.TemporaryFile() as file:
        chunks = stored_chunks(results, job, chunks_of(results, job, view.filter))
        if job.total <= SMALL_ROWS:
            from api.export.workbook.writing import write  # its library, only where a workbook is wanted

            write(file, job, view, order, chunks, sheet_rows, report)
        else:
            _write_apart(file, job, view, order, chunks, sheet_rows, report)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _write_apart(
    file: IO[bytes],
    job: Job,
    view: View,
    order: array[int] | None,
    chunks: Iterable[Stored],
    sheet_rows: int,
    report: Report | None,
) -> None:
    numbers = None if order is None else order.tobytes()
    asked = [dump(job), dump(view), numbers, sheet_rows, None if report is None else report.model_dump_json()]
    descriptor = file.fileno()
    with _places:
        work_apart("api.export.workbook.work", asked, chunks, str(descriptor), pass_fds=(descriptor,))
