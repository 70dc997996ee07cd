"""Why a text or an id cannot be taken."""

from __future__ import annotations

import re

from sentiq.core.invisible_characters import is_blank
from sentiq.jobs.types import RowError

ID_CHARS = 512  #: characters of a custom id at most

_SURROGATE = re.compile("[\ud800-\udfff]")


def text_fault(text: str, max_chars: int) -> RowError | None:
    """Why a text cannot be classified, or None."""
    if is_blank(text):
        return RowError("empty_text", "The text is empty or blank.")
    if len(text) > max_chars:
        return RowError(
            "text_too_long", f"The text has {len(text):,} characters; the limit is {max_chars:,}. Split or shorten it."
        )
    if "\0" in text:
        return RowError("nul_character", "The text has a NUL character (U+0000); remove it.")
    if not is_unicode(text):
        return RowError("invalid_unicode", "The text has half a surrogate pair; send valid Unicode.")
    return None


def readable(text: str) -> str:
    """What is no character, as the sign for that: such a text can be shown and stored."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
