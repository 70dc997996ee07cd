"""analyze: answers at once, for one text or for the lines of standard input."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from sentiq_client.cli.inputs import STDIN, line_batches, standard_input
from sentiq_client.cli.options import AsJson, Aspects, chosen_set
from sentiq_client.cli.output import as_json, flush, one_line, plain
from sentiq_client.client import Client
from sentiq_client.errors import ApiError, SentiqError
from sentiq_client.models import Row, RowAspect

ROWS_FAILED = 5


def register(app: typer.Typer) -> None:
    app.command()(analyze)


def analyze(
    text: Annotated[str, typer.Argument(help="one text; - reads lines from standard input")],
    aspects: Aspects = None,
    language: Annotated[
        str | None, typer.Option(help="of the texts: zh, en …; default: detected where models are chosen by it")
    ] = None,
    json: AsJson = False,
) -> None:
    """Classify one text, or one a line, now. Blank lines are left out; lines that fail say why."""
    with Client() as client:
        if text != STDIN:
            found = client.analyze(text, aspects=chosen_set(aspects), language=language)
            _show(found.text, found.label, found.score, found.aspects, None, json)
            return
        count = failed = 0
        for row in _lines(client, chosen_set(aspects), language):
            if (row.error or {}).get("code") == "empty_text":
                continue  # of invisible characters: as blank as the lines that the service leaves out
            count += 1
            failed += row.error is not None
            _show(row.text, row.label, row.score, row.aspects, row.error, json)
    if count == 0:
        raise SentiqError("Standard input has no text.")
    if failed:
        raise typer.Exit(ROWS_FAILED)


def _lines(client: Client, aspects: str | Path | None, language: str | None) -> Iterator[Row]:
    """A job of the lines that have come, its rows, and then the next one: what was answered is printed early."""
    encoding: str | None = None
    with standard_input() as stream:
        for before, lines in line_batches(stream):
            with tempfile.NamedTemporaryFile(prefix="sentiq-") as file:
                file.write(lines)
                file.flush()
                try:
                    job = client.submit_file(
                        file.name,
                        format="txt",
                        filename="stdin",
                        encoding=encoding,
                        max_bad_share=1.0,
                        aspects=aspects,
                        language=language,
                    )
                except ApiError as error:
                    if not any(fault.get("code") in ("no_rows", "no_row_read") for fault in error.errors):
                        raise
                    for row in _refused(error):
                        yield _numbered(row, before)
                    flush()
                    continue
            try:
                job.wait()
                for row in job.results(include="text"):
                    yield _numbered(row, before)
                flush()
            finally:
                job.delete()
            recognised = (job.job.document["file"] or {}).get("encoding")
            if recognised == "gb18030":
                encoding = recognised  # a few bytes of it may look like UTF-8: the beginning has decided


def _refused(error: ApiError) -> Iterator[Row]:
    """The lines of a job that was refused since none of them can be classified; blank ones are not among them."""
    for fault in error.errors:
        if line := fault.get("line"):
            reason = {name: fault[name] for name in ("code", "detail", "line")}
            yield Row(line - 1, None, None, None, None, None, False, "", reason, text="")


def _numbered(row: Row, before: int) -> Row:
    """With the line of the whole input in its error, rather than that of its job."""
    line = (row.error or {}).get("line")
    if not row.error or not line:
        return row
    detail = row.error["detail"].replace(f"Line {line}:", f"Line {line + before}:", 1)
    return replace(row, error=row.error | {"line": line + before, "detail": detail})


def _show(
    text: str | None,
    label: str | None,
    score: float | None,
    aspects: list[RowAspect] | None,
    error: dict[str, object] | None,
    json: bool,
) -> None:
    if json:
        said = {} if aspects is None else {"aspects": [asdict(each) for each in aspects]}
        as_json({"text": text, "label": label, "score": score, "error": error, **said})
    elif error is not None or score is None:
        plain(f"{'failed':9}        {error['detail'] if error else ''}")
    else:
        plain(f"{label:9} {score:.3f}  {one_line(text or '')}")
        for each in aspects or ():
            plain(f"  {each.aspect}: {each.label} {each.score:.3f}  {one_line(each.clause)}")
