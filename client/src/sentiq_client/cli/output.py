"""What commands print: for people, or as JSON on standard output and nothing else."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any, NoReturn

from sentiq_client.models import Job, Note
from sentiq_client.shares import Figure

READER_GONE = 141  #: exit code of who writes into a pipe that nobody reads any more: 128 + SIGPIPE
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  #: control characters other than tab and line break
_BREAKS = re.compile(r"[\t\n\x0b\x0c\r\x85\u2028\u2029]+")


def reader_gone() -> NoReturn:
    """End without a word, since `| head` has seen enough; what is still buffered goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(READER_GONE)


def flush() -> None:
    """Hand over what was printed so far."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        reader_gone()


def as_json(document: Any) -> None:
    """One document a line. Where the terminal cannot show a character it is escaped, rather than failing."""
    _print(json.dumps(document, ensure_ascii="utf" not in (sys.stdout.encoding or "").lower()))


def say(text: str) -> None:
    """For people, beside the answer."""
    print(text, file=sys.stderr)


def say_notes(file: dict[str, Any] | None) -> None:
    """What was decided while a file was read. Names in it may hold what a terminal acts upon: that is not printed."""
    for note in Note.read_all(file):
        say("note: " + "".join(c if c.isprintable() else "?" for c in note.detail))


def plain(text: str) -> None:
    """For people. Texts come from strangers: what a terminal acts upon is not printed."""
    encoding = sys.stdout.encoding or "ascii"
    _print(_COMMANDS.sub("?", text).encode(encoding, "backslashreplace").decode(encoding))


def fields(*cells: str) -> None:
    """A line of a table, with a tab between two cells. Line breaks and tabs within a cell would make more of them."""
    plain("\t".join(one_line(cell) for cell in cells))


def one_line(text: str) -> str:
    return _BREAKS.sub(" ", text)


def _print(text: str) -> None:
    try:
        print(text)
    except BrokenPipeError:
        reader_gone()


def figure(share: Figure | None) -> str:
    """A share with its interval."""
    return "–" if share is None else f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"


def job_line(job: Job) -> str:
    speed = f", {job.texts_per_second:,.0f} texts/s" if job.texts_per_second else ""
    left = f", {job.eta_s:,.0f} s left" if job.eta_s else ""
    place = f", place {job.queue_position} in line" if job.queue_position else ""
    waits = f", starts {job.document['scheduled_for']}" if job.document.get("scheduled_for") else ""
    reason = f"\n  {job.error}" if job.error else ""
    blank = f", {job.without_text:,} without text" if job.without_text else ""
    notes = "".join(f"\n  {key}={value}" for key, value in job.metadata.items())
    rows = f"{job.done:,} of {job.total:,} rows, {job.failed:,} failed{blank}"
    return f"{job.id}  {job.state}  {rows}{speed}{left}{place}{waits}{notes}{reason}"
