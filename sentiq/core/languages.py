"""Codes of languages, as people and files write them: `zh`, `zh-TW`, `zh_Hant`, `jpn`, `English`, `日语`."""

from __future__ import annotations

import re

from sentiq.core.language_codes import CODES, SAME

#: A code as it is asked for: ISO 639, perhaps with a script or a region behind it (RFC 5646).
CODE_PATTERN = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$"
_CODE = re.compile(CODE_PATTERN)

#: How else people write them: names, and codes of countries that are none of languages. All kinds of Chinese are one
#: language here.
_NAMES = {
    "zh": "zho chi cmn yue wuu chinese mandarin cantonese cn chn 中文 汉语 漢語 普通话 国语 國語 简体 简体中文 繁体 "
    "繁体中文 繁體中文 粤语",
    "en": "english 英文 英语 英語",
    "ja": "japanese jp jap 日文 日语 日語 日本語",
    "ko": "korean 韩文 韩语 韓文 韓語 한국어",
    "fr": "french 法文 法语 法語 français",
    "de": "german 德文 德语 德語 deutsch",
    "es": "spanish 西班牙文 西班牙语 西班牙語 español",
    "pt": "portuguese 葡萄牙文 葡萄牙语 葡萄牙語 português",
    "it": "italian 意大利文 意大利语 italiano",
    "ru": "russian 俄文 俄语 俄語 русский",
    "ar": "arabic 阿拉伯文 阿拉伯语",
    "th": "thai 泰文 泰语 泰語",
    "vi": "vietnamese 越南文 越南语",
    "id": "indonesian 印尼文 印尼语",
    "ms": "malay 马来文 马来语",
}
_CODES = SAME | {name: code for code, names in _NAMES.items() for name in names.split()}


def language_code(written: str) -> str:
    """Return the code of a language, of two or three small letters; "" for what is none, such as `xx` or `und`."""
    plain = written.strip().casefold()
    if plain in _CODES:
        return _CODES[plain]
    if not _CODE.match(plain):
        return ""
    primary = re.split("[-_]", plain, maxsplit=1)[0]
    return _CODES.get(primary, primary if primary in CODES else "")
