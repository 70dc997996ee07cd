"""Stores dataclasses as JSON in Redis, so that different versions can read each other's documents.

While a cluster is upgraded, older and newer processes run together. A field that a document lacks gets its default, and
what this version does not know is left out: an unknown field, at any depth, and an unknown member of an enumeration.
Therefore each field that is added to a stored dataclass has a default; a change that needs more than that raises the
version of the schema (sentiq/jobs/schema.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


class _Unknown(Exception):
    """A value of an enumeration that this version does not know."""


def dump(record: DataclassInstance) -> str:
    """Return a record as JSON, as `load` reads it."""
    return json.dumps(_members(record), ensure_ascii=False, default=_plain)


def _members(record: DataclassInstance) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field, _ in _fields(type(record))}


def _plain(value: Any) -> Any:
    """Return what JSON has for a record or a set, which has no order of its own."""
    return _members(value) if is_dataclass(value) and not isinstance(value, type) else sorted(value)


def load(kind: type[T], document: str | bytes | Mapping[str, Any]) -> T:
    """Return the record in a document, which is JSON or its parsed map.

    Raises ValueError, naming the field, where a field without a default is missing or has an unknown value.
    """
    return cast(T, _record(kind, document if isinstance(document, Mapping) else json.loads(document)))


def _record(kind: Any, document: Mapping[str, Any]) -> Any:
    values = {}
    for field, hint in _fields(kind):
        if field.name in document:
            try:
                values[field.name] = _value(hint, document[field.name])
                continue
            except _Unknown as error:
                fault = f"has the unknown value {error}"
        else:
            fault = "is missing"
        if field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{kind.__name__}: the field {field.name} {fault}")
    return kind(**values)


@cache
def _fields(kind: Any) -> tuple[tuple[Field[Any], Any], ...]:
    hints = get_type_hints(kind)
    return tuple((field, hints[field.name]) for field in fields(kind))


def _value(hint: Any, value: Any) -> Any:
    """Convert a JSON value to the type of its annotation. Raises _Unknown."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):  # optional: no stored dataclass has another union
        if value is None:
            return None
        (hint,) = (one for one in get_args(hint) if one is not NoneType)
        return _value(hint, value)
    if origin in (tuple, frozenset):
        return origin(_known_values(get_args(hint)[0], value))
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(value)
        except ValueError:
            raise _Unknown(repr(value)) from None
    return _record(hint, value) if is_dataclass(hint) else value


def _known_values(hint: Any, values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        try:
            yield _value(hint, value)
        except _Unknown:
            pass
