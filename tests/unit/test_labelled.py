"""Labelled texts are read from the files people have, and what cannot be used is refused with its row and remedy."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from sentiq.evaluation.label_names import UnclearNumbers, cell_label, meanings
from tools.labelled import LabelledError, read_labelled, read_texts

GOOD, BAD, SO_SO = "质量很好，下次还来", "物流太慢了，很失望", "还行吧，一分钱一分货"
ROWS = [(GOOD, "正面", "shop"), (BAD, "负面", "forum"), (GOOD + "！", "正面", "shop"), (BAD + "！", "负面", "forum")]
HEADINGS = ("评论内容", "情感倾向", "来源")


def as_csv(rows: Sequence[Sequence[object]], delimiter: str = ",") -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(rows)
    return written.getvalue().encode()


def as_xlsx(rows: Sequence[Sequence[object]]) -> bytes:
    book, written = Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    book.save(written)
    return written.getvalue()


def as_jsonl(rows: Sequence[Sequence[object]]) -> bytes:
    names, *below = rows
    return "".join(
        json.dumps(dict(zip(map(str, names), row, strict=True)), ensure_ascii=False) + "\n" for row in below
    ).encode()


def file_of(folder: Path, *rows: Sequence[object], name: str = "labelled.csv") -> Path:
    path = folder / name
    path.write_bytes(as_csv(rows))
    return path


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", as_csv),
        ("a.tsv", lambda rows: as_csv(rows, "\t")),
        ("a.csv.gz", lambda rows: gzip.compress(as_csv(rows))),
        ("a.xlsx", as_xlsx),
        ("a.jsonl", as_jsonl),
        ("gbk.csv", lambda rows: as_csv(rows).decode().encode("gbk")),
    ],
)
def test_any_file_is_read(tmp_path: Path, name: str, write: Callable[[Sequence[Sequence[object]]], bytes]) -> None:
    path = tmp_path / name
    path.write_bytes(write([HEADINGS, *ROWS]))
    read = read_labelled(path)
    assert read.texts == [row[0] for row in ROWS]
    assert read.labels == ["positive", "negative", "positive", "negative"]
    assert read.sources == ["shop", "forum", "shop", "forum"]
    assert read.rows == [1, 2, 3, 4]
    assert (read.text_column, read.label_column, read.source_column) == HEADINGS


@pytest.mark.parametrize(
    ("heading", "values", "labels"),
    [
        ("label", ("1", "0"), ("positive", "negative")),
        ("sentiment", ("Positive", "NEG"), ("positive", "negative")),
        ("情感", ("积极", "消极"), ("positive", "negative")),
        ("标签", ("1.0", "0.0"), ("positive", "negative")),
        ("Polarity", ("1", "-1"), ("positive", "negative")),
        ("类别", ("好评", "差评"), ("positive", "negative")),
        ("备注二", ("正面", "负面"), ("positive", "negative")),  # its cells say it
        ("标注", ("物流", "质量"), ("物流", "质量")),  # names that are nobody's but the file's
    ],
)
def test_the_column_of_labels_is_recognised(
    tmp_path: Path, heading: str, values: tuple[str, str], labels: tuple[str, str]
) -> None:
    rows = [(GOOD, values[0], "5"), (BAD, values[1], "1")] * 2
    read = read_labelled(file_of(tmp_path, ("评论内容", heading, "评分"), *rows))
    assert read.label_column == heading
    assert read.labels == [*labels, *labels]
    assert read.sources is None


def test_the_labels_may_stand_before_the_texts(tmp_path: Path) -> None:
    read = read_labelled(file_of(tmp_path, ("source", "label", "text"), *[row[::-1] for row in ROWS]))
    assert (read.texts[1], read.labels[1], (read.sources or [])[1]) == (BAD, "negative", "forum")


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = file_of(tmp_path, ("a", "b", "label", "c"), *[(GOOD, "neg", "pos", "x"), (BAD, "pos", "neg", "y")])
    assert read_labelled(path).labels == ["positive", "negative"]
    named = read_labelled(path, text="a", label="b", source="4")
    assert named.labels == ["negative", "positive"]
    assert named.sources == ["x", "y"]


def test_a_file_without_headings_is_read(tmp_path: Path) -> None:
    read = read_labelled(file_of(tmp_path, *[row[:2] for row in ROWS]))
    assert read.labels == ["positive", "negative", "positive", "negative"]
    assert read.label_column == "column 2"


def test_rows_that_lack_a_text_or_a_label_are_counted_and_left_out(tmp_path: Path) -> None:
    rows = [(GOOD, "pos"), ("", "neg"), (BAD, " "), (BAD, "neg"), ("无", "neg")]
    read = read_labelled(file_of(tmp_path, ("text", "label"), *rows))
    assert (read.texts, read.rows) == ([GOOD, BAD], [1, 4])
    assert (read.without_text, read.without_label) == (2, 1)


def test_doubles_and_contradictions_are_told(tmp_path: Path) -> None:
    rows = [(GOOD, "pos"), (BAD, "neg"), (GOOD, "pos"), (SO_SO, "pos"), (SO_SO + " ", "neg")]
    read = read_labelled(file_of(tmp_path, ("text", "label"), *rows))
    assert len(read.texts) == 5
    (conflict,) = read.conflicts()
    assert (conflict.rows, conflict.labels) == ((4, 5), ("positive", "negative"))
    assert read.distinct().texts == [GOOD, BAD]
    assert read.distinct().rows == [1, 2]


@pytest.mark.parametrize(
    ("labels", "value", "known"),
    [
        (None, "postive", "negative, neutral, positive"),
        (("negative", "positive"), "neutral", "negative, positive"),
        (("negative", "positive"), "2", "negative, positive"),
        (("物流", "质量"), "物硫", "物流, 质量"),
    ],
)
def test_a_misspelt_label_is_refused_with_its_row(
    tmp_path: Path, labels: tuple[str, ...] | None, value: str, known: str
) -> None:
    right = ("物流", "质量") if labels and "物流" in labels else ("pos", "neg")
    path = file_of(tmp_path, ("text", "label"), (GOOD, right[0]), (BAD, right[1]), (SO_SO, value))
    with pytest.raises(LabelledError) as refused:
        read_labelled(path, label="label", labels=labels)
    for word in ("labelled.csv", "'label'", "row 3", repr(value), known):
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ([("text", "rating"), (GOOD, "5"), (BAD, "1")], {}, ("--label", "'rating'")),
        ([("text", "label"), (GOOD, "pos")], {"label": "sentiment"}, ("--label", "'sentiment'", "'label'")),
        ([("text", "label"), (GOOD, "pos")], {"text": "content"}, ("--text", "'content'")),
        ([("text", "label"), (GOOD, "pos")], {"label": "text"}, ("'text'", "both")),
        ([("id", "label"), ("1", "pos"), ("2", "neg")], {}, ("--text",)),
        ([("text", "label"), (GOOD, ""), (BAD, "")], {"label": "label"}, ("no row has both", "2 without a label")),
        ([("text", "label"), (GOOD, "3"), (BAD, "7")], {"label": "label"}, ("3, 7", "names")),
        ([("text", "label")], {}, ("no rows",)),
        ([], {}, ("empty",)),
        ([("text", "note"), *((GOOD, f"n{n}") for n in range(60))], {"label": "note"}, ("60 different", "--label")),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_remedy(
    tmp_path: Path, rows: list[tuple[str, ...]], options: dict[str, str], words: tuple[str, ...]
) -> None:
    with pytest.raises(LabelledError) as refused:
        read_labelled(file_of(tmp_path, *rows), **options)
    for word in ("labelled.csv", *words):
        assert word in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelledError, match=r"nowhere\.csv: No such file"):
        read_labelled(tmp_path / "nowhere.csv")


def test_texts_are_read_without_labels(tmp_path: Path) -> None:
    plain = tmp_path / "texts.txt"
    plain.write_text(f"{GOOD}\n\n{BAD}\n", encoding="utf-8")
    assert read_texts(plain) == [GOOD, BAD]
    assert read_texts(file_of(tmp_path, HEADINGS, *ROWS)) == [row[0] for row in ROWS]
    with pytest.raises(LabelledError, match="--text"):
        read_texts(file_of(tmp_path, ("id", "rating"), ("1", "5"), ("2", "4")))


@pytest.mark.parametrize(
    ("found", "labels", "meant"),
    [
        ({"0", "1"}, None, {"0": "negative", "1": "positive"}),
        ({"0", "1"}, ("positive", "negative"), {"0": "negative", "1": "positive"}),
        ({"0", "1"}, ("calm", "angry"), {"0": "calm", "1": "angry"}),
        ({"0", "1", "2"}, ("negative", "neutral", "positive"), {"0": "negative", "1": "neutral", "2": "positive"}),
        ({"-1", "0", "1"}, ("negative", "neutral", "positive"), {"-1": "negative", "0": "neutral", "1": "positive"}),
        ({"-1", "0", "1"}, ("negative", "positive"), {"-1": "negative", "1": "positive"}),
        ({"4", "5"}, ("3", "4", "5"), {"4": "4", "5": "5"}),
        ({"positive", "other"}, ("negative", "positive"), {"positive": "positive"}),
        ({"positive", "negative", "2"}, ("negative", "positive"), {"positive": "positive", "negative": "negative"}),
        ({"1", "2", "3", "5"}, ("negative", "positive"), {"1": "negative", "2": "negative", "5": "positive"}),
        ({"1", "3", "4"}, ("negative", "neutral", "positive"), {"1": "negative", "3": "neutral", "4": "positive"}),
        ({"1 star", "3 stars", "5 stars"}, ("positive", "negative"), {"1 star": "negative", "5 stars": "positive"}),
        ({"1 star", "5 stars"}, ("1 star", "5 stars"), {"1 star": "1 star", "5 stars": "5 stars"}),
        ({"1 star", "5 stars"}, None, {"1 star": "1 star", "5 stars": "5 stars"}),
    ],
)
def test_numbers_have_the_meaning_that_they_have_in_use(
    found: set[str], labels: tuple[str, ...] | None, meant: dict[str, str]
) -> None:
    assert meanings(found, labels) == meant


@pytest.mark.parametrize(
    ("found", "labels"),
    [
        ({"0", "1", "2"}, None),
        ({"0", "1"}, ("a", "b", "c")),
        ({"0", "1", "2"}, ("negative", "positive")),  # 1 may be neutral
        ({"0", "1", "4", "5"}, ("negative", "positive")),
        ({"0", "1", "2"}, ("calm", "angry")),
        ({"0", "1", "7", "10"}, ("negative", "neutral", "positive")),
    ],
)
def test_numbers_that_may_mean_several_things_are_refused(found: set[str], labels: tuple[str, ...] | None) -> None:
    with pytest.raises(UnclearNumbers, match="0, 1"):
        meanings(found, labels)


def test_a_cell_is_read_as_people_mean_it() -> None:
    stars = ("5星", "五星", "5分", "5.0分", "★★★★★", "5 stars")
    assert {cell_label(cell) for cell in stars} == {"5 stars"}
    assert {cell_label(cell) for cell in ("1星", "一颗星", "★☆☆☆☆", "1 Star", "⭐")} == {"1 star"}
    assert [cell_label(cell) for cell in ("负 面", "正", "负", "中", "10分")] == [
        "negative", "positive", "negative", "neutral", "10分",
    ]  # fmt: skip
    assert [cell_label(cell) for cell in (" 正面 ", "Ｐos", "1.0", "+1", "01", "", " 物流 ")] == [
        "positive", "positive", "1", "1", "1", "", "物流",
    ]  # fmt: skip
