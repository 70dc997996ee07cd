"""status, pause, resume, cancel, retry, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from sentiq_client.cli.options import AsJson, BookBy, BookReport, Include, JobId, Lang, Out, workbook
from sentiq_client.cli.output import as_json, job_line, plain
from sentiq_client.cli.submitting import finish
from sentiq_client.client import Client
from sentiq_client.jobs import JobHandle
from sentiq_client.models import Job


def register(app: typer.Typer) -> None:
    for command in (status, pause, resume, cancel, retry, delete):
        app.command()(command)


def status(
    job: JobId,
    wait: Annotated[bool, typer.Option("--wait", help="wait until it has ended")] = False,
    timeout: Annotated[float | None, typer.Option(help="seconds to wait at most")] = None,
    out: Out = None,
    include: Include = None,
    by: BookBy = None,
    lang: Lang = None,
    report: BookReport = None,
    json: AsJson = False,
) -> None:
    """Show a job; with --wait, stay until it has ended."""
    book = workbook(out, by, lang, report)
    with Client() as client:
        handle = client.job(job)
        if wait or out:
            handle.refresh()
            finish(handle, timeout, out, include, book, json)
        else:
            _show(handle.refresh(), json)


def pause(job: JobId, json: AsJson = False) -> None:
    """Start no further work of a job."""
    _do(job, JobHandle.pause, json)


def resume(job: JobId, json: AsJson = False) -> None:
    """Let a paused job go on."""
    _do(job, JobHandle.resume, json)


def cancel(job: JobId, json: AsJson = False) -> None:
    """End a job; what is finished stays."""
    _do(job, JobHandle.cancel, json)


def retry(job: JobId, json: AsJson = False) -> None:
    """Classify the failed rows of a completed job again."""
    _do(job, JobHandle.retry, json)


def delete(job: JobId) -> None:
    """Remove a job with its texts and results."""
    with Client() as client:
        client.job(job).delete()


def _do(job_id: str, what: Callable[[JobHandle], Job], json: bool) -> None:
    with Client() as client:
        _show(what(client.job(job_id)), json)


def _show(job: Job, json: bool) -> None:
    as_json(job.document) if json else plain(job_line(job))
