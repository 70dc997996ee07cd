"""Folds texts for looking: wide, compatible and capital letters become plain, traditional characters simplified."""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import files

from sentiq.core.invisible_characters import visible

#: Blocks with letters that have a plain form: Latin to Cyrillic, letters like those, radicals, compatible
#: ideographs, half and full width.
_BLOCKS = (
    *((0x41, 0x5B), (0xAA, 0x530), (0x1E00, 0x2000), (0x2100, 0x2184), (0x2E80, 0x2FE0), (0x3000, 0x3001)),
    *((0x3200, 0x3400), (0xF900, 0xFB00), (0xFE30, 0xFE70), (0xFF00, 0xFFF0)),
)

#: Sets for regular expressions: letters, and the marks on them, of the Latin, Greek and Cyrillic alphabets, small ones;
#: and of all scripts that divide words by blanks, from Armenian to Sinhala, Georgian, Ethiopic and Korean ones too.
ALPHABETS = "a-z\u00df-\u00f6\u00f8-\u02af\u0300-\u052f\u1e00-\u1fff"
DIVIDED = rf"{ALPHABETS}\u0531-\u0dff\u10a0-\u139f\uac00-\ud7af"


def _plain(char: str) -> str:
    return unicodedata.normalize("NFKC", char).lower()


#: Traditional characters and the simplified ones, the table of the bundled model's tokenizer; `python -m
#: tools.traditional` makes both.
_SIMPLIFIED = {
    ord(pair[0]): pair[1] for pair in (files("sentiq.aspects") / "traditional.txt").read_text(encoding="utf-8").split()
}
_KANA = re.compile("[\u3041-\u30ff\uff66-\uff9f]")

#: One character for one, so that positions stay.
_PLAIN = _SIMPLIFIED | {
    code: plain
    for start, end in _BLOCKS
    for code in range(start, end)
    if len(plain := _plain(chr(code))) == 1 and plain != chr(code)
}


def folded_in_place(text: str) -> str:
    """Return the text with plain letters, each where the original is; invisible characters stay."""
    return text.translate(_PLAIN)


def simplified(text: str) -> str:
    """Return the text in simplified characters; one in Japanese, which kana show, as it is."""
    return text if _KANA.search(text) else text.translate(_SIMPLIFIED)


def folded(word: str) -> str:
    """Return a word as it is looked for, without invisible characters and outer white space."""
    return folded_in_place(visible(word)).strip()
