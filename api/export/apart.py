"""Has a document made of the chunks of a job by a process of its own (child.py).

It gets the chunks as they are stored. So the API neither decodes nor writes rows, and other requests do not wait for
its interpreter.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgpack

from api.child_processes import started
from sentiq.jobs.chunk_result import Stored
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

CHILD = Path(__file__).with_name("child.py")


def work_apart(
    module: str, asked: Sequence[object], chunks: Iterable[Stored], *arguments: str, pass_fds: Sequence[int] = ()
) -> str:
    """Return what `work` of a module makes of what is asked and of the chunks. Raises RuntimeError where it fails."""
    process = started(CHILD, module, *arguments, stdout=subprocess.PIPE, pass_fds=pass_fds)
    try:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # the process has ended, and says why
            _send(process.stdin, asked)
            for chunk in chunks:
                _send(process.stdin, chunk)
            _send(process.stdin, None)
        said, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{module} failed ({process.returncode}): {said.decode()}")
        return said.decode()
    finally:
        process.kill()
        process.communicate()


def stored_chunks(results: Results, job: Job, numbers: Sequence[int]) -> Iterator[Stored]:
    """Yield the finished chunks. Raises JobNotFound at the end if the job was erased while it was read."""
    yield from results.stored_chunks(job.id, numbers)
    results.check_job(job.id)


def _send(pipe: IO[bytes], message: object) -> None:
    left = memoryview(msgpack.packb(message))
    while left:
        left = left[pipe.write(left) :]
