"""Tells JSON by its first bytes, whatever its name says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.ingest.encoding.recognition import begun
from api.ingest.json_files.values import BLANKS, are_rows, has_comma_too_many, is_cut_off, pass_over

_BEGINNINGS = {"{": '"}', "[": '{["]-0123456789tfnN'}  #: of what may follow a bracket


def looks_like_json(head: bytes) -> str | None:
    """Return `jsonl` or `json` (an array or a document) for bytes that can hardly be anything else; None for others.

    A line that only begins with a bracket is no JSON, and strings between quotation marks are as well CSV.
    """
    return looks(begun(head)[1])


def looks(head: str) -> str | None:
    """Return the same for the beginning of a text."""
    text = head.lstrip(BLANKS)
    if text[:1] not in ("{", "["):
        return None
    try:
        value, end = pass_over(text, 0)
    except RecursionError:
        return "json"
    except (StopIteration, ValueError) as error:
        inner = text[1:].lstrip(BLANKS)
        is_json = is_cut_off(error, text) or has_comma_too_many(error, text)
        return "json" if inner and inner[0] in _BEGINNINGS[text[0]] and is_json else None
    line, _, more = text[end:].partition("\n")
    more = more.lstrip(BLANKS)
    behind = line.strip(BLANKS)
    is_one_line = "\n" not in text[:end]
    if behind not in ("", ","):
        return "json" if isinstance(value, dict) and behind[0] in "{[" else None
    if isinstance(value, dict):
        return "jsonl" if is_one_line and (more or not _has_tables(value)) else "json"
    if not more or not _is_row(value):
        return "json" if not more or more[0] in "[{" else None
    return "jsonl" if is_one_line and _is_list(more) else None


def _is_list(text: str) -> bool:
    """Whether the first line of a text is a list, or the beginning of one."""
    line, end, _ = text.partition("\n")
    try:
        return line[0] == "[" and not line[pass_over(line, 0)[1] :].strip(BLANKS + ",")
    except RecursionError:
        return True
    except (StopIteration, ValueError) as error:
        return not end and is_cut_off(error, line)


def _is_row(value: Sequence[Any]) -> bool:
    """Whether a list is the cells of a row, and no list of rows."""
    return not any(isinstance(item, dict | list) for item in value)


def _has_tables(value: Mapping[str, Any]) -> bool:
    """Whether an object is a document that holds rows, and no row."""
    if isinstance(value.get("text"), str):
        return False
    is_series = are_rows(value) and all(isinstance(member, str) for member in value.values())  # as pandas writes one
    return is_series or any(isinstance(member, list | dict) for member in value.values())
