"""findings, aspects, phrases, timeline, cross, report: what the rows of a job say."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sentiq_client.cli.options import AsJson, JobId, PageOut, with_filters, with_slice
from sentiq_client.cli.output import as_json, fields, figure, plain, say
from sentiq_client.client import Client
from sentiq_client.groups import Cell, Group, Step
from sentiq_client.insights import Example
from sentiq_client.shares import Shares

WORST = "negative"  #: whose share a crossing shows

Limit = Annotated[int | None, typer.Option(min=1, max=50, help="so many at most; default: 20")]


def register(app: typer.Typer) -> None:
    for command in (findings, aspects, phrases, timeline, cross, report):
        app.command()(command)


@with_slice
def findings(job: JobId, filters: dict[str, Any], json: AsJson = False) -> None:
    """What to mend first, three things at most: how many rows are negative about it, what they say, and examples."""
    with Client() as client:
        found = client.job(job).findings(**filters)
    if json:
        as_json(found.document)
        return
    if not found.findings:
        say("No three rows are negative about one thing.")
    for each in found.findings:
        fields(each.name, f"{each.negative:,} of {each.rows:,} negative", figure(each.share))
        if each.rise:
            plain(f"  {each.rise.start} to {each.rise.end}: {each.rise.difference:+.1%} (p = {each.rise.p_value:.2g})")
        if each.phrases:
            plain(f"  {', '.join(each.phrases)}")
        _print_examples(each.examples)


@with_filters
def aspects(job: JobId, filters: dict[str, Any], json: AsJson = False) -> None:
    """What rows say of each aspect, what to mend first: their number, and the share of each label with its interval."""
    with Client() as client:
        found = client.job(job).aspects(**filters)
    if json:
        as_json(found.document)
        return
    plain(f"{found.aspect_set}: {found.rows_with_aspects:,} of {found.rows:,} rows speak of aspects")
    for each in found.aspects:
        fields(each.aspect, f"{each.rows:,}", *_shares(each.shares))


@with_filters
def phrases(
    job: JobId,
    filters: dict[str, Any],
    against: Annotated[
        str | None,
        typer.Option(
            help="rest (the default); labels: the other labels of the same rows; groups: the same labels in others"
        ),
    ] = None,
    limit: Limit = None,
    json: AsJson = False,
) -> None:
    """Phrases that set the chosen rows apart: how many have them, of the others too, and how many are negative."""
    with Client() as client:
        found = client.job(job).phrases(against=against, limit=limit, **filters)
    if json:
        as_json(found.document)
        return
    if not found.phrases:
        say("No phrase sets these rows apart by more than chance.")
    for each in found.phrases:
        told = (
            each.phrase,
            f"{each.rows:,}",
            f"{each.share.value:.1%}, others {each.share_against.value:.1%}",
            f"negative {figure(each.negative)}",
        )
        fields(*told)
        _print_examples(each.examples)


@with_filters
def timeline(
    job: JobId,
    filters: dict[str, Any],
    step: Annotated[str | None, typer.Option(help="hour, day, week, month or auto, the default")] = None,
    json: AsJson = False,
) -> None:
    """Rows and the share of each label by time, and where a step differs from the one before by more than chance."""
    with Client() as client:
        found = client.job(job).timeline(step, **filters)
    if json:
        as_json(found.document)
        return
    for point in found.points:
        fields(point.start, f"{point.rows:,}", *_shares(point.shares), *_changes(point))
    if undated := sum(found.undated.values()):
        plain(f"without a date\t{undated:,}")


@with_filters
def cross(
    job: JobId,
    rows: Annotated[
        str,
        typer.Option(
            help="a column that was kept, by heading or number; or label, language, aspect, hour, day, week, month"
        ),
    ],
    columns: Annotated[str, typer.Option(help="the same for the other side")],
    filters: dict[str, Any],
    limit: Limit = None,
    json: AsJson = False,
) -> None:
    """Two things crossed: the share of negative rows in each cell, and its rows; the largest first."""
    with Client() as client:
        found = client.job(job).cross(rows, columns, limit=limit, **filters)
    if json:
        as_json(found.document)
        return
    fields(rows, found.counted, *map(_name, found.columns))
    for group, cells in zip(found.rows, found.cells, strict=True):
        fields(_name(group), f"{group.rows:,}", *map(_cell, cells))


@with_slice
def report(
    job: JobId,
    out: PageOut,
    filters: dict[str, Any],
    lang: Annotated[str | None, typer.Option(help="en, the default, or zh")] = None,
    by: Annotated[
        str | None, typer.Option(help="the kept column of its groups; default: the one that tells most apart")
    ] = None,
) -> None:
    """Write a report of an ended job: one page that opens offline. It has texts of the job in it."""
    with Client() as client:
        client.job(job).report(out, lang=lang, by=by, **filters)
    say(f"report: {out}")


def _print_examples(examples: list[Example]) -> None:
    for example in examples:
        fields(f"  {example.index}", example.label, " ".join(example.text.split()))


def _shares(shares: Shares) -> list[str]:
    return [f"{label} {figure(share)}" for label, share in shares.items()]


def _changes(point: Step) -> list[str]:
    return [f"{change.label} {change.difference:+.1%} (p = {change.p_value:.2g})" for change in point.changes]


def _name(group: Group) -> str:
    return {None: "(others)", "": "(blank)"}.get(group.value, group.value or "")


def _cell(cell: Cell) -> str:
    share = cell.shares.get(WORST)
    return f"{cell.rows:,}" if share is None else f"{share.value:.0%} of {cell.rows:,}"
