"""python -m tools.evaluation.aspects on the bundled model: what it counts, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.support.paths import BUNDLED_MODEL
from tools.evaluation.aspects import main
from tools.evaluation.opinions import half_of
from tools.training import clauses

#: Text, aspect of the set `food`, polarity.
ROWS = (
    ("味道很好，但是服务态度太差了", "味道", "1"),
    ("味道很好，但是服务态度太差了", "服务", "-1"),
    ("菜很好吃，停车也方便", "味道", "1"),
    ("菜很好吃，停车也方便", "停车", "1"),
    ("难吃死了，再也不来", "味道", "-1"),
    ("上次来的是服务员小王", "服务", "0"),
    ("一家老店", "位置", "0"),
    ("今天天气不错，装修没看", "环境", "0"),
)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "方面.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "aspect", "polarity"), *ROWS])
    return path


def _table(printed: str) -> dict[str, list[str]]:
    """Return the cells of each line that are set apart by two blanks, by the first of them."""
    lines = [[cell for cell in line.split("  ") if cell] for line in printed.splitlines()]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines if cells}


def test_texts_that_the_model_has_learned_from_are_told_apart(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learned = tmp_path / "learned.csv"
    learned.write_text(f"text\n{ROWS[0][0]}\n今天天气不错\n", encoding="utf-8")
    assert main(["sentiq-small-zh", "food", str(labelled), "--learned", str(learned)]) == 0
    told = _table(capsys.readouterr().out)
    assert [told[group][0] for group in ("texts with mixed polarity", "texts not learned")] == ["2", "3"]


def test_finding_and_polarity_are_counted(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(BUNDLED_MODEL), "food", str(labelled)]) == 0
    printed = capsys.readouterr().out
    found = _table(printed[: printed.index("polarity")])
    assert found["味道"] == ["3", "3", "1.000", "1.000", "1.000"]
    assert found["服务"] == ["2", "2", "1.000", "1.000", "1.000"]
    assert found["位置"][:2] == ["1", "0"]
    judged = _table(printed[printed.index("polarity") :])
    assert judged["polarity"][0] == "aspects"
    assert judged["all"][0] == judged["of those found"][0] == "5"
    assert judged["texts with mixed polarity"][0] == "2"
    assert judged["texts with mixed polarity"][3].startswith("1.000")


def test_what_neutral_bands_would_do_is_counted(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with labelled.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(("味道是草莓的", "味道", "neutral"))
    assert main([str(BUNDLED_MODEL), "food", str(labelled)]) == 0
    printed = capsys.readouterr().out
    bands = _table(printed[printed.index("neutral band") :])
    assert bands["0"][1] == "0", "no band, no neutral ones"
    called = [int(bands[band][1]) for band in ("0", "0.05", "0.1", "0.2", "0.3")]
    assert called == sorted(called)
    assert bands["0"][-1].startswith("1.000"), "all that is judged here is right"


def test_the_halves_are_the_whole(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = {text for text, _, _ in ROWS}
    assert {half_of(text) for text in texts} == {"a", "b"}
    for half in "ab":
        mine = {text for text in texts if half_of(text) == half}
        assert main([str(BUNDLED_MODEL), "food", str(labelled), "--half", half]) == 0
        assert f": {len(mine)} texts, {sum(text in mine for text, _, _ in ROWS)} aspects" in capsys.readouterr().out


def test_what_cannot_be_measured_is_refused(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, reason in (
        (["car"], "no row has an aspect of car"),
        (["no-such-set"], "no set 'no-such-set' comes along: name one of shop, food, hotel, car, app, course"),
        (["no-such-set.yaml"], "no-such-set.yaml"),
        (["food", "--aspect", "nothing"], "nothing"),
    ):
        assert main([str(BUNDLED_MODEL), options[0], str(labelled), *options[1:]]) == 1
        captured = capsys.readouterr()
        assert reason in captured.err
        assert "precision" not in captured.out


def test_a_set_may_be_a_file(labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("id: own\naspects:\n- name: 味道\n  words: [好吃]\n", encoding="utf-8")
    assert main([str(BUNDLED_MODEL), str(own), str(labelled)]) == 0
    assert _table(capsys.readouterr().out)["味道"][:2] == ["3", "1"]


def test_clauses_of_judged_aspects_are_written_as_training_texts(labelled: Path, tmp_path: Path) -> None:
    """As the model reads them; those of neutral mentions and of aspects that are not found are left out."""
    out = tmp_path / "clauses.tsv"
    assert clauses.main(["food", str(labelled), "--out", str(out)]) == 0
    heading, *rows = (line.split("\t") for line in out.read_text(encoding="utf-8").splitlines())
    assert heading == ["label", "source", "text"]
    assert {(label, text) for label, _, text in rows} == {
        ("1", "味道很好"),
        ("0", "服务态度太差了"),
        ("1", "菜很好吃"),
        ("1", "停车也方便"),
        ("0", "难吃死了"),
    }
