"""JSON values that follow each other, as the records of a table: objects, lists or bare strings."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from api.ingest.json_files.values import DEPTH, Spelled, cells_of, flat
from api.ingest.options import COLUMN_OPTIONS, bad_file, refuse_options
from api.ingest.source import Source
from api.ingest.table import Record, Table
from sentiq.core.invisible_characters import is_blank
from sentiq.jobs.types import RowError

SAMPLE_VALUES = 50  #: looked at to tell the names of the columns
NATIVE = ("text", "custom_id")  #: of the API's own JSON lines
_ERRORS = frozenset(("error", "errors", "errcode", "errmsg", "error_code", "error_msg"))  #: members of an answer
MEMBERS_NAMED = 20  #: in the note on those that no column has

#: Of ClickHouse, which writes those of the columns below their names (JSONCompactEachRowWithNamesAndTypes).
_TYPE = re.compile(
    r"(?:Nullable\(|LowCardinality\()*(?:String|U?Int[0-9]+|Float[0-9]+|Bool|UUID|(?:Date|FixedS|Dec|Enum|Array|Map)\w*.*)\)*"
)
_OPTIONS = COLUMN_OPTIONS | {"encoding", "sheet"}  #: that rows in JSON can obey

#: What can be a record, or why none could be decoded; its place is a number from 1.
Numbered = tuple[int, Any]


def table_of(
    values: Iterator[Numbered], source: Source, title: str | None = None, also: frozenset[str] = frozenset()
) -> Table:
    """Return the table of numbered values, of which the first ones tell the columns; a RowError is a bad one.

    Raises InvalidInput for an option that it cannot obey; `also` are the names of those that the caller does.
    """
    head = list(_head(values, source))
    good = [value for _, value in head if not isinstance(value, RowError)]
    if len(head) == 1 and _is_message(good):
        detail = "The file is a message of a web service instead of its data. Ask it for the data again."
        raise bad_file("not_a_table", detail)
    if good and isinstance(good[0], list):
        refuse_options(source.reading, "lists", _OPTIONS | {"has_header", "header_row"} | also)
        if _are_types(good[1:2]):
            head.remove(next(pair for pair in head if pair[1] is good[1]))
            source.notes.count("lines_not_read")
        read = _Lists().record
        names = None
    else:
        refuse_options(source.reading, "objects, whose members have names,", _OPTIONS | also)
        shape = _Objects(good, source)
        read, names = shape.record, shape.names
    records = [read(number, value) for number, value in head]
    rest = (read(number, value) for number, value in values)
    return Table(itertools.chain(records, rest), names, title, head=records)


def _head(values: Iterator[Numbered], source: Source) -> Iterator[Numbered]:
    """Yield the first values. Of rows that should run as they arrive, those up to the first with a text are enough."""
    wanted = (*source.reading.text_column[:1], *NATIVE)[0]
    for number, value in itertools.islice(values, SAMPLE_VALUES):
        yield number, value
        text = value.get(wanted) if isinstance(value, dict) else value
        if source.is_live and type(text) is str and not is_blank(text):
            return


def _is_message(rows: Sequence[Any]) -> bool:
    """Tell whether the only row is an answer that says how a request went."""
    return any(
        isinstance(row, dict)
        and not row.keys() & set(NATIVE)
        and (bool(row.keys() & _ERRORS) or row.keys() >= {"code", "message"} or row.keys() >= {"code", "msg"})
        for row in rows
    )


def _are_types(rows: Sequence[Any]) -> bool:
    return any(
        isinstance(row, list) and row and all(isinstance(item, str) and _TYPE.fullmatch(item) for item in row)
        for row in rows
    )


class _Lists:
    """Lists whose items are the cells of a row."""

    def record(self, number: int, value: Any) -> Record:
        if not isinstance(value, list):
            return _refused(number, value, "a list, as the first ones are")
        return _record(number, value)


class _Objects:
    """Objects whose members are the cells of a row. A bare string is one whose only member is its `text`."""

    def __init__(self, sample: Iterable[Any], source: Source) -> None:
        objects = [{NATIVE[0]: value} if value is None or type(value) is str else value for value in sample]
        objects = [value for value in objects if isinstance(value, dict)]
        self._wrapper = _wrapper_of(objects)
        objects = list(map(self._unwrapped, objects))
        for depth in range(DEPTH, -1, -1):  # an object may be a map, with other names in each record
            self._depth = depth
            names = tuple(dict.fromkeys(name for value in objects for name, _ in flat(value, depth)))
            if len(names) <= source.limits.columns:
                break
        self.names = NATIVE if set(names) <= set(NATIVE) else names
        self._all = frozenset(self.names)
        self._notes = source.notes
        self._unread: dict[str, None] = {}

    def record(self, number: int, value: Any) -> Record:
        if type(value) is not dict:
            if (value is not None and type(value) is not str) or NATIVE[0] not in self._all:
                return _refused(number, value, "an object")
            value = {NATIVE[0]: value}
        elif self._wrapper is not None:
            value = self._unwrapped(value)
        values = list(map(value.get, self.names))
        if not value.keys() <= self._all or dict in map(type, values):
            try:
                found = self._flat(value)
            except RecursionError:
                return Record(number, (), "", _TOO_DEEP)
            if isinstance(found, str):
                return Record(number, (), "", RowError("duplicate_name", f"The name {found[:50]!a} occurs twice."))
            values = list(map(found.get, self.names))
        return _record(number, values)

    def _unwrapped(self, value: dict[str, Any]) -> dict[str, Any]:
        inner = None if self._wrapper is None else value.get(self._wrapper)
        return inner if isinstance(inner, dict) and len(value) == 1 else value

    def _flat(self, value: dict[str, Any]) -> dict[str, Any] | str:
        """Return all members under their dotted names, or the name that occurs twice."""
        found: dict[str, Any] = {}
        for name, member in flat(value, self._depth):
            if name in found:
                return name
            found[name] = member
        if not found.keys() <= self._all:
            self._note(found)
        return found

    def _note(self, found: Iterable[str]) -> None:
        for name in found:
            if name not in self._all and name not in self._unread and len(self._unread) < MEMBERS_NAMED:
                self._unread[name] = None
                self._notes.add("members_not_read", members=list(self._unread))


def _wrapper_of(objects: Sequence[dict[str, Any]]) -> str | None:
    """Return the name of the only member that all objects have, if it holds their own members, as in {"node": {…}}."""
    names = {name for value in objects for name in value}
    if len(names) != 1 or not all(isinstance(inner, dict) for value in objects for inner in value.values()):
        return None
    (name,) = names
    return None if name.startswith("$") else name


def _record(number: int, values: list[Any]) -> Record:
    try:
        return Record(number, *cells_of(values))
    except RecursionError:
        return Record(number, (), "", _TOO_DEEP)


_TOO_DEEP = RowError("invalid_json", "It is nested too deeply.")


def _refused(number: int, value: Any, wanted: str) -> Record:
    if isinstance(value, RowError):
        return Record(number, (), "", value)
    kind = {dict: "an object", list: "a list", str: "a string", Spelled: "a number", bool: "true or false"}
    found = kind.get(type(value), "null")
    return Record(number, (), "", RowError("invalid_item", f"This is {found}; expected is {wanted}."))
