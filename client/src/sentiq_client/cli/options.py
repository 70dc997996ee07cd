"""Options that several commands have."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from sentiq_client.models import Job
from sentiq_client.outputs import check_page, file_kind

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="id of a job")]


def _of_kind(check: Callable[[Path], object]) -> Callable[[Path | None], Path | None]:
    """Make a callback of an option: it raises typer.BadParameter for a name that means another kind of file."""

    def checked(out: Path | None) -> Path | None:
        if out is not None:
            try:
                check(out)
            except ValueError as error:
                raise typer.BadParameter(str(error)) from None
        return out

    return checked


Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="write the results here: .csv, .xlsx, .json, .ndjson", callback=_of_kind(file_kind)
    ),
]
PageOut = Annotated[Path, typer.Option("--out", "-o", help="write it here: report.html", callback=_of_kind(check_page))]
Include = Annotated[
    str | None,
    typer.Option(help="carry along: text, columns, or both with a comma; default: the columns if they are kept"),
]
Aspects = Annotated[
    str | None,
    typer.Option(metavar="SET|FILE", help="a set of aspects: shop, food …, id@version, or a .yaml file"),
]
Band = Annotated[float | None, typer.Option("--neutral-band", help="0 to 0.5: unsure rows are neutral")]

By = Annotated[str | None, typer.Option(help="a column of the file that was kept, by heading or number from 1")]
BookBy = Annotated[str | None, typer.Option("--by", help="of a workbook: its summary counts by this column too")]
Lang = Annotated[str | None, typer.Option("--lang", help="of a workbook's headings and labels: en or zh; default: en")]

Labels = Annotated[
    list[str] | None, typer.Option("--label", help="only this label, with --aspect of the aspect; may be repeated")
]
MinScore = Annotated[float | None, typer.Option(help="0 to 1: only rows at least so sure")]
MaxScore = Annotated[float | None, typer.Option(help="0 to 1: only rows at most so sure")]
Contains = Annotated[str | None, typer.Option(help="only rows whose text or custom_id has this in it")]
Failed = Annotated[bool, typer.Option("--failed", help="only rows that failed, with their reasons")]
WithoutText = Annotated[bool, typer.Option("--without-text", help="only rows in which there was nothing to read")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="with --value: only rows with that in this column; both may be repeated, in pairs"),
]
Values = Annotated[list[str] | None, typer.Option("--value", help="the whole cell of --column")]
From = Annotated[
    str | None, typer.Option("--from", help="only rows of this time or later: 2024, 2024-03, 2024-03-05, 2024-03-05T15")
]
To = Annotated[str | None, typer.Option("--to", help="only rows of this time or earlier")]
Languages = Annotated[
    list[str] | None, typer.Option("--language", help="only rows of this language: zh, en …; may be repeated")
]
AspectName = Annotated[str | None, typer.Option("--aspect", help="only rows that speak of this aspect")]

BookReport = Annotated[
    bool | None,
    typer.Option(
        "--report/--no-report",
        help="of a workbook: sheets of what the rows say, with charts; default: where there are any",
    ),
]
SET_FILES = (".yaml", ".yml", ".json")  #: endings that no name of a set has
INCLUDED = ("text", "columns")
NOT_KEPT = "the job keeps no columns of its file; submit the file with --keep-columns to have them back"


def check_include(include: str | None) -> None:
    """Raises typer.BadParameter for a word that is none of INCLUDED."""
    wrong = [word for word in (include or INCLUDED[0]).split(",") if word not in INCLUDED]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is not known; there are {', '.join(INCLUDED)}.", param_hint="--include")


def included(include: str | None, job: Job, out: Path | None = None) -> str:
    """What the rows of a job carry: what was asked for, else the file's own columns, else the text.

    The text is one of the columns, so that a table has it once. Raises typer.BadParameter for columns not kept.
    """
    check_include(include)
    file: dict[str, Any] = job.document["file"] or {}
    kept = bool(file.get("columns"))
    if include is None:
        as_table = out is not None and out.suffix.lower() in (".csv", ".xlsx")
        return ("columns" if as_table else "text,columns") if kept and out else "text"
    if "columns" in include and not kept:
        raise typer.BadParameter(f"{NOT_KEPT}.", param_hint="--include")
    return include


def chosen_set(named: str | None) -> str | Path | None:
    """A set of aspects as the client takes it: its name, or the file that has it."""
    return Path(named) if named and Path(named).suffix in SET_FILES else named


def workbook(out: Path | None, by: str | None, lang: str | None, report: bool | None) -> dict[str, Any]:
    """What only a workbook has. Raises typer.BadParameter where none is written."""
    for flag, given in (("--by", by), ("--lang", lang), ("--report", report)):
        if given is not None and (out is None or out.suffix.lower() != ".xlsx"):
            raise typer.BadParameter("it is for a workbook: add --out FILE.xlsx.", param_hint=flag)
    return {"by": by, "lang": lang, "report": report}


def _slice(
    contains: Contains = None,
    column: Columns = None,
    value: Values = None,
    from_: From = None,
    to: To = None,
    language: Languages = None,
    neutral_band: Band = None,
) -> dict[str, Any]:
    """Return filters by what is in the file as the client takes them."""
    return {
        "contains": contains,
        "column": column or None,
        "value": value or None,
        "from_": from_,
        "to": to,
        "language": language or None,
        "neutral_band": neutral_band,
    }


def _answered(
    label: Labels = None,
    min_score: MinScore = None,
    max_score: MaxScore = None,
    failed: Failed = False,
    without_text: WithoutText = False,
    aspect: AspectName = None,
) -> dict[str, Any]:
    """Return filters by what was answered as the client takes them. Raises typer.BadParameter."""
    if failed and without_text:
        raise typer.BadParameter("no row is both; give one of them.", param_hint="--failed, --without-text")
    return {
        "label": label or None,
        "min_score": min_score,
        "max_score": max_score,
        "only": "failed" if failed else "without_text" if without_text else None,
        "aspect": aspect,
    }


def _with(*readers: Callable[..., dict[str, Any]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what gives a command the options of `readers`, behind its own; it gets `filters`, which they return."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        def run(**given: Any) -> None:
            filters: dict[str, Any] = {}
            for reader in readers:
                filters |= reader(**{each.name: given.pop(each.name) for each in _parameters(reader)})
            command(**given, filters=filters)

        own = [each for each in _parameters(command) if each.name != "filters"]
        functools.update_wrapper(run, command)
        del run.__wrapped__  # type: ignore[attr-defined]  # its signature is not that of the command
        run.__annotations__ = {}
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [*own, *(each for reader in readers for each in _parameters(reader))]
        )
        return run

    return decorated


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function, eval_str=True).parameters.values())


with_filters = _with(_answered, _slice)
with_slice = _with(_slice)
