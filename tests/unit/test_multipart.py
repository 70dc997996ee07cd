"""Forms as browsers and programs write them: names and fields in any encoding are names and fields."""

from __future__ import annotations

import pytest

from api.ingest.arriving.multipart import Form, read_form


def form(disposition: bytes, field: bytes = b"", content_type: bytes = b"Content-Type: text/csv; charset=GBK") -> Form:
    """Return a form with a field of this value, if there is one, and a file."""
    parts = [b'Content-Disposition: form-data; name="text_column"\r\n\r\n' + field] if field else []
    parts.append(
        b"Content-Disposition: form-data; name=file; " + disposition + b"\r\n" + content_type + b"\r\n\r\ntext\n"
    )
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    return read_form(iter([body]), "b")


@pytest.mark.parametrize(
    "disposition",
    [
        *('filename="评论.csv"'.encode(codec) for codec in ("utf-8", "gbk")),
        *(b"filename*=UTF-8''%E8%AF%84%E8%AE%BA.csv", b"filename*=GBK''%C6%C0%C2%DB.csv"),
        *(b'filename="=?UTF-8?B?6K+E6K66LmNzdg==?="', b'filename="=?gb2312?Q?=C6=C0=C2=DB.csv?="'),
        *(b'filename="%E8%AF%84%E8%AE%BA.csv"', b'filename="&#35780;&#35770;.csv"'),
        *('filename="C:\\Users\\me\\评论.csv"'.encode(codec) for codec in ("utf-8", "gbk")),
        *('filename="/data/评论.csv"'.encode(), "filename=评论.csv".encode("gbk")),
        'filename="C:\\\\Users\\\\评论.csv"'.encode(),
    ],
)
def test_a_file_name_is_a_name_in_any_dress(disposition: bytes) -> None:
    found = form(disposition)
    assert (found.file_name, found.content_type) == ("评论.csv", "text/csv; charset=GBK")
    assert b"".join(found.data) == b"text\n"


def test_what_only_looks_like_a_dress_stays() -> None:
    assert form(b'filename="100%25 a &amp; b.csv"').file_name == "100%25 a &amp; b.csv"
    assert form(b'filename="=?utf-8?B?a?="').file_name == "=?utf-8?B?a?="
    assert form(b'filename="a\\"b.csv"').file_name == 'a"b.csv'
    assert form(b'filename=""').file_name == ""


@pytest.mark.parametrize("codec", ["utf-8", "gbk", "big5"])
def test_a_field_is_read_in_its_encoding(codec: str) -> None:
    value = "評論內容" if codec == "big5" else "评论"
    assert form(b'filename="a.csv"', value.encode(codec)).fields == {"text_column": [value]}


@pytest.mark.parametrize("field", [b"\xff\xfe\xff", b"\x80", bytes(range(128, 256))])
def test_a_field_or_a_name_of_no_encoding_is_no_fault_of_the_form(field: bytes) -> None:
    found = form(b'filename="' + field + b'.csv"', field)
    assert found.file_name.endswith(".csv")
    assert found.fields["text_column"][0]
