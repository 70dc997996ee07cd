"""Number formats: which make a number a date, a time or a duration, and which show zeros before it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from api.cell_kinds import DATE, DURATION, NUMBER, TEXT, TIME, as_text
from api.ingest.parsing import xml

#: Formats that a file does not spell out: dates and times, also those of East Asian editions.
_DATES = {*range(14, 18), 22, *range(27, 32), 36, *range(50, 55), 57, 58}
_TIMES = {*range(18, 22), 32, 33, 34, 35, 45, 47, 55, 56}
_DURATIONS = {46}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]|General', re.IGNORECASE)
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|[_*].|\[(?:\$-[^\]]*|(?!DBNum)[a-z]+[0-9]*)\]|(.)', re.IGNORECASE)
_PREFIX = re.compile(
    r"(?!(?:RMB|CNY|USD?|EUR|HKD?|NTD?|TWD|JPY)\b)(?:[A-Z]*[A-Z№#][A-Z0-9._/-]*|N[Oo][.:]? ?)"
)  #: of ids
_DIGIT = "\0"  #: stands for a digit in a format of zeros
_DAY = datetime.timedelta(days=1)
_EPOCH = datetime.datetime.fromisoformat("1899-12-30")
_LAST = 2_958_466  #: the first day that no spreadsheet shows
_DIGITS = 15  #: that a spreadsheet keeps of a number
_EXPONENT = 30  #: of the largest number that is written without one


class Shown(NamedTuple):
    """How a cell of some style shows a number."""

    kind: str = NUMBER
    zeros: str = ""  #: a format that digits fill from the right, NUL where one stands: 000-000, "No."0


PLAIN = Shown()


def styles_of(part: list[bytes]) -> list[Shown]:
    """Return how each style of a workbook shows numbers, by the part `styles`; of a broken part as far as it goes."""
    formats: dict[int, str] = {}
    found: list[Shown] = []
    inside: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        inside.append(name)
        if name == "numFmt" and attributes.get("numFmtId", "").isdigit():
            formats[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "xf" and inside[-2:-1] == ["cellXfs"]:
            number = attributes.get("numFmtId", "0")
            found.append(shown(int(number) if number.isdigit() else 0, formats))

    def end(name: str) -> None:
        inside.pop()

    xml.parse(part, start, end)
    return found


def shown(number: int, formats: Mapping[int, str]) -> Shown:
    """Return how a format shows numbers."""
    if number in formats:
        return _spelled(formats[number])
    if number in _DATES:
        return Shown(DATE)
    if number in _TIMES:
        return Shown(TIME)
    return Shown(DURATION) if number in _DURATIONS else PLAIN


def _spelled(code: str) -> Shown:
    first = code.partition(";")[0]
    marks = _LITERAL.sub("", first).lower()
    if "[" in marks:
        return Shown(DURATION)
    if re.search("[yd]", marks) or ("m" in marks and not re.search("[hs]", marks)):
        return Shown(DATE)
    if re.search("[hs]", marks):
        return Shown(TIME)
    zeros = _zeros(first)
    return Shown(NUMBER, zeros) if zeros else PLAIN


def _zeros(code: str) -> str:
    """Return the format that digits fill, if it shows an id rather than an amount; else ""."""
    out = ""
    for token in _TOKEN.finditer(code):
        quoted, escaped, bare = token.groups()
        if bare is not None and bare not in "0 ()/-:":
            return ""
        out += quoted or escaped or ("" if bare is None else bare.replace("0", _DIGIT))
    before = out.partition(_DIGIT)[0]
    return out if out.count(_DIGIT) > 1 or (_DIGIT in out and _PREFIX.fullmatch(before)) else ""


def number_text(written: str, how: Shown, starts_1904: bool) -> tuple[str, str]:
    """Return a stored number as people see it, and its kind."""
    if how is PLAIN and _is_plain_integer(written):
        return written, NUMBER
    try:
        value = float(written)
    except ValueError:
        return written, TEXT
    if how.kind != NUMBER:
        moment = _moment(value, how.kind, starts_1904)
        if moment is not None:
            return moment, how.kind if how.kind != TIME or value < 1 else DATE
    text = written if _is_plain_integer(written) else decimal(value)
    if how.zeros and text.isdigit() and len(text) <= _DIGITS:
        return _filled(text, how.zeros), TEXT
    return text, NUMBER


def moment_text(written: str) -> tuple[str, str]:
    """Return a day or a moment of ISO 8601 as people read it, and its kind."""
    try:
        return as_text(datetime.datetime.fromisoformat(written).replace(tzinfo=None)), DATE
    except ValueError:
        return written, TEXT


def _is_plain_integer(written: str) -> bool:
    digits = written.removeprefix("-")
    return digits.isascii() and digits.isdigit() and (digits[0] != "0" or written == "0")


def decimal(value: float) -> str:
    """Return a number as text, without an exponent if it is of everyday size.

    A whole number has the digits that a spreadsheet keeps, as ids do; a fraction has all that it takes to restore it.
    """
    short = format(value, f".{_DIGITS}g") if value.is_integer() else repr(value)
    if "e" not in short or abs(int(short.partition("e")[2])) > _EXPONENT:
        return short
    return format(Decimal(short), "f")


def _filled(digits: str, zeros: str) -> str:
    left = list(digits)
    before, digit, after = zeros.partition(_DIGIT)
    out = [(left.pop() if left else "0") if sign == _DIGIT else sign for sign in reversed(digit + after)]
    first = out.pop()
    return before + "".join(left) + first + "".join(reversed(out))


def _moment(value: float, kind: str, starts_1904: bool) -> str | None:
    if not 0 <= value < _LAST:
        return None
    if kind == DURATION:
        return as_text(value * _DAY)
    days, part = divmod(value, 1)
    rest = datetime.timedelta(milliseconds=round(part * 86_400_000))
    if kind == TIME and days == 0 and rest < _DAY:
        return as_text((_EPOCH + rest).time())
    if starts_1904:
        days += 1462
    elif days < 60:
        days += 1  # calendars of spreadsheets have a 29 February 1900
    return as_text(_EPOCH + datetime.timedelta(days=days) + rest)
