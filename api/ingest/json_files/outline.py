"""Finds the tables in a JSON document: lists of rows at some depth, or columns that lie side by side."""

from __future__ import annotations

import codecs
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any

from api.ingest.json_files.cursor import Cursor, encoded
from api.ingest.json_files.table import NATIVE, table_of
from api.ingest.json_files.values import are_numbers, are_rows
from api.ingest.options import bad_file
from api.ingest.source import Source
from api.ingest.table import Table
from sentiq.jobs.types import RowError

DEPTH = 5  #: of objects in which tables are looked for
NAME_CHARS = 255  #: of a member that can be a column
KEY = "key"  #: the column for the names of members that are rows
_PIECE_BYTES = 16_384
_NAMES = ("columns", "cols", "fields", "meta", "header", "headers", "names")  #: of lists that name columns


class Spool:
    """A JSON text in a temporary file, in which places are found again."""

    def __init__(self, texts: Iterator[str], open_files: ExitStack, max_chars: int) -> None:
        self._file: IO[bytes] = open_files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # see Source.spooled
        self._max_chars = max_chars
        for text in texts:
            self._file.write(encoded(text))
        self._file.flush()

    def cursor(self, offset: int = 0) -> Cursor:
        """Return a cursor at this byte. Several can be read in turn."""
        return Cursor(self._texts(offset), self._max_chars)

    def _texts(self, offset: int) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
        while data := os.pread(self._file.fileno(), _PIECE_BYTES, offset):
            offset += len(data)
            yield decoder.decode(data)


@dataclass(slots=True)
class Outline:
    """A list or an object of a document, without its values."""

    offset: int  #: byte at which it begins
    count: int = 0  #: items or members
    item: type | None = None  #: of a list: what its first item is that is not null; None: an object
    is_list: bool = False
    members: dict[str, Outline | type] = field(default_factory=dict)  #: of an object: the first ones


@dataclass(frozen=True, slots=True)
class Found:
    """A table that can be read."""

    path: tuple[str, ...]
    count: int  #: of rows
    values: Callable[[], Iterator[Any]]
    is_certain: bool = True  #: no list of bare strings


def tables_of(spool: Spool, source: Source) -> list[Table]:
    """Return the tables of a document that is one object, the largest first; itself as one row if it has none.

    A list is one whose members are its items.

    Objects one after another are one table. Raises InvalidInput for what is no JSON.
    """
    cursor = spool.cursor()
    outline = _outline(cursor, DEPTH, source.limits.columns + 1)
    cursor.has(",")
    if outline.is_list:
        outline = _of_list(spool, source.limits.columns)
    if cursor.peek():
        return [table_of(enumerate(spool.cursor().values(), start=1), source)]
    found = [] if outline.members.get("text") is str else list(_found(spool, outline, ()))
    if not any(table.is_certain for table in found) and any(kind is str for kind in outline.members.values()):
        found.append(Found((), 1, partial(_itself, spool)))
    if not found:
        raise bad_file("no_rows", "The file is a JSON document in which there is no list of rows.")
    found.sort(key=lambda table: (table.is_certain, table.count), reverse=True)
    titled = len(found) > 1
    return [
        table_of(enumerate(table.values(), start=1), source, ".".join(table.path) or "document" if titled else None)
        for table in found
    ]


def _outline(cursor: Cursor, depth: int, most: int) -> Outline:
    """Go past a list or an object and return its outline."""
    found = Outline(cursor.offset)
    if cursor.peek() == "[":
        found.is_list = True
        for item in cursor.items():
            found.count += 1
            if found.item is None and item is not None:
                found.item = type(item)
        return found
    for name in cursor.names():
        found.count += 1
        if depth and len(found.members) < most and len(name) <= NAME_CHARS and cursor.peek() in ("{", "["):
            found.members[name] = _outline(cursor, depth - 1, most)
            continue
        kind = type(cursor.row())
        if len(found.members) < most and len(name) <= NAME_CHARS:
            found.members[name] = kind
    return found


def _of_list(spool: Spool, most: int) -> Outline:
    """Return the outline of the object whose members are the items of a list of objects."""
    cursor = spool.cursor()
    found = Outline(0)
    cursor.pass_by("[")
    while cursor.peek() == "{" and len(found.members) < most:
        found.members[str(len(found.members) + 1)] = _outline(cursor, DEPTH, most)
        found.count += 1
        if cursor.pass_by(",", "]") == "]":
            break
    return found


def _found(spool: Spool, outline: Outline, path: tuple[str, ...]) -> Iterator[Found]:
    """Yield the tables that an object holds."""
    inner = {name: member for name, member in outline.members.items() if isinstance(member, Outline)}
    lists = {name: member for name, member in inner.items() if member.is_list and member.count}
    objects = {name: member for name, member in inner.items() if not member.is_list}
    for name, rows in lists.items():
        if rows.item is list and (names := _names_beside(spool, rows, lists)):
            yield Found((*path, name), rows.count, partial(_with_names, spool, names, rows))
            return
    if "data" in lists:  # beside it, "schema" (pandas) and "meta" (ClickHouse) say what the columns are
        objects.pop("schema", None)
        lists.pop("meta", None)
    columns = {name: member for name, member in lists.items() if member.item not in (dict, list)}
    if len(columns) > 1 and len({member.count for member in columns.values()}) == 1:  # orient="list"
        yield Found(path, next(iter(columns.values())).count, partial(_side_by_side, spool, columns))
        lists = {name: member for name, member in lists.items() if name not in columns}
    if objects and len(objects) == outline.count and not lists and _are_columns(objects):  # pandas' default
        yield Found(path, next(iter(objects.values())).count, partial(_side_by_side, spool, objects))
        return
    if (len(objects) > 1 and _are_alike(outline, objects)) or _is_series(outline):  # orient="index", Firebase
        yield Found(path, outline.count, partial(_by_key, spool, outline))
        return
    for name, member in lists.items():
        if member.item in (dict, list, str):
            values = partial(_items, spool, member)
            yield Found((*path, name), member.count, values, member.item is not str)
    for name, member in objects.items():
        yield from _found(spool, member, (*path, name))


def _names_beside(spool: Spool, rows: Outline, lists: dict[str, Outline]) -> list[str]:
    """Return the names of the columns of rows that are lists, if a list beside them has as many; else none.

    They are strings as pandas writes them (orient="split"), or objects as databases do.
    """
    width = next((len(row) for row in spool.cursor(rows.offset).items() if isinstance(row, list)), 0)
    for name in _NAMES:
        beside = lists.get(name)
        if beside is not None and beside.count == width:
            found = [
                item.get("name") if isinstance(item, dict) else item for item in spool.cursor(beside.offset).items()
            ]
            names = [str(item) for item in found if isinstance(item, str)]
            if len(names) == width:
                if len(set(names)) < width:
                    raise bad_file("duplicate_name", "The JSON document has several columns of one name.")
                return names
    return []


def _are_columns(objects: dict[str, Outline]) -> bool:
    """Whether objects are columns: their members are values, whose names are the numbers of rows."""
    first = next(iter(objects.values()))
    return are_numbers(first.members) and not any(isinstance(member, Outline) for member in first.members.values())


def _is_series(outline: Outline) -> bool:
    """Whether the members of an object are texts, whose names are those of rows."""
    return are_rows(outline.members) and all(kind is str for kind in outline.members.values())


def _are_alike(outline: Outline, objects: dict[str, Outline]) -> bool:
    """Whether all members are objects that have mostly the same members, as rows do, and strings among them."""
    if len(objects) < len(outline.members):
        return False
    first, *others = itertools.islice(objects.values(), 50)
    names = set(first.members)
    return str in first.members.values() and all(
        len(names & other.members.keys()) * 2 >= len(names | other.members.keys()) for other in others
    )


def _itself(spool: Spool) -> Iterator[Any]:
    yield spool.cursor().row()


def _items(spool: Spool, rows: Outline) -> Iterator[Any]:
    return spool.cursor(rows.offset).items()


def _with_names(spool: Spool, names: list[str], rows: Outline) -> Iterator[Any]:
    for row in spool.cursor(rows.offset).items():
        yield dict(zip(names, row, strict=False)) if isinstance(row, list) and len(row) == len(names) else row


def _by_key(spool: Spool, outline: Outline) -> Iterator[Any]:
    """Yield the members of an object; their names are a column, unless they only count."""
    is_counted = _is_counted(outline)
    cursor = spool.cursor(outline.offset)
    for name in cursor.names():
        row = cursor.row()
        if is_counted or isinstance(row, RowError):
            yield row
        else:
            yield {KEY: name} | (row if isinstance(row, dict) else {NATIVE[0]: row})


def _is_counted(outline: Outline) -> bool:
    """Whether the names of members are 0, 1, 2 … or 1, 2, 3 …, which nobody needs."""
    start = 1 if "0" not in outline.members else 0
    return all(name == str(number) for number, name in enumerate(outline.members, start))


def _side_by_side(spool: Spool, columns: dict[str, Outline]) -> Iterator[dict[str, Any]]:
    """Yield the rows of columns, each a list or an object with the same names. Raises InvalidInput if they differ."""
    first = next(iter(columns.values()))
    is_counted = first.is_list or _is_counted(first)
    readers = [_column(spool, column) for column in columns.values()]
    try:
        for cells in zip(*readers, strict=True):
            (key,) = {key for key, _ in cells}
            row = dict(zip(columns, (value for _, value in cells), strict=True))
            yield row if is_counted else {KEY: key} | row
    except ValueError:
        raise bad_file("damaged_json", "The columns of the JSON document do not have the same rows.") from None


def _column(spool: Spool, column: Outline) -> Iterator[tuple[str, Any]]:
    cursor = spool.cursor(column.offset)
    if column.is_list:
        yield from (("", value) for value in cursor.items())
    else:
        for name in cursor.names():
            yield name, cursor.row()
