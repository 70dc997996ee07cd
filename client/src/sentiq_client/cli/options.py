"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sentiq_client.models import Job

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="id of a job")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="write the results here: .csv, .xlsx, .json, .ndjson")]
Include = Annotated[
    str | None,
    typer.Option(help="carry along: text, columns, or both with a comma; default: the columns if they are kept"),
]
Band = Annotated[float | None, typer.Option("--neutral-band", help="0 to 0.5: unsure rows are neutral")]

By = Annotated[str | None, typer.Option(help="a column of the file that was kept, by heading or number from 1")]
BookBy = Annotated[str | None, typer.Option("--by", help="of a workbook: its summary counts by this column too")]
Lang = Annotated[str | None, typer.Option("--lang", help="of a workbook's headings and labels: en or zh; default: en")]

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


def workbook(out: Path | None, by: str | None, lang: str | None) -> dict[str, str | None]:
    """What only a workbook has. Raises typer.BadParameter where none is written."""
    for flag, given in (("--by", by), ("--lang", lang)):
        if given is not None and (out is None or out.suffix.lower() != ".xlsx"):
            raise typer.BadParameter("it is for a workbook: add --out FILE.xlsx.", param_hint=flag)
    return {"by": by, "lang": lang}
