"""submit, preview, analyze."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from sentiq_client import progress
from sentiq_client.cli.output import as_json, job_line, plain, say
from sentiq_client.client import Client
from sentiq_client.jobs import JobHandle

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="write the results here: .csv, .xlsx, .json, .ndjson")]
Include = Annotated[str, typer.Option(help="carry along: text, columns, or both with a comma")]


def register(app: typer.Typer) -> None:
    app.command()(submit)
    app.command()(preview)
    app.command()(analyze)


def submit(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, TXT, JSONL or XLSX, gzipped or not; - for standard input")],
    text_column: Annotated[str | None, typer.Option(help="name, or number from 1")] = None,
    id_column: Annotated[str | None, typer.Option(help="name, or number from 1")] = None,
    sheet: Annotated[str | None, typer.Option(help="of a workbook: name, or number from 1")] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv, tsv, txt, jsonl or xlsx; default: recognised")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="utf-8, gb18030, utf-16 …; default: recognised")] = None,
    delimiter: Annotated[str | None, typer.Option(help="of CSV; default: recognised")] = None,
    quotes: Annotated[bool | None, typer.Option(help="quotation marks enclose cells; default: recognised")] = None,
    header: Annotated[bool | None, typer.Option(help="the first row has headings; default: recognised")] = None,
    keep_columns: Annotated[bool, typer.Option(help="keep all columns, to have them back with the results")] = False,
    model: Annotated[str | None, typer.Option(help="id of a prepared model; default: the active one")] = None,
    neutral_band: Annotated[float | None, typer.Option(help="0 to 0.5: unsure rows are neutral")] = None,
    long_texts: Annotated[str | None, typer.Option(help="truncate, head_tail or windows")] = None,
    priority: Annotated[str | None, typer.Option(help="high, normal or low")] = None,
    start_at: Annotated[str | None, typer.Option(help="not before: 2026-01-31T22:00:00+08:00")] = None,
    window: Annotated[str | None, typer.Option(help="only within these hours: 22:00-06:00")] = None,
    time_zone: Annotated[str | None, typer.Option(help="of the window: Asia/Shanghai")] = None,
    expire_at: Annotated[str | None, typer.Option(help="end then: 2026-02-01T06:00:00+08:00")] = None,
    max_bad_share: Annotated[float | None, typer.Option(help="0 to 1: more unreadable rows fail the job")] = None,
    name: Annotated[str | None, typer.Option(help="of the job; default: that of the file")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="wait until the job has ended")] = False,
    timeout: Annotated[float | None, typer.Option(help="seconds to wait at most")] = None,
    out: Out = None,
    include: Include = "text",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only read and count the file")] = False,
    json: AsJson = False,
) -> None:
    """Make a job of a file. With --out: wait for it and write the results."""
    options: dict[str, Any] = {
        "text_column": text_column,
        "id_column": id_column,
        "sheet": sheet,
        "format": file_format,
        "encoding": encoding,
        "delimiter": delimiter,
        "quotes": quotes,
        "has_header": header,
        "keep_columns": keep_columns or None,
        "model": model,
        "neutral_band": neutral_band,
        "long_texts": long_texts,
        "priority": priority,
        "start_at": start_at,
        "window": window,
        "time_zone": time_zone,
        "expire_at": expire_at,
        "max_bad_share": max_bad_share,
        "name": name,
    }
    with Client() as client, ExitStack() as stack:
        path = stack.enter_context(_spooled()) if str(file) == "-" else file
        on_bytes = stack.enter_context(progress.bytes_bar("uploading")) if sys.stderr.isatty() else None
        if dry_run:
            found = client.dry_run(path, on_bytes=on_bytes, **options)
            stack.close()
            as_json(found) if json else print_dry_run(found)
            return
        handle = client.submit_file(path, on_bytes=on_bytes, **options)
        stack.close()
        if not (wait or out):
            as_json(handle.job.document) if json else plain(job_line(handle.job))
            return
        finish(handle, timeout, out, include, json)


def finish(handle: JobHandle, timeout: float | None, out: Path | None, include: str, json: bool) -> None:
    """Wait for a job, write its results, say how it went."""
    try:
        job = handle.wait(timeout, progress=sys.stderr.isatty())
    except KeyboardInterrupt:
        say(f"\nJob {handle.id} goes on: sentiq status {handle.id} --wait, or sentiq cancel {handle.id}")
        raise SystemExit(130) from None
    if out:
        with ExitStack() as stack:
            on_bytes = stack.enter_context(progress.bytes_bar("downloading")) if sys.stderr.isatty() else None
            columns = "columns" in include and bool(job.document["options"]["keep_columns"])
            words = [word for word in ("text", "columns") if word in include and (word == "text" or columns)]
            handle.download(out, on_bytes=on_bytes, include=",".join(words) or None)
        say(f"results: {out}")
    as_json(job.document) if json else plain(job_line(job))


def preview(
    file: Annotated[Path, typer.Argument(help="a file to look at")],
    text_column: Annotated[str | None, typer.Option(help="name, or number from 1")] = None,
    sheet: Annotated[str | None, typer.Option(help="of a workbook")] = None,
    encoding: Annotated[str | None, typer.Option(help="default: recognised")] = None,
    json: AsJson = False,
) -> None:
    """Say how a file would be read: format, encoding, columns, bad rows, duplicates. Nothing is stored."""
    with Client() as client:
        found = client.dry_run(file, text_column=text_column, sheet=sheet, encoding=encoding)
    as_json(found) if json else print_dry_run(found)


def analyze(
    text: Annotated[str, typer.Argument(help="one text; - reads lines from standard input")], json: AsJson = False
) -> None:
    """Classify one text, or one a line, now."""
    texts = (line.strip() for line in sys.stdin) if text == "-" else [text]
    with Client() as client:
        for one in filter(None, texts):
            found = client.analyze(one)
            if json:
                as_json({"text": found.text, "label": found.label, "score": found.score})
            else:
                plain(f"{found.label:9} {found.score:.3f}  {found.text}")


def print_dry_run(found: dict[str, Any]) -> None:
    format_ = found["format"] or {}
    shown = {
        "format": " ".join(filter(None, (format_.get("format"), format_.get("compression")))),
        "encoding": format_.get("encoding"),
        "sheet": format_.get("sheet"),
        "text column": format_.get("text_column"),
        "id column": format_.get("id_column"),
        "rows": f"{found['rows']:,}",
        "bad rows": f"{found['bad_rows']:,}",
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


class _spooled:  # noqa: N801  # used like a function
    """Standard input as a file, since a broken upload is sent again from its start."""

    def __enter__(self) -> Path:
        self._file = tempfile.NamedTemporaryFile(prefix="sentiq-", suffix=".stdin")  # closed below
        while piece := sys.stdin.buffer.read(1 << 20):
            self._file.write(piece)
        self._file.flush()
        return Path(self._file.name)

    def __exit__(self, *_: object) -> None:
        self._file.close()
