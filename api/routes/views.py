"""Translates the queries of results into the views that `api.export` reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from flask import current_app

from api.export.mentions import aspect_names
from api.export.order import Order, Orders
from api.export.periods import period
from api.export.rows import Filter, View, plain_view
from api.ingest.recognition.columns import position
from api.schemas.results import FilterQuery, SliceQuery, ViewQuery, WorkbookQuery
from api.services import services
from sentiq.core.errors import FieldError, InvalidInput
from sentiq.core.labels import LABELS_ZH, with_neutral
from sentiq.jobs.types import Job, JobOptions
from sentiq.jobs.workers import live_workers

_ENDINGS = re.compile(  #: of a file
    r"(\.(csv|tsv|tab|txt|jsonl?|ndjson|xls[xmb]?|f?ods|et|html?|xml|parquet|arrow|feather|gz|zip))+$", re.IGNORECASE
)
NAME_CHARS = 80  #: of the job's name in that of a file; file systems take 255 bytes, which are 85 Chinese characters
ORDERS = "sentiq.orders"  #: of the app's extensions: the orders in which results were sorted lately


def view_of(query: ViewQuery, job: Job) -> View:
    """Return the view that a query asks for.

    Raises InvalidInput when the job has no such column or label, or did not keep the columns that are asked for.
    """
    by, language, report = None, None, False
    if isinstance(query, WorkbookQuery):
        by = None if query.by is None else column_of(job, query.by, "by")
        language, report = query.lang, query.report
    include = (query.include or "").split(",")
    view = View(
        neutral_band_of(job.options, query.neutral_band),
        filter_of(query, job),
        text="text" in include,
        columns="columns" in include,
        sort=query.sort,
        by=by,
        language=language or "en",
        aspects=aspect_names(job.options),
        languages=job.has_languages,
        report=report,
    )
    if view.columns and not (job.file and job.file.columns):
        detail = "The job kept no columns of a file: submit the file with `keep_columns`, or leave `columns` out."
        raise refused("columns_not_kept", detail, "include")
    return view


def slice_of(query: SliceQuery, job: Job) -> View:
    """Return the view of the rows that a query asks for, whatever their labels are. Raises what `filter_of` raises."""
    return chosen_view(FilterQuery(**query.model_dump(by_alias=True, include=set(SliceQuery.model_fields))), job)


def chosen_view(query: FilterQuery, job: Job) -> View:
    """Return the view of the rows that a query's filters take. Raises what `filter_of` raises."""
    return replace(plain_view(job, neutral_band_of(job.options, query.neutral_band)), filter=filter_of(query, job))


def filter_of(query: FilterQuery, job: Job) -> Filter:
    """Return which rows a query asks for.

    Raises InvalidInput when the job has no such column, label or aspect, or no dates, or when no row could pass.
    """
    if query.max_score < query.min_score:
        detail = f"`max_score` ({query.max_score:g}) is below `min_score` ({query.min_score:g})."
        raise refused("empty_range", detail, "max_score")
    since, until = _chosen_dates(job, query)
    return Filter(
        labels=_chosen_labels(query.label or (), lambda: labels_of(job)),
        min_score=query.min_score,
        max_score=query.max_score,
        only=query.only or "",
        contains=(query.contains or "").casefold(),
        cells=_chosen_cells(job, query.column or (), query.value or ()),
        since=since,
        until=until,
        order=job.file.date_order if job.file and (query.from_ or query.to) else None,
        aspect=_chosen_aspect(job, query.aspect),
        languages=tuple(sorted(query.language or ())),
    )


def neutral_band_of(options: JobOptions, asked: float | None = None) -> float:
    """Return the band for the rows of a job: that of the request, else that of the job, else the setting."""
    choices = (asked, options.neutral_band, services().settings.neutral_band)
    return next(band for band in choices if band is not None)


def order_of(job: Job, view: View) -> Order | None:
    """Return the order that a view asks for; None: that of the job.

    Raises JobNotEnded, InvalidInput and JobNotFound.
    """
    if view.sort is None:
        return None
    orders: Orders = current_app.extensions[ORDERS]
    return orders.of(services().results, job, view)


def column_of(job: Job, named: str, field: str) -> int:
    """Return the place from 0 of a kept column, given its heading or its number from 1.

    Raises InvalidInput, whose pointer is `field`.
    """
    names = job.file.columns if job.file else ()
    found = position(named, names, True, field) if names else None
    if found is None:
        detail = f"This job kept no columns of a file: submit it with keep_columns to use `{field}`."
        raise refused("no_columns", detail, field)
    return found


def file_stem(job: Job) -> str:
    """Return the name of a file without its ending: that of the job, else the job's id."""
    return _ENDINGS.sub("", re.split(r"[/\\]", job.options.name)[-1])[:NAME_CHARS].strip() or job.id


def labels_of(job: Job) -> tuple[str, ...]:
    """Return the labels that rows of a job can have: of an ended job, those of the models that answered it.

    While a job runs, any model of a live worker may still answer. If no labels are known, return those of the bundled
    model.
    """
    svc = services()
    models = [model for w in live_workers(svc.redis) for model in w.stored if job.model in ("", model.id, model.name)]
    live = tuple(label for model in models for label in model.labels)
    found = (svc.results.labels(job) or live) if job.state.has_ended else (*svc.results.first_labels(job), *live)
    return with_neutral(dict.fromkeys(found or LABELS_ZH))


def _chosen_aspect(job: Job, named: str | None) -> int | None:
    """Return the place of an aspect in the set of the job. Raises InvalidInput."""
    if named is None:
        return None
    names = aspect_names(job.options)
    if named in names:
        return names.index(named)
    known = ", ".join(names) or "none, as it was submitted without the option `aspects`"
    detail = f"The job has no aspect {named!r}; there are: {known}."
    raise InvalidInput(detail, errors=(FieldError("unknown_aspect", detail, pointer="/aspect"),))


def _chosen_cells(job: Job, columns: Sequence[str], values: Sequence[str]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Return the columns that a query names, each with the cells it wants there. Raises InvalidInput."""
    if len(columns) != len(values):
        missing = "value" if len(values) < len(columns) else "column"
        detail = f"`column` and `value` go together, one of each: a `{missing}` is missing."
        raise refused("missing", detail, missing)
    wanted: dict[int, set[str]] = {}
    for column, value in zip(columns, values, strict=True):
        wanted.setdefault(column_of(job, column, "column"), set()).add(value)
    return tuple((at, tuple(sorted(cells))) for at, cells in sorted(wanted.items()))


def _chosen_dates(job: Job, query: FilterQuery) -> tuple[int | None, int | None]:
    """Return the first and the last minute that a query wants. Raises InvalidInput."""
    since = None if query.from_ is None else _period(job, query.from_, "from")[0]
    until = None if query.to is None else _period(job, query.to, "to")[1]
    if since is not None and until is not None and until < since:
        raise refused("invalid_date", f"`to` ({query.to}) is before `from` ({query.from_}).", "to")
    return since, until


def _period(job: Job, text: str, field: str) -> tuple[int, int]:
    check_dated(job, field)
    try:
        return period(text)
    except ValueError as error:
        raise refused("invalid_date", f"{error}.", field) from None


def check_dated(job: Job, field: str) -> None:
    """Raise InvalidInput, whose pointer is `field`, where the rows of a job have no dates."""
    if not job.has_dates:
        detail = (
            "The rows of this job have no dates: submit a file with a column of them (date_column), or items with "
            f"`date`, to use `{field}`."
        )
        raise refused("no_dates", detail, field)


def refused(code: str, detail: str, field: str) -> InvalidInput:
    """Return the error for a parameter of a query."""
    return InvalidInput(detail, errors=(FieldError(code, detail, pointer=f"/{field}"),))


def _chosen_labels(asked: Sequence[str], labels: Callable[[], Collection[str]]) -> tuple[str, ...]:
    """Split the labels that a query names, one or several with commas between; a label's name may have commas in it.

    `labels` returns all that exist, and is called only if some are named. Raises InvalidInput for an unknown label.
    """
    if not any(asked):
        return ()
    known = labels()
    chosen: set[str] = set()
    for words in filter(str.strip, asked):
        parts = {words} if words in known else {word.strip() for word in words.split(",") if word.strip()}
        chosen |= parts or {words}
    unknown = sorted(chosen.difference(known))
    if unknown:
        detail = f"There is no label {unknown[0]!r}; there are: {', '.join(map(repr, known))}."
        raise refused("unknown_label", detail, "label")
    return tuple(sorted(chosen))
