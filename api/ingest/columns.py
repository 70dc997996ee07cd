"""Which column holds what: by its name, by its number, or by the looks of the first rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from api.ingest.faults import readable
from api.ingest.options import bad_file
from api.ingest.source import Source
from api.ingest.table import Table

#: Headings under which texts and ids are usually found, best first.
TEXT_NAMES = (
    *("text", "content", "review", "comment", "sentence", "message", "body", "post", "feedback", "description"),
    *("文本", "内容", "评论", "评论内容", "正文", "留言", "评价", "评价内容", "反馈", "描述", "句子", "微博内容"),
)
ID_NAMES = ("custom_id", "id", "uid", "key", "no", "编号", "序号", "主键", "评论id", "工单号", "订单号")

_CHINESE = re.compile(r"[㐀-鿿豈-﫿]")
_SENTENCE = re.compile(r"[。！？，；!?]")


@dataclass(frozen=True, slots=True)
class Columns:
    """What was decided; positions count from 0."""

    names: tuple[str, ...]  # headings, or `column 1` … where there are none
    has_header: bool
    text: tuple[int, ...]  # at least one; the texts of several are joined in this order
    id: int | None
    first_line: int  # number of the first record that is a row


def choose(table: Table, source: Source) -> Columns:
    """Decide by the first records of a table, which are in its head. Raises InvalidInput."""
    reading, limits = source.reading, source.limits
    good = [record for record in table.head if record.error is None]
    if not good:
        raise bad_file("no_rows", "The file has no rows that can be read.")
    sample = [record.cells for record in good]
    width = max(map(len, sample))
    if width > limits.columns:
        raise bad_file(
            "too_many_columns", f"The file has {width:,} columns; the limit is {limits.columns:,} (SENTIQ_MAX_COLUMNS)."
        )
    first = [readable(cell.strip()) for cell in sample[0]]
    if table.names is not None:
        names, has_header = table.names, False
    elif _looks_like_header(first, sample[1:]) if reading.has_header is None else reading.has_header:
        names, has_header = tuple(first), True
    else:
        names, has_header = tuple(f"column {n}" for n in range(1, width + 1)), False
    is_named = has_header or table.names is not None
    body = sample[1:] if has_header else sample
    text = position(reading.text_column[0] if reading.text_column else None, names, is_named, "text_column")
    id_ = position(reading.id_column, names, is_named, "id_column")
    if text is None:
        text = _named(names, TEXT_NAMES, id_) if is_named else None
        text = _most_chinese(body, len(names), id_) if text is None else text
    if id_ is None and is_named:
        id_ = _named(names, ID_NAMES, text)
    first_line = good[0].number + 1 if has_header else 0
    return Columns(names, has_header, (text,), id_, first_line)


def position(asked: str | None, names: Sequence[str], has_header: bool, field: str) -> int | None:
    """The column that is asked for by its heading, or its number from 1; None when none is. Raises InvalidInput."""
    if asked is None or asked == "":
        return None
    places = [i for i, name in enumerate(names) if has_header and name == asked]
    if len(places) == 1:
        return places[0]
    if places:
        numbers = ", ".join(str(i + 1) for i in places)
        raise bad_file("ambiguous_column", f"Several columns are called {asked!r}: give its number, {numbers}.", field)
    if asked.isascii() and asked.isdigit() and 1 <= int(asked) <= len(names):
        return int(asked) - 1
    there = ", ".join(repr(name) for name in names[:20]) if has_header else f"numbers from 1 to {len(names)}"
    raise bad_file("unknown_column", f"There is no column {asked!r}; there are: {there}.", field)


def _named(names: Sequence[str], known: Sequence[str], but: int | None) -> int | None:
    lower = [name.lower() for name in names]
    for name in known:
        if name in lower and lower.index(name) != but:
            return lower.index(name)
    return None


def _looks_like_header(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """A usual heading says so; else short different words over cells that are mostly longer."""
    lower = [cell.lower() for cell in first]
    if any(name in lower for name in (*TEXT_NAMES, *ID_NAMES)):
        return True
    if len(first) < 2 or not body or len(set(lower)) < len(lower):
        return False
    if any(not cell or len(cell) > 20 or cell.isdigit() or _SENTENCE.search(cell) for cell in first):
        return False
    column = _most_chinese(body, len(first), None)
    lengths = [len(row[column]) for row in body if len(row) > column]
    return bool(lengths) and sum(lengths) / len(lengths) > 2 * len(first[column])


def _most_chinese(body: Sequence[Sequence[str]], width: int, but: int | None) -> int:
    """The column with the most Chinese characters, of equals the one with the most characters."""

    def weight(column: int) -> tuple[int, int]:
        cells = [row[column] for row in body if len(row) > column]
        return sum(len(_CHINESE.findall(cell)) for cell in cells), sum(map(len, cells))

    return max((c for c in range(width) if c != but or width == 1), key=weight, default=0)
