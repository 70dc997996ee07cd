"""Chats that QQ, WeChat and others saved as text: above each message is a line with its time and who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from api.ingest.notes import Notes

_TIME = (
    r"\[?(?:[0-9]{4}[-/.年])[0-9]{1,2}[-/.月][0-9]{1,2}日?[ T,，]{0,2}"
    r"(?:上午|下午|凌晨|早上|中午|晚上)?\s?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?\]?"
)
_STAMP = re.compile(rf"{_TIME}\s+\S.{{0,40}}|\S.{{0,40}}?[\s(（]+{_TIME}[)）]?")
_SAID = re.compile("[，。！？!?；;]")  #: of what people say, and not of a name
_TITLE = "消息记录"  #: with which QQ begins what stands above the first message


def is_chat(lines: Sequence[str]) -> bool:
    """Tell whether lines are a chat: it begins with QQ's title or a stamp, and no two stamps follow each other."""
    filled = [line.strip() for line in lines if not line.isspace()]
    stamps = [is_stamp(line) for line in filled]
    if not filled or not (stamps[0] or filled[0].startswith(_TITLE)):
        return False
    return sum(stamps) > 1 and not any(one and other for one, other in pairwise(stamps))


def is_stamp(line: str) -> bool:
    """Tell whether a line has but a time and a name."""
    return _STAMP.fullmatch(line.strip()) is not None and _SAID.search(line) is None


def messages(numbered: Iterator[tuple[int, str]], notes: Notes) -> Iterator[tuple[int, str]]:
    """Yield the lines of the messages with their numbers; `notes` counts the others."""
    is_above = None
    for number, line in numbered:
        if is_above is None:
            is_above = line.strip().startswith(_TITLE)
        if is_stamp(line):
            is_above = False
            notes.count("lines_not_read")
        elif is_above:
            notes.count("lines_not_read")
        else:
            yield number, line
