"""submit, preview."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from sentiq_client.cli.inputs import readable
from sentiq_client.cli.options import (
    AsJson,
    Aspects,
    BookBy,
    BookReport,
    Include,
    Lang,
    Out,
    check_include,
    chosen_set,
    included,
    workbook,
)
from sentiq_client.cli.output import as_json, job_line, plain, say, say_notes
from sentiq_client.client import Client
from sentiq_client.jobs import JobHandle

Input = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="CSV, TSV, TXT, JSON, a workbook, gzipped or not; - for standard input, which is lines of text",
    ),
]
TextColumn = Annotated[
    list[str] | None,
    typer.Option(help="name, or number from 1; may be repeated: the texts are joined; default: recognised"),
]
IdColumn = Annotated[str | None, typer.Option(help="name, or number from 1; default: recognised")]
LabelColumn = Annotated[
    str | None,
    typer.Option(help="labels of people, for `sentiq evaluation`: name, or number from 1; default: recognised"),
]
DateColumn = Annotated[
    str | None,
    typer.Option(help="dates, for `sentiq timeline`, --from and --to: name, or number from 1; default: recognised"),
]
LanguageColumn = Annotated[
    str | None,
    typer.Option(help="languages of the texts, as codes or names: name, or number from 1; default: recognised"),
]
DateOrder = Annotated[
    str | None,
    typer.Option(
        help="whether 03/05/2024 is of May (day_first) or of March (month_first), or 24/05/03 has the year first "
        "(year_first); default: recognised"
    ),
]
DateYear = Annotated[
    int | None,
    typer.Option(help="of dates without one, such as 5月3日; default: each is the last such day until today"),
]
Sheet = Annotated[str | None, typer.Option(help="of a workbook: name, or number from 1")]
Format = Annotated[
    str | None,
    typer.Option("--format", help="csv, tsv, txt, json, xlsx …; default: recognised, but txt for standard input"),
]
Encoding = Annotated[str | None, typer.Option(help="utf-8, gb18030, big5, utf-16 …; default: recognised")]
Delimiter = Annotated[str | None, typer.Option(help="of CSV; default: recognised")]
Quotes = Annotated[bool | None, typer.Option(help="quotation marks enclose cells; default: recognised")]
Escape = Annotated[
    str | None,
    typer.Option(help="what a backslash in a CSV cell is: none (a character) or backslash (an escape)"),
]
Header = Annotated[bool | None, typer.Option(help="the first row has headings; default: recognised")]
HeaderRow = Annotated[
    int | None,
    typer.Option(help="line of the file, or row of the sheet, with the headings, from 1; default: recognised"),
]
NullValue = Annotated[
    list[str] | None,
    typer.Option(help="a cell that holds this has no text; may be repeated; default: NULL, NaN, N/A and their like"),
]


def register(app: typer.Typer) -> None:
    app.command()(submit)
    app.command()(preview)


def submit(
    file: Input,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    label_column: LabelColumn = None,
    date_column: DateColumn = None,
    date_order: DateOrder = None,
    date_year: DateYear = None,
    language_column: LanguageColumn = None,
    sheet: Sheet = None,
    file_format: Format = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quotes: Quotes = None,
    escape: Escape = None,
    header: Header = None,
    header_row: HeaderRow = None,
    null_value: NullValue = None,
    keep_columns: Annotated[
        bool | None,
        typer.Option(
            "--keep-columns/--no-columns",
            help="keep all columns of the file, to have them back with the results; default: with --out",
        ),
    ] = None,
    aspects: Aspects = None,
    model: Annotated[str | None, typer.Option(help="id of a prepared model; default: the active one")] = None,
    neutral_band: Annotated[float | None, typer.Option(help="0 to 0.5: unsure rows are neutral")] = None,
    long_texts: Annotated[str | None, typer.Option(help="truncate, head_tail or windows")] = None,
    language: Annotated[
        str | None, typer.Option(help="of texts without one of their own: zh, en …; default: detected where needed")
    ] = None,
    priority: Annotated[str | None, typer.Option(help="high, normal or low")] = None,
    start_at: Annotated[str | None, typer.Option(help="not before: 2026-01-31T22:00:00+08:00")] = None,
    window: Annotated[str | None, typer.Option(help="only within these hours: 22:00-06:00")] = None,
    time_zone: Annotated[str | None, typer.Option(help="of the window: Asia/Shanghai")] = None,
    expire_at: Annotated[str | None, typer.Option(help="end then: 2026-02-01T06:00:00+08:00")] = None,
    max_bad_share: Annotated[float | None, typer.Option(help="0 to 1: more unreadable rows fail the job")] = None,
    webhook: Annotated[str | None, typer.Option(help="id of a webhook that is told of the end")] = None,
    name: Annotated[str | None, typer.Option(help="of the job; default: that of the file")] = None,
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="a note of your own on the job; may be repeated")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="wait until the job has ended")] = False,
    timeout: Annotated[float | None, typer.Option(help="seconds to wait at most")] = None,
    out: Out = None,
    include: Include = None,
    by: BookBy = None,
    lang: Lang = None,
    report: BookReport = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only read and count the file")] = False,
    json: AsJson = False,
) -> None:
    """Make a job of a file. With --out: wait for it and write the results, the file's own columns with them."""
    check_include(include)
    book = workbook(out, by, lang, report)
    wants_columns = "columns" in (include or "") or by is not None
    if keep_columns is False and wants_columns:
        flag = "--include" if by is None else "--by"
        raise typer.BadParameter("columns are not kept with --no-columns.", param_hint=flag)
    if include is not None and out is None:
        raise typer.BadParameter("it says what a file of results has: add --out FILE.", param_hint="--include")
    kept = keep_columns if keep_columns is not None else wants_columns or (out is not None and include is None)
    options: dict[str, Any] = {
        "text_column": text_column or None,
        "id_column": id_column,
        "label_column": label_column,
        "date_column": date_column,
        "date_order": date_order,
        "date_year": date_year,
        "language_column": language_column,
        "sheet": sheet,
        "format": file_format,
        "encoding": encoding,
        "delimiter": delimiter,
        "quotes": quotes,
        "escape": escape,
        "has_header": header,
        "header_row": header_row,
        "null_values": null_value or None,
        "keep_columns": kept or None,
        "aspects": chosen_set(aspects),
        "model": model,
        "neutral_band": neutral_band,
        "long_texts": long_texts,
        "language": language,
        "priority": priority,
        "start_at": start_at,
        "window": window,
        "time_zone": time_zone,
        "expire_at": expire_at,
        "max_bad_share": max_bad_share,
        "webhook": webhook,
        "name": name,
        "metadata": _metadata(metadata),
    }
    if dry_run:
        _look(file, options, json)
        return
    with Client() as client:
        with readable(file, options) as (path, asked), ExitStack() as stack:
            on_bytes = stack.enter_context(_bar("uploading"))
            handle = client.submit_file(path, on_bytes=on_bytes, **asked)
        if not json:
            say_notes(handle.job.document["file"])
        if wait or out:
            finish(handle, timeout, out, include, book, json)
        else:
            as_json(handle.job.document) if json else plain(job_line(handle.job))


def _metadata(notes: list[str] | None) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for note in notes or ():
        key, equals, value = note.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{note!r}: write KEY=VALUE, such as campaign=spring.", param_hint="--metadata")
        if key in found:
            raise typer.BadParameter(f"{key!r} is given twice.", param_hint="--metadata")
        found[key] = value
    return found or None


def finish(
    handle: JobHandle,
    timeout: float | None,
    out: Path | None,
    include: str | None,
    book: dict[str, Any],
    json: bool,
) -> None:
    """Wait for a job, write its results, say how it went. `book` is what a workbook has beside its rows."""
    carried = included(include, handle.job, out)  # before the wait, which may be long
    try:
        job = handle.wait(timeout, progress=sys.stderr.isatty())
    except KeyboardInterrupt:
        say(f"\nJob {handle.id} goes on: sentiq status {handle.id} --wait, or sentiq cancel {handle.id}")
        raise SystemExit(130) from None
    if out:
        with ExitStack() as stack:
            on_bytes = stack.enter_context(_bar("downloading"))
            handle.download(out, on_bytes=on_bytes, include=carried, **book)
        say(f"results: {out}")
    as_json(job.document) if json else plain(job_line(job))


def preview(
    file: Input,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    label_column: LabelColumn = None,
    date_column: DateColumn = None,
    date_order: DateOrder = None,
    date_year: DateYear = None,
    language_column: LanguageColumn = None,
    sheet: Sheet = None,
    file_format: Format = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quotes: Quotes = None,
    escape: Escape = None,
    header: Header = None,
    header_row: HeaderRow = None,
    null_value: NullValue = None,
    json: AsJson = False,
) -> None:
    """Say how a file would be read: format, encoding, columns, bad rows, duplicates. Nothing is stored."""
    options = {
        "text_column": text_column or None,
        "id_column": id_column,
        "label_column": label_column,
        "date_column": date_column,
        "date_order": date_order,
        "date_year": date_year,
        "language_column": language_column,
        "sheet": sheet,
        "format": file_format,
        "encoding": encoding,
        "delimiter": delimiter,
        "quotes": quotes,
        "escape": escape,
        "has_header": header,
        "header_row": header_row,
        "null_values": null_value or None,
    }
    _look(file, options, json)


def _look(file: Path, options: dict[str, Any], json: bool) -> None:
    with Client() as client, readable(file, options) as (path, asked), ExitStack() as stack:
        on_bytes = stack.enter_context(_bar("uploading"))
        found = client.dry_run(path, on_bytes=on_bytes, **asked)
    if json:
        as_json(found)
    else:
        say_notes(found["format"])
        _print_dry_run(found)


def _print_dry_run(found: dict[str, Any]) -> None:
    format_ = found["format"] or {}
    shown = {
        "format": " ".join(filter(None, (format_.get("format"), format_.get("compression")))),
        "encoding": format_.get("encoding"),
        "sheet": format_.get("sheet"),
        "text column": format_.get("text_column"),
        "id column": format_.get("id_column"),
        "label column": format_.get("label_column"),
        "date column": format_.get("date_column"),
        "languages": format_.get("language_column"),
        "rows": f"{found['rows']:,}",
        "bad rows": f"{found['bad_rows']:,}",
        "without text": f"{found['without_text']:,}",
        "duplicates": f"{found['duplicates']:,}" + ("" if found["duplicates_complete"] else " or more"),
        "over-long": f"{found['over_long']:,}",
        "characters": f"{found['characters']:,}",
        "estimate": "not known yet" if found["estimated_s"] is None else f"{found['estimated_s']:,.0f} s of work",
    }
    for name, value in shown.items():
        if value:
            plain(f"{name:12} {value}")
    for error in found["errors"]:
        plain(f"  {error['detail']}")


def _bar(what: str) -> AbstractContextManager[Callable[[int, int | None], None] | None]:
    """Show the bytes on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        return nullcontext()
    from sentiq_client.progress import bytes_bar

    return bytes_bar(what)
