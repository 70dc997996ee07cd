"""Converts the cells of a workbook to texts with a kind each, and back to numbers and dates.

Everywhere else a cell is its text; the kind is one letter beside it, so that a workbook gets back what it gave.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

TEXT, NUMBER, BOOLEAN, DATE, TIME, DURATION = "snbdte"
ERROR, FORMULA, MISSING = "xfz"  #: an error, a formula without a stored value, a value that the file says is missing
STRUCTURE = "j"  #: a list or an object, as JSON

_KINDS: dict[type, str] = {
    int: NUMBER,
    float: NUMBER,
    bool: BOOLEAN,
    datetime.datetime: DATE,
    datetime.date: DATE,
    datetime.time: TIME,
    datetime.timedelta: DURATION,
}

RESTORED = frozenset((NUMBER, BOOLEAN, DATE, TIME, DURATION))  #: kinds that a spreadsheet has values of its own for
EXACT_DIGITS = 15  #: that a spreadsheet keeps of a number
_SHORT = 11  #: characters of a number that are shown as they are, in a cell without a format
_FIRST_DAY = datetime.datetime.fromisoformat("1900-03-01")  # before it, calendars of spreadsheets have a day too many
_EPOCH = datetime.datetime.fromisoformat("1899-12-30")

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.([0-9]+))?")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:([ T])[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")


class Number(NamedTuple):
    """A number that a spreadsheet shows in a special format."""

    value: float
    form: str  # a number format


Value = str | int | float | bool | Number | None


def kinds_of(values: Sequence[Any]) -> str:
    """Return a letter for each cell, up to the last that is not a text; "" if all are texts."""
    return "".join([_KINDS.get(type(value), TEXT) for value in values]).rstrip(TEXT)


def as_text(value: Any) -> str:
    """Return a cell as people read it: 12.0 is 12, a day has no time, 26 hours are 26:00:00."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    if isinstance(value, datetime.timedelta):
        seconds = round(value.total_seconds())
        minutes, second = divmod(abs(seconds), 60)
        return f"{'-' if seconds < 0 else ''}{minutes // 60}:{minutes % 60:02}:{second:02}"
    return str(value)


def restored(text: str, kind: str) -> Value:
    """Return the cell that had this text and kind; its text if a spreadsheet could not hold the value exactly."""
    if not text or kind not in RESTORED:
        return text
    if kind == NUMBER:
        return _number(text)
    if kind == DATE:
        moment = datetime.datetime.fromisoformat(text)
        form = "yyyy-mm-dd" if len(text) == 10 else "yyyy-mm-dd hh:mm:ss"
        return Number(_serial(moment), form) if moment >= _FIRST_DAY else text
    if kind == BOOLEAN:
        return text == "TRUE"
    if kind == TIME:
        time = datetime.time.fromisoformat(text)
        return Number(_serial(datetime.datetime.combine(_EPOCH, time)), "hh:mm:ss")
    if text.startswith("-"):
        return text  # a duration that no form shows
    hours, minutes, seconds = map(int, text.split(":"))
    return Number((hours * 3600 + minutes * 60 + seconds) / 86_400, "[h]:mm:ss")


def certain(text: str) -> Value:
    """Return a text that is certainly a plain decimal number, a day or a time of a day as such; else the text.

    What a spreadsheet would change stays text: 007, +1, 1e5, and numbers of more than 15 digits.
    """
    if not text or text[-1] not in "0123456789":
        return text
    if found := _DECIMAL.fullmatch(text):
        if len(text) > EXACT_DIGITS + 2 or sum(map(str.isdigit, text)) > EXACT_DIGITS:
            return text
        if found[1] is None:
            whole = int(text)
            if str(whole) != text:
                return text
            return whole if len(text) <= _SHORT else Number(whole, "0")
        value = float(text)
        if value == 0 and text[0] == "-":
            return text
        plain = len(text) <= _SHORT and repr(value) == text
        return value if plain else Number(value, "0." + "0" * len(found[1]))
    if found := _MOMENT.fullmatch(text):
        try:
            moment = datetime.datetime.fromisoformat(text)
        except ValueError:
            return text
        form = "yyyy-mm-dd"
        if found[1]:
            form += (" hh:mm" if found[1] == " " else '"T"hh:mm') + (":ss" if found[2] else "")
        return Number(_serial(moment), form) if moment >= _FIRST_DAY else text
    return text


def _number(text: str) -> Value:
    if text.lstrip("-").isdigit():
        return int(text) if len(text.lstrip("-")) <= EXACT_DIGITS else text
    value = float(text)
    is_exact = repr(value) == text or sum(map(str.isdigit, text)) <= EXACT_DIGITS
    return value if is_exact and math.isfinite(value) else text


def _serial(moment: datetime.datetime) -> float:
    """Return the days since the beginning of a spreadsheet's calendar; a whole number for midnight."""
    days = (moment - _EPOCH) / datetime.timedelta(days=1)
    return int(days) if days.is_integer() else days
