"""Tells in which language a text is written.

Chinese, Japanese and Korean are told by their scripts: reviews have a few characters, and detectors take 差评 for
English. All others are told by fastText's model of 176 languages (lid.176.ftz, by Joulin et al., licence CC BY-SA 3.0).
docs/adr/0075-languages.md compares libraries.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from sentiq.engine.registry import ModelError

MODEL = Path(__file__).with_name("lid.176.ftz")
UNKNOWN = ""  #: of a text without letters: pictures, digits, marks, addresses
LOOKED_AT = 1_000  #: characters of a text, from its beginning

#: A Chinese character counts as much as so many letters: English words among Chinese ones are usual, and Chinese words
#: among English ones are few.
LETTERS_OF_A_CHARACTER = 8
#: Of Chinese characters and kana together, from which share of kana on a text is Japanese: 宇宙の最强 is not.
KANA_SHARE = 0.15

_NOT_WORDS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|@\S+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile(r"[\u3041-\u306d\u306f-\u3096\u30a1-\u30fa\uff66-\uff9d]")  # without の, which Chinese ads have
_HANGUL = re.compile(r"[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_LETTER = re.compile(r"[^\W\d_]")


def detect(text: str) -> str:
    """Return the language of a text, as ISO 639 codes it; UNKNOWN where it has no letters.

    Raises ModelError where the library is missing that tells languages with alphabets.
    """
    words = _NOT_WORDS.sub(" ", text[:LOOKED_AT])
    letters = len(_LETTER.findall(words))
    if not letters:
        return UNKNOWN
    han, kana, hangul = (len(script.findall(words)) for script in (_HAN, _KANA, _HANGUL))
    others = letters - han - kana - hangul
    if (han + kana + hangul) * LETTERS_OF_A_CHARACTER >= others:
        if hangul > han + kana:
            return "ko"
        return "ja" if kana >= KANA_SHARE * (han + kana) else "zh"
    return _of_letters(words)


def _of_letters(words: str) -> str:
    (label,), _ = _model().predict(" ".join(words.lower().split()))
    code: str = label.removeprefix("__label__")
    return code


@cache
def _model() -> Any:
    try:
        import fasttext  # only who has routes needs it
    except ImportError as error:
        raise ModelError("models are chosen by language with fasttext-predict: pip install fasttext-predict") from error
    return fasttext.load_model(str(MODEL))
