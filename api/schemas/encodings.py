"""Names of encodings that a request may give: those that people know, and the other labels of each."""

from __future__ import annotations

import re

#: What each encoding is also called, in small letters and digits alone (https://encoding.spec.whatwg.org/#names).
_LABELS = {
    "utf-8": "utf8 unicode11utf8 unicode20utf8 xunicode20utf8 cp65001 65001 ascii usascii ansix341968",
    "utf-8-sig": "utf8sig utf8bom",
    "utf-16": "utf16 unicode csunicode iso10646ucs2 ucs2",
    "utf-16-le": "utf16le ucs2le",
    "utf-16-be": "utf16be ucs2be unicodefffe",
    "utf-32": "utf32 ucs4",
    "utf-32-le": "utf32le",
    "utf-32-be": "utf32be",
    "gb18030": "gb18030 gb180302000 gb180302022 gbk xgbk cp936 936 ms936 windows936 gb2312 gb231280 gb23121980 "
    "csgb2312 chinese csiso58gb231280 isoir58 euccn xeuccn euccncsgb2312",
    "hz": "hz hzgb hzgb2312",
    "big5": "big5 cnbig5 csbig5 xxbig5 big5tw big5eten cp950 950 ms950 windows950",
    "big5-hkscs": "big5hkscs hkscs big5hk",
    "shift_jis": "shiftjis sjis xsjis csshiftjis mskanji cp932 932 ms932 windows932 windows31j",
    "euc-jp": "eucjp xeucjp ujis cseucpkdfmtjapanese",
    "iso-2022-jp": "iso2022jp csiso2022jp",
    "euc-kr": "euckr cseuckr korean ksc5601 ksc56011987 ksc56011989 csksc56011987 isoir149 cp949 949 ms949 "
    "windows949 uhc",
    "windows-1252": "windows1252 cp1252 xcp1252 1252 latin1 l1 isoir100 iso88591 iso885911987 csisolatin1",
}
_NAMES = {label: name for name, labels in _LABELS.items() for label in labels.split()}
ENCODINGS = tuple(_LABELS)


def encoding_name(label: str) -> str | None:
    """Return the name of the encoding that a label stands for; None for a label of none that can be read."""
    return _NAMES.get(re.sub(r"[^a-z0-9]", "", label.lower()))


def known_encoding(label: object) -> object:
    """Return the name for a label, and anything but a text as it is. Raises ValueError with the names there are."""
    if not isinstance(label, str):
        return label
    if (name := encoding_name(label)) is None:
        raise ValueError(f"there are: {', '.join(ENCODINGS)}, and their usual other names")
    return name
