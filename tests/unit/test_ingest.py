"""Files come in as they were written, wherever the network cuts them."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.ingest.files import File
from api.ingest.options import Limits, Reading
from api.ingest.streams import lines

LIMITS = Limits(
    file_bytes=10**9,
    inflated_bytes=10**9,
    inflate_ratio=10**6,
    rows=10**6,
    columns=100,
    cell_chars=10_000,
    text_chars=10_000,
)
TEXT = st.text(
    st.characters(codec="gb18030", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")) | st.sampled_from(',;"\n\t| '),
    min_size=1,
    max_size=30,
).filter(lambda text: bool(text.strip()))


@pytest.fixture(scope="module", autouse=True)
def csv_limit() -> Iterator[None]:
    """The csv module has one limit for the whole process."""
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[start : start + size] for start in range(0, len(data), size))


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(TEXT, min_size=1, max_size=20),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 200),
    packed=st.booleans(),
)
def test_what_the_csv_module_writes_is_read_again(
    texts: list[str], delimiter: str, encoding: str, end: str, size: int, packed: bool
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "text", "note"])
    writer.writerows([f"n{number}", text, "x"] for number, text in enumerate(texts))
    data = out.getvalue().encode(encoding)
    data = gzip.compress(data) if packed else data
    reading = Reading(delimiter=delimiter, encoding=encoding, keep_columns=True)
    with File(cut(data, size), reading, LIMITS) as file:
        rows = list(file.rows())
    assert [row.text for row in rows] == texts
    assert [row.cells for row in rows] == [(f"n{number}", "x") for number in range(len(texts))]


@given(st.text(st.sampled_from("ab\r\n\u2028\x0b"), max_size=40), st.integers(1, 7))
def test_lines_end_where_people_end_them_however_they_are_cut(text: str, size: int) -> None:
    pieces = (text[start : start + size] for start in range(0, len(text), size))
    assert list(lines(pieces)) == list(io.StringIO(text, newline=""))


def test_a_bad_row_tells_the_line_it_began_in() -> None:
    data = 'id,text\n1,"一\n二"\n2\n3,三\n'.encode()
    with File(cut(data, 5), Reading(), LIMITS) as file:
        rows = list(file.rows())
    assert [row.error.line for row in rows if row.error] == [4]


@pytest.mark.parametrize("name", ["内容", "CONTENT", "Review"])
def test_usual_headings_are_known(name: str) -> None:
    with File(iter([f"编号,{name},x\n1,很好,长长长长长长长长\n".encode()]), Reading(), LIMITS) as file:
        assert (file.format.text_column, file.format.id_column, file.format.has_header) == (name, "编号", True)
