"""What commands read: files, standard input, and pipes that have a name."""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import typer

from sentiq_client.cli.output import say

BATCH_BYTES = 1 << 16  #: of lines that are classified together: some thousand reviews, less than a second of work
STDIN = "-"
TABLE_OPTIONS = (
    *("text_column", "id_column", "label_column", "date_column", "date_order", "sheet", "delimiter", "quotes"),
    *("escape", "has_header", "header_row", "date_year", "language_column"),
)
_SYSTEM = (Path("/dev"), Path("/proc"))  #: /dev/stdin, and /dev/fd/63 for the shell's <(…), are nobody's files
_TELLING = frozenset(
    (
        *(".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"),
        *(".fods", ".et", ".html", ".htm", ".xml", ".parquet", ".arrow", ".feather", ".gz", ".gzip", ".zip"),
    )
)


@contextmanager
def readable(file: Path, options: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A file on the disk with what is to be read, and the options for it; the service recognises files by their names.

    Standard input and pipes are text lines unless `format`, or the name of the pipe, says otherwise: a comma is no end
    of a cell there. They are written to a temporary file first, since a broken upload is sent again from its start.
    Raises typer.BadParameter for options of a table without a format.
    """
    if _is_a_file(file):
        yield file, options
        return
    named = file.suffix.lower() in _TELLING
    options = options | {"filename": file.name if named else "stdin"}
    if options.get("format") is None and not named:
        asked = [name for name in TABLE_OPTIONS if options.get(name) is not None]
        if asked:
            flag = "--" + {"has_header": "header"}.get(asked[0], asked[0].replace("_", "-"))
            what = "Standard input" if str(file) == STDIN else f"{file}, which is no file but a pipe,"
            raise typer.BadParameter(
                f"{what} is read as lines of text; for a table add --format csv, tsv or xlsx.", param_hint=flag
            )
        options["format"] = "txt"
    with tempfile.NamedTemporaryFile(prefix="sentiq-") as spooled:
        with standard_input() if str(file) == STDIN else file.open("rb") as source:
            shutil.copyfileobj(source, spooled)
        spooled.flush()
        yield Path(spooled.name), options


def standard_input() -> BinaryIO:
    """Its bytes. Raises OSError where it is closed."""
    if os.isatty(0):
        say("reading lines from the terminal; Ctrl-D ends them")
    try:
        return os.fdopen(os.dup(0), "rb")
    except OSError:
        raise OSError("standard input is closed") from None


def line_batches(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """How many lines came before, and whole lines, as many as have come; about BATCH_BYTES at most.

    Who writes slowly gets them one by one.
    """
    before, rest, decoder = 0, b"", None
    while piece := stream.read1(BATCH_BYTES):  # type: ignore[attr-defined]  # that of BufferedReader
        if not rest and piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
        if decoder:
            piece = decoder.decode(piece).encode()
        lines, end, rest = (rest + piece).rpartition(b"\n")
        if lines.strip():
            yield before, lines + end
        before += lines.count(b"\n") + len(end)
    if rest.strip():
        yield before, rest


def _is_a_file(file: Path) -> bool:
    return str(file) != STDIN and not any(map(file.absolute().is_relative_to, _SYSTEM)) and not _is_pipe(file)


def _is_pipe(file: Path) -> bool:
    return file.is_fifo() or file.is_char_device()
