"""What the client takes, and the frames it gives."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy
import pandas
import polars
import pytest

from api.schemas.jobs import ReadingQuery
from sentiq_client import MissingPackage, Note, Row, frames
from sentiq_client.cli.output import say_notes
from sentiq_client.inputs import Source, as_params, source_of

MISSING = (None, math.nan, numpy.float32("nan"), Decimal("nan"), pandas.NA, pandas.NaT)


def sent(data: Any, **options: Any) -> tuple[bytes, Source]:
    """The bytes of a submission, which are the same each time they are read."""
    source = source_of(data, options)
    try:
        with source.opened() as file:
            first = file.read()
        with source.opened() as file:
            assert file.read() == first
        assert len(first) == source.size
        return first, source
    finally:
        source.close()


def lines(data: Any) -> list[Any]:
    body, source = sent(data)
    assert source.content_type == "application/x-ndjson"
    return [json.loads(line) for line in body.splitlines()]


def cells(data: Any, **options: Any) -> list[list[str]]:
    body, source = sent(data, **options)
    assert (source.content_type, source.params["format"]) == ("text/csv", "csv")
    return list(csv.reader(io.StringIO(body.decode(), newline="")))


class ArrowOnly:
    """Something of which nothing is known but that it gives an Arrow stream."""

    def __init__(self, frame: Any) -> None:
        self.__arrow_c_stream__ = frame.__arrow_c_stream__


@pytest.mark.parametrize(
    "texts",
    [
        ["好", None, "坏"],
        ("好", math.nan, "坏"),
        iter(["好", None, "坏"]),
        {"好": 1, None: 2, "坏": 3}.keys(),
        numpy.array(["好", None, "坏"], dtype=object),
        pandas.Series(["好", None, "坏"]),
        pandas.Series(["好", pandas.NA, "坏"], index=[7, 7, 1], dtype="string"),
        pandas.Series(["好", None, "坏"], dtype="category"),
        polars.Series(["好", None, "坏"]),
    ],
    ids=lambda texts: f"{type(texts).__module__}.{type(texts).__name__}",
)
def test_lists_keep_their_order_and_what_is_missing(texts: Any) -> None:
    assert lines(texts) == ["好", None, "坏"]


@pytest.mark.parametrize("missing", MISSING, ids=repr)
def test_whatever_stands_for_a_missing_value_is_null(missing: Any) -> None:
    assert lines(["好", missing, {"text": missing, "custom_id": missing}]) == ["好", None, {"text": None}]
    assert cells(pandas.DataFrame({"text": ["好", missing]}, dtype=object))[2] == [""]


def test_numbers_are_texts_as_in_a_file_and_ids_too() -> None:
    assert lines([5, 0.5, numpy.int64(3), {"text": "好", "custom_id": 7}]) == [
        *("5", "0.5", "3"),
        {"text": "好", "custom_id": "7"},
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("评论.csv", "a str is no list of texts.*Path.*analyze"),
        (b"abc", "a bytes is no list"),
        ({"text": "好"}, "a dict is no list"),
        (5, "a int is no list"),
        ([["好"]], "item 0 is a list"),
        (["好", {"text": "好", "id": "1"}], "item 1 has 'text', 'id'"),
        ([{"custom_id": "1"}], "item 0 has 'custom_id'"),
        ([], "no texts"),
        (pandas.DataFrame({"text": []}), "no rows"),
    ],
)
def test_what_is_none_of_it_is_told_with_its_place(data: Any, told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=told):
        source_of(data, {})


@pytest.mark.parametrize("option", sorted(set(ReadingQuery.model_fields) - {"filename", "null_values"}))
def test_options_of_tables_are_for_tables(option: str) -> None:
    with pytest.raises(TypeError, match=f"{option} is for files and frames"):
        source_of(["好"], {option: True})


def test_an_option_of_several_values_is_repeated_and_none_of_them_is_said_too() -> None:
    asked = as_params({"text_column": ["评价", "追评"], "null_values": (), "header_row": 3})
    assert str(httpx.QueryParams(asked)) == str(
        httpx.QueryParams([("text_column", "评价"), ("text_column", "追评"), ("null_values", ""), ("header_row", "3")])
    )


def test_notes_on_a_file_are_for_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    notes = [{"code": "sheets_not_read", "detail": "Read: \x1b[2J9月. Not read: 说明.", "facts": {"others": ["说明"]}}]
    assert Note.read_all({"notes": notes})[0].facts == {"others": ["说明"]}
    assert Note.read_all({}) == Note.read_all(None) == [], "older services take none"
    say_notes({"notes": notes})
    assert capsys.readouterr() == ("", "note: Read: ?[2J9月. Not read: 说明.\n")


@pytest.mark.parametrize("kind", [pandas.DataFrame, polars.DataFrame, lambda d: ArrowOnly(polars.DataFrame(d))])
def test_a_frame_is_a_table_of_its_rows(kind: Callable[[dict[str, Any]], Any]) -> None:
    odd = 'a,"b"\r\n换行\t😀'
    frame = kind({"评论": ["好", None, odd, ""], "n": [1, 2, 3, 4], "at": [date(2026, 1, day) for day in (1, 2, 3, 4)]})
    assert cells(frame) == [
        *(["评论", "n", "at"], ["好", "1", "2026-01-01"], ["", "2", "2026-01-02"]),
        *([odd, "3", "2026-01-03"], ["", "4", "2026-01-04"]),
    ]
    assert len(cells(kind({"评论": ["好", None, "坏"]}))) == 4, "a row without anything is a row"


def test_half_a_character_in_a_frame_spoils_its_row_alone() -> None:
    body, _ = sent(pandas.DataFrame({"评论": ["好", "坏\ud800", "好"]}, dtype=object))
    assert body == "评论\n好\n".encode() + "坏".encode() + b"\xed\xa0\x80\n" + "好\n".encode()


def test_open_files_go_from_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "评论.csv"
    path.write_bytes("text\n好\n".encode("gb18030"))
    with path.open("rb") as file:
        file.seek(5)
        body, source = sent(file)
    assert (body.decode("gb18030"), source.params) == ("好\n", {"filename": "评论.csv"})
    with path.open(encoding="gb18030") as text:
        body, source = sent(text)
    assert (body.decode(), source.params) == ("text\n好\n", {"filename": "评论.csv", "encoding": "utf-8"})
    assert sent(io.StringIO("好"))[0] == "好".encode()
    assert sent(path)[1].params == {"filename": "评论.csv"}


def test_a_pipe_is_read_once_and_sent_as_often_as_needed() -> None:
    reading, writing = os.pipe()
    with open(writing, "wb") as file:  # noqa: PTH123  # of a descriptor
        file.write(b"abc\n")
    with open(reading, "rb") as pipe:  # noqa: PTH123
        body, source = sent(pipe)
    assert (body, dict(source.params)) == (b"abc\n", {})


def test_large_inputs_are_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def texts() -> Iterator[str]:
        yield from ("好" * 1_000 for _ in range(5_000))

    source = source_of(texts(), {})
    with source.opened() as file:
        assert sum(1 for _ in file) == 5_000
    assert source.size > 8 << 20
    source.close()
    assert list(tmp_path.iterdir()) == []


def test_options_become_a_query() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    asked = {"keep_columns": True, "metadata": {"a": "春"}, "start_at": start, "name": None, "neutral_band": 0.1}
    assert as_params(asked) == {
        "keep_columns": "true",
        "metadata": '{"a": "春"}',
        "start_at": "2026-01-01T00:00:00+00:00",
        "neutral_band": 0.1,
    }


def row(index: int, **fields: Any) -> Row:
    usual = {
        "index": index,
        "custom_id": None,
        "label": "positive",
        "label_zh": "积极",
        "score": 0.9,
        "probabilities": {"negative": 0.1, "positive": 0.9},
        "truncated": False,
        "model": "m@1",
        "degraded": False,
        "error": None,
        "text": "好",
        "columns": [["城市", "北京"], ["label", "x"], ["城市", "海淀"]],
    }
    return Row(**usual | fields)


ROWS = [
    row(0, custom_id="a"),
    row(
        1,
        label=None,
        label_zh=None,
        score=None,
        probabilities=None,
        error={"code": "empty_text", "detail": "Line 2: …", "line": 2},
    ),
]
HEADINGS = [
    *("城市", "label_2", "城市_2", "index", "custom_id", "text", "label", "label_zh", "score"),
    *("p_negative", "p_positive", "truncated", "model", "degraded", "error", "error_detail", "line"),
]


def test_a_frame_has_languages_where_rows_have_some() -> None:
    columns = frames.table([row(0, language="zh"), row(1)])
    assert list(columns)[-6:-3] == ["model", "language", "degraded"]
    assert columns["language"] == ("text", ["zh", None])


def test_a_frame_of_pandas_has_types() -> None:
    frame = frames.to_pandas(ROWS)
    assert list(frame.columns) == HEADINGS
    assert {name: str(kind) for name, kind in frame.dtypes.items() if kind != "string"} == {
        "index": "int64",
        "score": "float64",
        "p_negative": "float64",
        "p_positive": "float64",
        "truncated": "bool",
        "degraded": "bool",
        "line": "Int64",
    }
    assert frame["score"].isna().tolist() == [False, True]
    assert (frame["line"].isna().tolist(), frame["line"][1]) == ([True, False], 2)
    assert frame["城市_2"].tolist() == ["海淀", "海淀"]
    assert list(frames.to_pandas([]).columns)[:2] == ["index", "custom_id"]
    assert str(frames.to_pandas([]).dtypes["score"]) == "float64"


def test_a_frame_of_polars_has_types() -> None:
    frame = frames.to_polars(ROWS)
    assert frame.columns == HEADINGS
    assert {name: kind for name, kind in frame.schema.items() if kind != polars.String} == {
        "index": polars.Int64,
        "score": polars.Float64,
        "p_negative": polars.Float64,
        "p_positive": polars.Float64,
        "truncated": polars.Boolean,
        "degraded": polars.Boolean,
        "line": polars.Int64,
    }
    assert frame["score"].to_list() == [0.9, None]
    assert frames.to_polars([]).schema["line"] == polars.Int64


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_what_is_not_installed_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackage, match=f"pip install {package}"):
        getattr(frames, f"to_{package}")(ROWS)


def test_arrow_needs_one_of_its_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = ArrowOnly(polars.DataFrame({"text": ["好"]}))
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackage, match="pip install polars"):
        source_of(stream, {})


def test_texts_may_have_dates() -> None:
    items = [
        {"text": "很好", "date": None},
        {"text": "不好", "date": date(2024, 3, 5)},
        {"text": "慢", "custom_id": "3", "date": datetime(2024, 3, 5, 15, tzinfo=UTC)},
        {"text": "快", "date": "2024年5月3日"},
    ]
    body, source = sent(items)
    assert [json.loads(line).get("date") for line in body.splitlines()] == [
        *(None, "2024-03-05", "2024-03-05T15:00:00+00:00", "2024年5月3日")
    ]
    assert source.params == {"date_column": "date"}, "the first one may have none"
    with pytest.raises(ValueError, match="item 1 has a date and the first one has none"):
        sent([{"text": "很好"}, *items[1:]])


def test_texts_may_have_languages() -> None:
    items: list[dict[str, str | None]] = [
        {"text": "よい", "language": "ja"},
        {"text": "好", "language": None},
        {"text": "ok", "date": "2024-03-05"},
    ]
    body, source = sent(items[:2])
    assert [json.loads(line)["language"] for line in body.splitlines()] == ["ja", None]
    assert source.params == {"language_column": "language"}
    both = [{**item, "date": None, "language": "zh"} for item in items]
    assert sent(both)[1].params == {"date_column": "date", "language_column": "language"}
    with pytest.raises(ValueError, match="item 2 has a date and the first one has none"):
        sent(items)
    with pytest.raises(ValueError, match="item 1 has a language and the first one has none"):
        sent([{"text": "好"}, items[0]])
