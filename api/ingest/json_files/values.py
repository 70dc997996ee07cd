"""JSON values as cells: numbers as they are written, members of nested objects under dotted names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from api.cell_kinds import BOOLEAN, MISSING, NUMBER, STRUCTURE, TEXT
from api.http.json import unique_members

BLANKS = " \t\r\n\x1e"  #: between values; RS (U+001E) begins a record in RFC 7464
DEPTH = 3  #: of nested objects whose members are columns; what lies deeper stays JSON

#: What may be left of a token that is cut off: of a literal, or of a number behind its first digits.
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_PARTS = "|".join(word[:chars] for word in _WORDS for chars in range(len(word)))
_REST = re.compile(rf"\s*(?:{_PARTS}|[.]|[eE][+-]?)")
_ESCAPE = len(r"\ud83d\ude0")  #: of what may be left of an escape


class Spelled(str):
    """A number, as it is written."""

    __slots__ = ()


_KINDS = {str: TEXT, Spelled: NUMBER, bool: BOOLEAN, type(None): MISSING, list: STRUCTURE, dict: STRUCTURE}


def _constant(name: str) -> Spelled | None:
    return None if name == "NaN" else Spelled(name)


Scan = Callable[[str, int], tuple[Any, int]]


def _scanner(unique: Callable[[list[tuple[str, Any]]], dict[str, Any]] | None) -> Scan:
    decoder = json.JSONDecoder(
        object_pairs_hook=unique,
        parse_float=Spelled,
        parse_int=Spelled,
        parse_constant=_constant,
        strict=False,  # a line break or a tab in a string is meant as one
    )
    scan: Scan = decoder.scan_once  # type: ignore[attr-defined]  # what raw_decode calls
    return scan


#: Decodes the value at a place: the value, and the place behind it. Raises StopIteration and ValueError where there is
#: none, RecursionError, and DuplicateName.
scan = _scanner(unique_members)
#: The same, but takes names that occur twice.
pass_over = _scanner(None)


def is_cut_off(error: Exception, text: str) -> bool:
    """Whether a text that cannot be decoded may be the beginning of one that can."""
    if isinstance(error, StopIteration):
        return bool(_REST.fullmatch(text, error.value))
    if not isinstance(error, json.JSONDecodeError):
        return False
    if error.msg.startswith("Invalid \\"):
        return error.pos > len(text) - _ESCAPE
    return error.msg.startswith("Unterminated string") or bool(_REST.fullmatch(text, error.pos))


def has_comma_too_many(error: Exception, text: str) -> bool:
    """Whether a text cannot be decoded for the comma behind the last item of a list."""
    at = error.value if isinstance(error, StopIteration) else getattr(error, "pos", len(text))
    return text[at : at + 1] == "]" and text[:at].rstrip(BLANKS).endswith(",")


def are_numbers(names: Collection[str]) -> bool:
    """Tell whether there are names, and all are numbers."""
    return bool(names) and all(map(str.isdecimal, names))


def are_rows(names: Collection[str]) -> bool:
    """Tell whether the names of an object's members are those of rows: numbers, or several ids with digits in them."""
    are_ids = len(names) > 1 and all(any(map(str.isdecimal, name)) for name in names)
    return are_ids or are_numbers(names)


def flat(members: Mapping[str, Any], depth: int, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the members of an object, and of the objects in it, under dotted names."""
    for name, value in members.items():
        plain = _plain(value)
        if isinstance(plain, dict) and plain and depth:
            yield from flat(plain, depth - 1, f"{prefix}{name}.")
        else:
            yield prefix + name, plain


def _plain(value: Any) -> Any:
    """Return what MongoDB and DynamoDB wrap up, as in {"$oid": "…"}, {"$numberLong": "…"} and {"S": "…"}."""
    while isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        if not name.startswith("$") and not (name in ("S", "N") and isinstance(inner, str)):
            break
        value = Spelled(inner) if (name.startswith("$number") or name == "N") and isinstance(inner, str) else inner
    return value


def cells_of(values: Sequence[Any]) -> tuple[list[str], str]:
    """Return values as cells, and their kinds up to the last that is not a text."""
    kinds = "".join([_KINDS[type(value)] for value in values]).rstrip(TEXT)
    if not kinds:
        return list(values), ""
    return [value if type(value) is str else _cell(value) for value in values], kinds


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"  # as spreadsheets show it
    return str(value) if isinstance(value, str) else _written(value)


def _written(value: Any) -> str:
    """Return a value as JSON. Raises RecursionError."""
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        members = (f"{_written(name)}: {_written(member)}" for name, member in value.items())
        return f"{{{', '.join(members)}}}"
    return str(value) if isinstance(value, Spelled) else json.dumps(value, ensure_ascii=False)
