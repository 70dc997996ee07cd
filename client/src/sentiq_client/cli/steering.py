"""status, results, summary, pause, resume, cancel, retry, delete, list, models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from sentiq_client.cli.output import as_json, console, job_line, jobs_table, plain
from sentiq_client.cli.submitting import AsJson, Include, Out, finish
from sentiq_client.client import Client
from sentiq_client.jobs import JobHandle
from sentiq_client.models import Job

JobId = Annotated[str, typer.Argument(metavar="JOB", help="id of a job")]
Label = Annotated[str | None, typer.Option(help="only these labels, with commas")]
Contains = Annotated[str | None, typer.Option(help="only rows whose text or custom_id has this in it")]
Failed = Annotated[bool, typer.Option("--failed", help="only rows that failed, with their reasons")]


def register(app: typer.Typer) -> None:
    for command in (status, results, summary, pause, resume, cancel, retry, delete, models):
        app.command()(command)
    app.command("list")(list_jobs)


def status(
    job: JobId,
    wait: Annotated[bool, typer.Option("--wait", help="wait until it has ended")] = False,
    timeout: Annotated[float | None, typer.Option(help="seconds to wait at most")] = None,
    out: Out = None,
    include: Include = "text",
    json: AsJson = False,
) -> None:
    """Show a job; with --wait, stay until it has ended."""
    with Client() as client:
        handle = client.job(job)
        if wait or out:
            finish(handle, timeout, out, include, json)
        else:
            _show(handle.refresh(), json)


def results(
    job: JobId,
    out: Out = None,
    label: Label = None,
    contains: Contains = None,
    failed: Failed = False,
    include: Include = "text",
    neutral_band: Annotated[float | None, typer.Option(help="0 to 0.5: unsure rows are neutral")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="print so many rows at most")] = None,
    json: AsJson = False,
) -> None:
    """Print the rows of a job, or write them to a file."""
    filters: dict[str, Any] = {
        "label": label,
        "contains": contains,
        "only": "failed" if failed else None,
        "include": include,
        "neutral_band": neutral_band,
    }
    with Client() as client:
        handle = client.job(job)
        if out is not None:
            handle.download(Path(out), **filters)
            return
        rows = handle.results(**filters)
        for row in islice(rows, limit):
            if json:
                as_json(asdict(row))
            elif row.error:
                plain(f"{row.index}\tfailed\t{row.error['detail']}")
            else:
                plain(f"{row.index}\t{row.label}\t{row.score:.3f}\t{row.text or row.custom_id or ''}")


def summary(job: JobId, json: AsJson = False) -> None:
    """Counts by label, and why rows failed."""
    with Client() as client:
        found = client.job(job).summary()
    if json:
        as_json(found)
        return
    for name, count in found["counts"].items():
        plain(f"{name:10} {count:>12,} {found['shares'][name]:>8.1%}")
    plain(f"{'truncated':10} {'':>12} {found['shares']['truncated']:>8.1%}")
    for failure in found["failures"]:
        plain(f"  {failure['count']:,} × {failure['code']}: {failure['detail']}")


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


def list_jobs(
    state: Annotated[str | None, typer.Option(help="only these states, with commas: running,queued")] = None,
    limit: Annotated[int, typer.Option(help="so many at most")] = 20,
    json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    with Client() as client:
        jobs = [job for _, job in zip(range(limit), client.jobs(state), strict=False)]
    if json:
        for job in jobs:
            as_json(job.document)
    else:
        console.print(jobs_table(jobs))


def models(json: AsJson = False) -> None:
    """List the prepared models that workers have."""
    with Client() as client:
        found = client.models()
    for model in found:
        if json:
            as_json(model)
        else:
            active = "  active" if model["active"] else ""
            plain(f"{model['id']}@{model['version']}  {model['precision']}  {', '.join(model['labels'])}{active}")


def _do(job_id: str, what: Callable[[JobHandle], Job], json: bool) -> None:
    with Client() as client:
        _show(what(client.job(job_id)), json)


def _show(job: Job, json: bool) -> None:
    as_json(job.document) if json else plain(job_line(job))
