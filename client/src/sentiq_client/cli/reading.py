"""results, summary, evaluation, throughput, list, models."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from sentiq_client.cli.options import (
    AsJson,
    Band,
    BookBy,
    BookReport,
    By,
    Include,
    JobId,
    Lang,
    Out,
    included,
    with_filters,
    workbook,
)
from sentiq_client.cli.output import as_json, fields, figure, plain, say
from sentiq_client.client import Client
from sentiq_client.models import Row
from sentiq_client.shares import Figure

Sort = Annotated[
    str | None,
    typer.Option(help="polarity: most negative first; score: least sure first; with - before it the other way round"),
]


def register(app: typer.Typer) -> None:
    for command in (results, summary, evaluation, throughput, models):
        app.command()(command)
    app.command("list")(list_jobs)


@with_filters
def results(
    job: JobId,
    filters: dict[str, Any],
    out: Out = None,
    sort: Sort = None,
    include: Include = None,
    by: BookBy = None,
    lang: Lang = None,
    report: BookReport = None,
    limit: Annotated[int | None, typer.Option(min=0, help="print so many rows at most")] = None,
    json: AsJson = False,
) -> None:
    """Print the rows of a job, or write them to a file."""
    if out is not None and limit is not None:
        raise typer.BadParameter(
            "it is for printed rows; a file has all that the filters let through.", param_hint="--limit"
        )
    filters |= {"sort": sort, **workbook(out, by, lang, report)}
    with Client() as client:
        handle = client.job(job)
        filters["include"] = included(include, handle.refresh(), out)
        if out is not None:
            handle.download(Path(out), **filters)
            return
        for row in islice(handle.results(**filters), limit):
            as_json(asdict(row)) if json else _print_row(row, filters["aspect"])


def _print_row(row: Row, aspect: str | None) -> None:
    """With an aspect that was asked for: what the row says of it."""
    if row.error:
        what = "without text" if row.error["code"] == "empty_text" else "failed"
        fields(str(row.index), what, row.error["detail"])
        return
    said = next((found for found in row.aspects or () if found.aspect == aspect), row)
    fields(str(row.index), str(said.label), f"{said.score:.3f}", row.text or row.custom_id or "")


def summary(job: JobId, by: By = None, neutral_band: Band = None, json: AsJson = False) -> None:
    """Counts by label, and why rows failed; with --by for each value of a column too."""
    with Client() as client:
        found = client.job(job).summary(by, neutral_band)
    if json:
        as_json(found)
        return
    for name, count in found["counts"].items():
        plain(f"{name.replace('_', ' '):12} {count:>12,} {found['shares'][name]:>8.1%}")
    plain(f"{'truncated':12} {'':>12} {found['shares']['truncated']:>8.1%}")
    for language, count in (found.get("languages") or {}).items():
        plain(f"  {language:10} {count:>12,}")
    for failure in found["failures"]:
        plain(f"  {failure['count']:,} × {failure['code']}: {failure['detail']}")
    if by is not None:
        _print_groups(by, found)


def _print_groups(by: str, found: dict[str, Any]) -> None:
    names = list(found["counts"])
    fields(by, "rows", *(name.replace("_", " ") for name in names))
    for group in found["groups"]:
        value = "(others)" if group["value"] is None else group["value"]
        fields(value, str(group["rows"]), *(str(group["counts"].get(name, 0)) for name in names))


def evaluation(job: JobId, by: By = None, neutral_band: Band = None, json: AsJson = False) -> None:
    """How far the answers agree with the labels in the file, each figure with its interval of 95 %."""
    with Client() as client:
        found = client.job(job).evaluation(by, neutral_band)
    if json:
        as_json(found)
        return
    plain(f"right        {_figure(found['accuracy'])} of {found['rows']:,} rows")
    plain(f"mean F1      {_figure(found['macro_f1'])}")
    for missing in found.get("labels_missing", ()):  # an older service does not tell of them
        rows, label, model = missing["rows"], missing["label"], missing["model"]
        plain(f"wrong in any case, as {model} does not have the label {label}: {rows:,}")
    for each in found["by_label"]:
        plain(f"  {each['label']:10} precision {_figure(each['precision'])}, recall {_figure(each['recall'])}")
    for each in found["by_source"]:
        fields(f"  {each['source'] or '(blank)'}", f"{each['rows']:,} rows", _figure(each["accuracy"]))
    if found["calibration"] is not None:
        plain(f"calibration error {_figure(found['calibration']['error'])}")
        for part in found["calibration"]["bins"]:
            plain(
                f"  of 100 texts at {part['score']:.0%}: {_figure(part['accuracy'])} are right, {part['rows']:,} rows"
            )
    for mistake in found["mistakes"]:
        text = " ".join(mistake["text"].split())
        said = f"{mistake['predicted']} {mistake['score']:.1%}"
        fields(str(mistake["index"]), said, f"label {mistake['label']}", text)


def _figure(document: dict[str, float] | None) -> str:
    return figure(None if document is None else Figure.read(document))


def throughput(job: JobId, json: AsJson = False) -> None:
    """How fast a job went: when each step of time began, its rows, and rows a second."""
    with Client() as client:
        found = client.job(job).throughput()
    if json:
        as_json(asdict(found))
        return
    if not found.points:
        say("It has no steps: a small job is answered in one, and this one may not have begun.")
    for point in found.points:
        plain(f"{point.at}\t{point.rows:,}\t{point.rows / found.step_s:,.0f} texts/s")


def list_jobs(
    state: Annotated[str | None, typer.Option(help="only these states, with commas: running,queued")] = None,
    limit: Annotated[int, typer.Option(help="so many at most")] = 20,
    json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    with Client() as client:
        jobs = list(islice(client.jobs(state), limit))
    if json:
        for job in jobs:
            as_json(job.document)
    else:
        from sentiq_client.cli.tables import console, jobs_table

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
