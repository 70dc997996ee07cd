"""Files come in as they were written, wherever the network cuts them."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import random
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from api.ingest.files import File
from api.ingest.options import Reading
from api.ingest.streams import line_lists
from sentiq.core.errors import InvalidInput
from sentiq.core.invisible_characters import is_blank
from tests.support.examples import effort
from tests.support.reading import LIMITS, cut

TEXT = st.text(
    st.characters(codec="gb18030", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")) | st.sampled_from(',;"\n\t| '),
    min_size=1,
    max_size=30,
).filter(lambda text: not is_blank(text))


@pytest.fixture(scope="module", autouse=True)
def csv_limit() -> Iterator[None]:
    """The csv module has one limit for the whole process."""
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


@pytest.mark.more
@settings(max_examples=effort(300))
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
    reading = Reading(delimiter=delimiter, encoding=encoding, text_column=("text",), null_values=(), keep_columns=True)
    with File(cut(data, size), reading, LIMITS) as file:
        rows = list(file.rows())
    assert [row.text for row in rows] == texts
    assert [row.cells for row in rows] == [(f"n{number}", "x") for number in range(len(texts))]


@given(st.text(st.sampled_from("ab\r\n\u2028\x0b"), max_size=40), st.integers(1, 7))
def test_lines_end_where_people_end_them_however_they_are_cut(text: str, size: int) -> None:
    pieces = (text[start : start + size] for start in range(0, len(text), size))
    expected = list(io.StringIO(text, newline="\n" if "\n" in text else ""))
    assert list(itertools.chain.from_iterable(line_lists(pieces))) == expected


def test_a_bad_row_tells_the_line_it_began_in() -> None:
    data = 'id,text\n1,"一\n二"\n2\n3,三\n'.encode()
    with File(cut(data, 5), Reading(), LIMITS) as file:
        rows = list(file.rows())
    assert [row.error.line for row in rows if row.error] == [4]


@pytest.mark.parametrize("name", ["内容", "CONTENT", "Review"])
def test_usual_headings_are_known(name: str) -> None:
    with File(iter([f"编号,{name},x\n1,很好,长长长长长长长长\n".encode()]), Reading(), LIMITS) as file:
        assert (file.format.text_column, file.format.id_column, file.format.has_header) == (name, "编号", True)


def damaged_workbooks(count: int) -> Iterator[bytes]:
    """A workbook with some bytes changed, in the archive or in one of its parts."""
    book = Workbook()
    assert book.active is not None
    for n in range(30):
        book.active.append([f"a{n}", f"味道不错{n}", n * 1.5, date(2026, 1, 1 + n % 28)])
    out = io.BytesIO()
    book.save(out)
    chance = random.Random(1)
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for n in range(count):
        where = chance.choice(sorted(parts)) if n % 2 else ""
        data = bytearray(parts[where] if where else out.getvalue())
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(4, len(data))  # behind the signature of an archive
            data[at : at + chance.choice((0, 1, 30))] = bytes(chance.choices(range(256), k=chance.choice((0, 1, 3))))
        if where:
            again = io.BytesIO()
            with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, part in parts.items():
                    archive.writestr(name, bytes(data) if name == where else part)
            data = bytearray(again.getvalue())
        yield bytes(data)


@pytest.mark.more
def test_a_damaged_workbook_is_refused_whatever_is_damaged() -> None:
    codes: Counter[str] = Counter()
    count = effort(80)
    for data in damaged_workbooks(count):
        try:
            with File(iter([data]), Reading(file_name="a.xlsx"), LIMITS) as file:
                codes["read"] += bool(list(file.rows()))
        except InvalidInput as error:
            codes[error.errors[0].code] += 1
    assert codes["damaged_workbook"] > 30 / 80 * count, codes


@pytest.mark.parametrize(
    "content", [b'{"id": 1, "tex\xfft": "a", "text": "good, really"}\n', b"sep=\xff\nid,text\n1,good and cheap\n"]
)
def test_what_is_told_of_a_file_can_be_stored(content: bytes) -> None:
    """Names of columns may have bytes that are no characters."""
    with File(iter([content]), Reading(encoding="utf-8", keep_columns=True), LIMITS) as file:
        list(file.rows())
        file.format.dumps().encode()
