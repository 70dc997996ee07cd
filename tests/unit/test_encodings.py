"""Encodings: each is read exactly or refused with the remedy; what is not certain is never guessed at in silence."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from api.ingest.encoding.decoder import Decoder, declared
from api.ingest.files import File
from api.ingest.limits import Limits
from api.ingest.notes import Notes
from api.ingest.options import Reading
from api.schemas.encodings import ENCODINGS, encoding_name
from sentiq.core.errors import InvalidInput

LIMITS = Limits(inflated_bytes=1 << 20, inflate_ratio=100, rows=100, columns=10, cell_chars=1000, text_chars=1000)
SIMPLIFIED = (
    *(
        "面条很香，下次还会再来。",
        "等了一个小时才上菜，太差了",
        "好评",
        "物流慢，客服不理人，再也不买了！",
        "屏幕清晰，音质一般",
    ),
    *("老板人很好，推荐大家去", "不值这个价钱", "包装破损，退货了三次", "续航差，充电也慢", "孩子很喜欢，质量不错"),
)
TRADITIONAL = (
    *(
        "麵條很香，下次還會再來。",
        "等了一個小時才上菜，太差了",
        "物流慢，客服不理人，再也不買了！",
        "螢幕清晰，音質一般",
    ),
    *("老闆人很好，推薦大家去", "不值這個價錢", "包裝破損，退貨了三次", "續航差，充電也慢", "孩子很喜歡，品質不錯"),
)
JAPANESE = ("とてもおいしかったです。また来ます", "配送が遅くて残念でした", "品質は普通です")
KOREAN = ("아주 맛있어요 다시 올게요", "배송이 너무 늦어서 실망했습니다", "품질은 보통이에요")

# Codec of the writer, texts, and what the encoding is called.
WRITTEN = [
    *(("utf-8", SIMPLIFIED, "utf-8"), ("utf-8-sig", SIMPLIFIED, "utf-8-sig"), ("gbk", SIMPLIFIED, "gb18030")),
    *(("gb2312", SIMPLIFIED, "gb18030"), ("gb18030", SIMPLIFIED, "gb18030"), ("gbk", TRADITIONAL, "gb18030")),
    *(("big5", TRADITIONAL, "big5"), ("cp950", TRADITIONAL, "big5"), ("big5hkscs", TRADITIONAL, "big5")),
    *(("utf-16", SIMPLIFIED, "utf-16"), ("utf-16-le", SIMPLIFIED, "utf-16-le"), ("utf-16-be", SIMPLIFIED, "utf-16-be")),
    *(("utf-32", SIMPLIFIED, "utf-32"), ("utf-32-le", SIMPLIFIED, "utf-32-le"), ("utf-32-be", SIMPLIFIED, "utf-32-be")),
    *(("hz", SIMPLIFIED, "hz"), ("cp932", JAPANESE, "shift_jis"), ("euc-jp", JAPANESE, "euc-jp")),
    *(("iso2022_jp", JAPANESE, "iso-2022-jp"), ("cp949", KOREAN, "euc-kr"), ("utf-8", KOREAN, "utf-8")),
]


def read(data: bytes, label: str = "", size: int = 0) -> tuple[str, str]:
    """Return the encoding and the text of a file that comes in pieces of `size` bytes; 0: in one."""
    decoder = Decoder(declared(label, "`encoding`") if label else None, Notes())
    return "".join(decoder.text(pieces(data, size))), decoder.encoding


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    size = size or len(data) or 1
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("heading", ["id,text\n", ""])
@pytest.mark.parametrize(("codec", "texts", "name"), WRITTEN)
def test_each_encoding_is_recognised(codec: str, texts: tuple[str, ...], name: str, heading: str) -> None:
    for some in (texts[:2], texts, texts * 400):
        text = heading + "\n".join(some) + "\n"
        assert read(text.encode(codec)) == (text, name)


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize(("codec", "texts", "name"), WRITTEN)
def test_a_file_may_begin_as_ascii_and_come_slowly(codec: str, texts: tuple[str, ...], name: str, size: int) -> None:
    text = "id,text\n" + "1,fine\n" * (3000 if size > 100 else 20) + "\n".join(texts) + "\n"
    assert read(text.encode(codec), size=size) == (text, name)


@pytest.mark.parametrize(("codec", "texts", "name"), WRITTEN)
def test_what_a_short_file_is_shows_in_any_encoding(codec: str, texts: tuple[str, ...], name: str) -> None:
    """A table or JSON, without a name that says so."""
    table = "".join(f"{n}\t{text}\n" for n, text in enumerate(texts[:3]))
    lines = "".join(f'{{"id":{n},"text":"{text}"}}\n' for n, text in enumerate(texts[:3]))
    for content, format_ in ((f"id\ttext\n{table}", ("csv", "\t")), (lines, ("jsonl", None))):
        with File(iter([content.encode(codec)]), Reading(), LIMITS) as file:
            assert [row.text for row in file.rows()] == list(texts[:3])
            assert (file.format.format, file.format.delimiter, file.format.encoding) == (*format_, name)


@settings(max_examples=300)
@given(
    codec=st.sampled_from(["gbk", "gb18030", "big5", "cp950", "big5hkscs", "utf-8", "utf-16-le", "utf-16-be", "hz"]),
    words=st.lists(
        st.sampled_from([*SIMPLIFIED, *TRADITIONAL, "OK", "①很好", "5★", "の", "€9"]), min_size=1, max_size=5
    ),
    cut=st.integers(1, 12),
)
def test_a_short_text_is_exact_or_refused(codec: str, words: list[str], cut: int) -> None:
    """Refused as a whole, or but for a row without a text. Of fewer characters, chance has too much say."""
    text = "".join(f"{word[:cut]}\n" for word in words)
    assume(len({character for character in text if not character.isascii()}) >= 4)
    try:
        data = text.encode(codec)
    except UnicodeEncodeError:
        return
    try:
        found, _ = read(data)
    except InvalidInput:
        return
    rows = zip(found.split("\n"), text.split("\n"), strict=True)
    assert all(row == written or "\udc80" in row for row, written in rows), found


@pytest.mark.parametrize("data", ["It’s fine, I don’t mind\n".encode("cp1252"), "Очень хорошо\n".encode("cp1251")])
def test_western_files_are_not_guessed_but_read_as_they_are_declared(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="windows-1252"):
        read(data)
    assert read("It’s fine\n".encode("cp1252"), "cp1252") == ("It’s fine\n", "windows-1252")


@pytest.mark.parametrize("data", [b"\xff\xff\xff\n", bytes(range(256)) * 8, "ดีมากครับ ชอบ\n".encode("tis-620")])
def test_what_is_no_text_of_these_encodings_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"none that is recognised|binary"):
        read(data)


@pytest.mark.parametrize(
    ("label", "codec", "texts", "named"),
    [
        *(("utf-8", "gbk", SIMPLIFIED, "gb18030"), ("gbk", "cp950", TRADITIONAL, "big5")),
        *(("gb2312", "utf-8", SIMPLIFIED, "utf-8"), ("big5", "gbk", SIMPLIFIED, "gb18030")),
        *(("latin1", "utf-8", SIMPLIFIED, "utf-8"), ("gbk", "utf-8-sig", SIMPLIFIED, "utf-8-sig")),
        *(("utf-16-be", "utf-16", SIMPLIFIED, "utf-16"), ("utf-8", "utf-16-le", SIMPLIFIED, "utf-16-le")),
        *(("us-ascii", "gbk", SIMPLIFIED, "gb18030"), ("gbk", "cp932", JAPANESE, "shift_jis")),
    ],
)
@pytest.mark.parametrize("before", ["", "id,text\n" * 10_000])
def test_a_declaration_that_the_bytes_contradict_is_refused(
    label: str, codec: str, texts: tuple[str, ...], named: str, before: str
) -> None:
    size = 65_536 if codec not in ("utf-16", "utf-16-le", "utf-8-sig") else 0
    with pytest.raises(InvalidInput, match=f"look like {named}") as refused:
        read((before + "\n".join(texts[:2])).encode(codec), label, size)
    assert refused.value.errors[0].code == "encoding_contradicted"


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_declared_encoding_is_obeyed(name: str) -> None:
    of_others: dict[str, tuple[str, ...]] = dict.fromkeys(("shift_jis", "euc-jp", "iso-2022-jp"), JAPANESE)
    of_others |= {"euc-kr": KOREAN, "windows-1252": ("Très bien", "Pas mal")} | dict.fromkeys(
        ("big5", "big5-hkscs"), TRADITIONAL
    )
    text = "\n".join(of_others.get(name, SIMPLIFIED)[:2])
    assert read(text.encode(name), name) == (text, name)
    assert read(b"", name) == ("", name)


def test_labels_are_those_of_the_web_and_of_windows() -> None:
    labels = {"GBK": "gb18030", "cp936": "gb18030", "x-sjis": "shift_jis", "Big5-HKSCS": "big5-hkscs", "utf8": "utf-8"}
    labels |= {"iso-8859-1": "windows-1252", "windows-949": "euc-kr", "UTF_16LE": "utf-16-le", "HZ-GB-2312": "hz"}
    assert {label: encoding_name(label) for label in labels} == labels
    assert all(encoding_name(name) == name for name in ENCODINGS)
    assert encoding_name("rot13") is None


def test_gb18030_is_that_of_windows_and_of_2022() -> None:
    text = (
        "价格很好，才9".encode("gbk") + b"\x80\n" + "竖排也很好看".encode("gbk") + b"\xa6\xd9\xa6\xdb\xfe\x59\xfe\xa0\n"
    )
    assert read(text) == ("价格很好，才9€\n竖排也很好看︐︑\u9fb4\u9fbb\n", "gb18030")


def test_big5_has_the_euro_and_the_characters_of_hong_kong() -> None:
    text = "麵條很香，還會再來€\n".encode("cp950") + "佢哋啲嘢好靚，下次再嚟\n".encode("big5hkscs")
    assert read(text)[0] == "麵條很香，還會再來€\n佢哋啲嘢好靚，下次再嚟\n"


def test_where_two_kinds_of_big5_differ_and_nothing_tells_which_a_row_has_no_text() -> None:
    sample = "\n".join(TRADITIONAL) + "\n"
    for codec in ("cp950", "big5hkscs"):
        found, _ = read((sample * 40 + "好の味道\n").encode(codec))
        assert found.split("\n")[-2] in ("好の味道", "好\udc80味道")
    assert read((sample + "好の味道\n").encode("big5hkscs"), "big5-hkscs")[0].endswith("好の味道\n")


@pytest.mark.parametrize("times", [1, 3000])
@pytest.mark.parametrize("first", ["utf-8", "gbk"])
def test_of_a_file_put_together_of_two_encodings_the_rows_of_one_are_read(first: str, times: int) -> None:
    """And those of the other have no text."""
    second = {"utf-8": "gbk", "gbk": "utf-8"}[first]
    good, bad = ((f"{n},{text}\n" for n, text in enumerate(SIMPLIFIED * times)) for _ in range(2))
    data = "".join(good).encode(first) + "".join(bad).encode(second)
    found, name = read(data, size=65_536)
    rows = found.splitlines()
    assert len(rows) == 2 * times * len(SIMPLIFIED)
    wrong = [
        row for row, text in zip(rows, SIMPLIFIED * 2 * times, strict=True) if "\udc80" not in row and text not in row
    ]
    assert wrong == []
    assert sum("\udc80" not in row for row in rows) >= times * len(SIMPLIFIED)
    assert name == ("utf-8" if first == "utf-8" or times == 1 else "gb18030")


def test_broken_bytes_of_a_good_file_spoil_their_rows_alone() -> None:
    lines = [text.encode() for text in SIMPLIFIED]
    lines[3] = lines[3][:4] + b"\xff" + lines[3][4:]
    found, name = read(b"\n".join(lines))
    assert name == "utf-8"
    assert ["\udc80" in row for row in found.split("\n")] == [n == 3 for n in range(len(SIMPLIFIED))]


def test_what_was_likely_but_not_sure_is_noted() -> None:
    notes = Notes()
    list(Decoder(None, notes).text(iter(["张伟\n李娜\n".encode("gbk")])))
    (note,) = notes.all()
    assert note.code == "encoding_recognised"
    assert (note.facts["encoding"], 95 <= int(note.facts["share"]) < 100) == ("gb18030", True)
    list(Decoder(None, sure := Notes()).text(iter(["\n".join(SIMPLIFIED).encode("gbk")])))
    assert sure.all() == ()


def test_marks_are_no_characters() -> None:
    for codec, mark in (
        ("utf-8", codecs.BOM_UTF8),
        ("gb18030", b"\x84\x31\x95\x33"),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ):
        text = "\n".join(SIMPLIFIED)
        assert read(mark + text.encode(codec))[0] == text
        assert read(mark + text.encode(codec), codec)[0] == text
