"""The visible part of a text. Invisible characters carry no sentiment, and a text with only these is blank."""

from __future__ import annotations

import re

#: Characters without a glyph and without a width. Source: the property Default_Ignorable_Code_Point of Unicode 16.0
#: (DerivedCoreProperties.txt) in its first four rows; then the marks of interlinear annotations, the blank Braille
#: pattern, and the control characters that are no white space.
_INVISIBLE_CHARS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ufff9-\ufffb"
    "\u2800"
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
)
_INVISIBLE = re.compile(f"[{_INVISIBLE_CHARS}]+")
_SHOWN = re.compile(rf"[^\s{_INVISIBLE_CHARS}]")


def visible(text: str) -> str:
    """Return the text without its invisible characters; white space stays as it is."""
    return _INVISIBLE.sub("", text)


def is_blank(text: str) -> bool:
    """Tell whether the text shows nothing: it is empty, or has only white space and invisible characters."""
    return _SHOWN.search(text) is None
