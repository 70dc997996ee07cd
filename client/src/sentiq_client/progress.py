"""Bars on standard error, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from sentiq_client.models import Job


def console() -> Console:
    return Console(stderr=True)


@contextmanager
def job_bar() -> Iterator[Callable[[Job], None]]:
    """Rows done of all rows, with the speed and the time left as the service tells them."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=console(), transient=True) as bars:
        task = bars.add_task("waiting", total=None, note="")

        def show(job: Job) -> None:
            speed = f"{job.texts_per_second:,.0f} texts/s" if job.texts_per_second else ""
            left = f"{job.eta_s:,.0f} s left" if job.eta_s else ""
            place = f"place {job.queue_position} in line" if job.queue_position else ""
            note = "  ".join(filter(None, (speed, left, place)))
            bars.update(task, description=job.state, total=job.total, completed=job.done, note=note)

        yield show


@contextmanager
def bytes_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Bytes sent or received."""
    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(), transient=True) as bars:
        task = bars.add_task(what, total=None)

        def show(done: int, total: int | None) -> None:
            bars.update(task, completed=done, total=total)

        yield show
