"""JSON lines: an object, a string or a list a line. A line that is wrong fails alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from api.http.json import DuplicateName
from api.ingest.json_files.cursor import too_long
from api.ingest.json_files.detect import looks
from api.ingest.json_files.documents import max_chars, tables_in
from api.ingest.json_files.table import SAMPLE_VALUES, Numbered, table_of
from api.ingest.json_files.values import BLANKS, pass_over, scan
from api.ingest.limits import Limits
from api.ingest.source import Source
from api.ingest.streams import HEAD_BYTES
from api.ingest.table import Table
from sentiq.jobs.types import RowError


def read_json_lines(source: Source) -> list[Table]:
    """Return the one table of JSON lines; of a list or a document in spite of its name, what it holds."""
    texts = source.text()
    begun = _begun(texts)
    everything = itertools.chain([begun], texts)
    if begun.strip(BLANKS) in ("[", "{") or looks(begun) == "json":
        return tables_in(everything, source)
    lines = _unescaped(_lines(everything, max_chars(source.limits)), source)
    return [table_of(_values(lines, source.limits), source, also=frozenset({"escape"}))]


def _begun(texts: Iterator[str]) -> str:
    """Return a text up to its first line that is not blank at least; up to the next one, if that is a list."""
    blank, begun = "", ""
    is_list = False  # the first line was one
    for text in texts:
        if not begun:
            begun = text.lstrip(BLANKS)
            blank += text[: len(text) - len(begun)]
            line, end, more = begun.partition("\n")
        elif not is_list:
            begun += text
            line, end, more = begun.partition("\n")
        else:
            begun += text
            more = text
        if end and (line[0] != "[" or more.strip(BLANKS)):
            break
        is_list = bool(end)
        if len(blank) + len(begun) > HEAD_BYTES:
            break
    return blank + begun


def _unescaped(lines: Iterator[str | None], source: Source) -> Iterator[str | None]:
    """Yield the lines, without the second of two backslashes if a database doubled them, which breaks JSON."""
    head: list[str | None] = []
    is_escaped = source.reading.escape == "backslash"
    if source.reading.escape is None and not source.is_live:
        head = list(itertools.islice(lines, SAMPLE_VALUES))
        is_escaped = _are_escaped([line for line in head if line and "\\" in line])
    if not is_escaped:
        return itertools.chain(head, lines)
    source.notes.add("escapes_undone", style="backslash")
    return (line and _halved(line) for line in itertools.chain(head, lines))


def _are_escaped(lines: Sequence[str]) -> bool:
    """Whether some lines are no JSON but for doubled backslashes, and all would be."""
    return not all(map(_is_json, lines)) and all(_is_json(_halved(line)) for line in lines)


def _is_json(line: str) -> bool:
    try:
        return not line[pass_over(line, 0)[1] :].strip(BLANKS + ",")
    except (ValueError, StopIteration, RecursionError):
        return False


def _halved(line: str) -> str:
    return line.replace("\\\\", "\\")


def _values(lines: Iterator[str | None], limits: Limits) -> Iterator[Numbered]:
    """Yield the value of each line that is not blank; lines are counted from 1."""
    for number, line in enumerate(lines, start=1):
        if line is None:
            yield number, too_long(max_chars(limits))
            continue
        text = line.strip(BLANKS)
        if not text:
            continue
        try:
            value, end = scan(text, 0)
        except DuplicateName as error:
            yield number, RowError("duplicate_name", f"{error}.")
            continue
        except (ValueError, StopIteration, RecursionError):
            yield number, _NO_JSON
            continue
        if end != len(text) and text[end:].strip(BLANKS) != ",":  # one behind each, as if the lines were an array
            yield number, _NO_JSON
            continue
        yield number, value


_NO_JSON = RowError("invalid_json", "The line is no JSON: neither an object nor a string nor a list.")


def _lines(texts: Iterator[str], most: int) -> Iterator[str | None]:
    """Split at LF; None stands for a line of more than `most` characters, which is never held whole."""
    parts: list[str] = []  # of a line whose end is still to come
    chars = 0
    is_too_long = False
    for text in texts:
        if "\n" in text:
            first, *lines = text.split("\n")
            lines.insert(0, "".join(parts) + first)
            text = lines.pop()
            parts.clear()
            chars = 0
            for line in lines:
                yield None if is_too_long or len(line) > most else line
                is_too_long = False
        parts.append(text)
        chars += len(text)
        if chars > most:
            parts.clear()
            chars, is_too_long = 0, True
    rest = "".join(parts)
    if rest or is_too_long:
        yield None if is_too_long else rest
