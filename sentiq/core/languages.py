"""Codes of languages, as people and files write them: `zh`, `zh-TW`, `zh_Hant`, `jpn`, `English`, `日语`."""

from __future__ import annotations

import re

#: A code as it is asked for: ISO 639, perhaps with a script or a region behind it (RFC 5646).
CODE_PATTERN = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$"
_CODE = re.compile(CODE_PATTERN)

#: Codes of three letters that have one of two, and names. All kinds of Chinese are one language here.
_NAMES = {
    "zh": "zho chi cmn yue wuu chinese mandarin cantonese 中文 汉语 漢語 普通话 国语 國語 简体中文 繁体中文 粤语",
    "en": "eng english 英文 英语 英語",
    "ja": "jpn japanese 日文 日语 日語 日本語",
    "ko": "kor korean 韩文 韩语 韓文 韓語 한국어",
    "fr": "fra fre french 法文 法语 法語 français",
    "de": "deu ger german 德文 德语 德語 deutsch",
    "es": "spa spanish 西班牙文 西班牙语 西班牙語 español",
    "pt": "por portuguese 葡萄牙文 葡萄牙语 葡萄牙語 português",
    "it": "ita italian 意大利文 意大利语 italiano",
    "ru": "rus russian 俄文 俄语 俄語 русский",
    "ar": "ara arabic 阿拉伯文 阿拉伯语",
    "th": "tha thai 泰文 泰语 泰語",
    "vi": "vie vietnamese 越南文 越南语",
    "id": "ind indonesian 印尼文 印尼语",
    "ms": "msa may malay 马来文 马来语",
}
_CODES = {name: code for code, names in _NAMES.items() for name in names.split()}


def language_code(written: str) -> str:
    """Return the code of a language, of two or three small letters; "" for what is none."""
    plain = written.strip().casefold()
    if plain in _CODES:
        return _CODES[plain]
    if not _CODE.match(plain):
        return ""
    primary = re.split("[-_]", plain, maxsplit=1)[0]
    return _CODES.get(primary, primary)
