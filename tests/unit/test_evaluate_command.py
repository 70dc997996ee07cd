"""sentiq-evaluate on the bundled model: reports, comparison, a fitted calibration, and what it refuses."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

import pytest

from sentiq.engine import Engine
from sentiq.engine.registry import Calibration, read_manifest
from tests.support.models import BUNDLED, copy_contrary, make_multilingual, make_pair
from tests.support.paths import BUNDLED_MODEL
from tests.support.texts import sentences
from tools.evaluation.__main__ import main
from tools.evaluation.calibrated import store_calibrated

ROWS = 400


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts whose labels are drawn with the probabilities that the bundled model gives: its scores are right."""
    texts, dice = sentences(ROWS), random.Random(2)
    predictions = Engine.load(BUNDLED_MODEL).classify(texts)
    path = tmp_path_factory.mktemp("labelled") / "评论.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["编号", "渠道", "评论内容", "情感倾向"])
        for number, (text, prediction) in enumerate(zip(texts, predictions, strict=True)):
            label = "正面" if dice.random() < prediction.probabilities[1] else "负面"
            rows.writerow([number, "网店" if number % 3 else "门店", text, label])
        rows.writerow([ROWS, "门店", texts[0], ""])
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with the bundled model, overconfident: `cold`."""
    store_calibrated(BUNDLED_MODEL, Calibration(0.25), tmp_path / "store", {})
    return tmp_path / "store"


def test_a_model_is_measured_and_reported(labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written, html = tmp_path / "report.json", tmp_path / "report.html"
    command = [str(BUNDLED_MODEL), str(labelled), "--source", "渠道", "--json", str(written), "--html", str(html)]
    assert main(command) == 0
    report = json.loads(written.read_text(encoding="utf-8"))
    assert report["model"] == read_manifest(BUNDLED_MODEL).name
    assert report["columns"] == {"text": "评论内容", "label": "情感倾向", "source": "渠道"}
    assert (report["rows"], report["without_label"], report["without_answer"]) == (ROWS, 1, 0)
    assert sum(map(sum, report["confusion"]["counts"])) == ROWS
    assert report["accuracy"]["low"] < report["accuracy"]["value"] < report["accuracy"]["high"]
    assert report["calibration"]["error"]["low"] < 0.05
    assert {each["source"]: each["rows"] for each in report["by_source"]} == {"网店": 266, "门店": 134}
    assert all(mistake["label"] != mistake["predicted"] for mistake in report["mistakes"])
    assert (report["comparison"], report["fitted"]) == (None, None)
    printed = capsys.readouterr().out
    assert f"{report['accuracy']['value']:.4f}" in printed
    assert "1 rows without a label were left out" in printed
    assert f"{100 * report['accuracy']['value']:.1f} %" in html.read_text(encoding="utf-8")


def test_two_models_are_compared_on_the_same_rows(
    labelled: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (cold,) = store.glob("*@*")
    written = tmp_path / "report.json"
    assert (
        main([str(BUNDLED_MODEL), str(labelled), "--against", cold.name, "--store", str(store), "--json", str(written)])
        == 0
    )
    report = json.loads(written.read_text(encoding="utf-8"))
    assert report["comparison"]["rows"] == ROWS
    assert report["comparison"]["p_value"] == 1  # a temperature changes no label
    assert report["against"]["model"] == cold.name
    assert report["against"]["calibration"]["error"]["value"] > report["calibration"]["error"]["value"]
    assert "may be chance" in capsys.readouterr().out


def test_a_pair_is_compared_with_its_teacher_and_cannot_be_calibrated_itself(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, written = tmp_path / "store", tmp_path / "report.json"
    copy_contrary(store, "contrary")
    pair = make_pair(store, BUNDLED, "contrary", 0.0)  # the student answers all
    command = [pair.manifest.id, str(labelled), "--store", str(store)]

    assert main([*command, "--against", "contrary", "--json", str(written)]) == 0
    report = json.loads(written.read_text(encoding="utf-8"))
    assert report["model"] == pair.manifest.name
    assert report["accuracy"]["value"] == pytest.approx(1 - report["against"]["accuracy"]["value"])

    assert main([*command, "--fit"]) == 1
    assert "is a pair: fit each of the two" in capsys.readouterr().err


def test_a_fitted_calibration_is_stored_and_helps(
    labelled: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (cold,) = store.glob("*@*")
    written = tmp_path / "report.json"
    assert main([cold.name, str(labelled), "--fit", "--store", str(store), "--json", str(written)]) == 0
    report = json.loads(written.read_text(encoding="utf-8"))
    fitted = report["fitted"]
    assert fitted["temperature"] == pytest.approx(1, rel=0.25)  # that of the bundled model, whose scores are right
    assert fitted["calibration"]["error"]["value"] < report["calibration"]["error"]["value"] / 2
    assert fitted["log_loss"] < fitted["log_loss_before"]
    (new,) = set(store.glob("*@*")) - {cold}
    manifest = read_manifest(new)
    assert manifest.name == fitted["model"]
    assert manifest.calibration.temperature == pytest.approx(fitted["temperature"], abs=1e-4)
    assert json.loads((new / "manifest.json").read_text())["calibration"]["rows"] == ROWS
    assert f"{manifest.name} is stored" in capsys.readouterr().out


def test_a_calibration_that_gains_nothing_is_not_stored(
    labelled: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The best for some rows is no gain for others when all rows together have the best already."""
    before = set(store.glob("*@*"))
    assert main(["sentiq-small-zh", str(labelled), "--fit", "--store", str(store)]) == 0
    (fitted,) = set(store.glob("*@*")) - before
    assert main([fitted.name, str(labelled), "--fit", "--store", str(store)]) == 0
    assert "nothing to gain" in capsys.readouterr().out
    assert set(store.glob("*@*")) == before | {fitted}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["no-such-model"], ("no model 'no-such-model'", "sentiq-small-zh")),
        (["sentiq-small-zh", "--label", "渠道"], ("row 1", "'门店'", "negative, positive")),
        (["sentiq-small-zh", "--text", "内容"], ("--text", "'内容'")),
        (["sentiq-small-zh", "--backend", "torch"], ("torch",)),
    ],
)
def test_what_cannot_be_done_is_said_with_a_remedy(
    labelled: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: tuple[str, ...]
) -> None:
    assert main([options[0], str(labelled), *options[1:]]) == 1
    said = capsys.readouterr().err
    assert said.startswith("sentiq-evaluate: ")
    assert said.count("\n") == 1
    for word in words:
        assert word in said


def test_few_rows_fit_nothing(labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = tmp_path / "few.csv"
    few.write_text("".join(labelled.read_text(encoding="utf-8").splitlines(keepends=True)[:50]), encoding="utf-8")
    assert main(["sentiq-small-zh", str(few), "--fit", "--store", str(tmp_path)]) == 1
    assert "--fit needs at least 100" in capsys.readouterr().err


def test_doubles_and_contradictions_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("text,label\n味道不错，下次还来,1\n物流太慢，很失望,0\n味道不错，下次还来,0\n", encoding="utf-8")
    assert main(["sentiq-small-zh", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "1 rows have the text of a row before" in printed
    assert "rows 1, 3 (味道不错，下次还来)" in printed


MIXED = [
    ("菜很好吃，下次还来", "zh", "positive"),
    ("太差了，再也不来", "", "负面"),
    ("とても良い商品です", "Japanese", "positive"),
    ("the food was great and the staff too", "", "neutral"),
    ("👍👍", "", "positive"),
]


def mixed(directory: Path, *more: tuple[str, str, str]) -> Path:
    """Write labelled texts in several languages, some of which are given; return the file."""
    path = directory / "mixed.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "lang", "label"), *MIXED, *more])
    return path


@pytest.fixture
def routed(tmp_path: Path) -> list[str]:
    """The beginning of a command that evaluates routes."""
    make_multilingual(tmp_path / "store", "tri")
    return [f"zh={BUNDLED},*=tri", "--store", str(tmp_path / "store")]


def test_routes_are_measured_by_language_and_compared_with_one_model(
    routed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written, html = tmp_path / "report.json", tmp_path / "report.html"
    asked = ["--against", "tri", "--json", str(written), "--html", str(html)]
    assert main([*routed, str(mixed(tmp_path)), *asked]) == 0
    report = json.loads(written.read_text(encoding="utf-8"))
    assert report["columns"]["language"] == "lang"
    found = {each["language"]: (each["model"].partition("@")[0], each["rows"]) for each in report["by_language"]}
    assert found == {"zh": (BUNDLED, 2), "ja": ("tri", 1), "en": ("tri", 1), "": (BUNDLED, 1)}
    chinese = next(each for each in report["by_language"] if each["language"] == "zh")
    assert chinese["accuracy"]["value"] == 1
    assert chinese["against"]["low"] <= chinese["against"]["value"]
    assert report["confusion"]["labels"] == ["negative", "positive", "neutral"]
    assert re.search(rf"zh +{BUNDLED}@\w+ +2 ", capsys.readouterr().out)
    assert "<h2>By language</h2>" in html.read_text(encoding="utf-8")


def test_one_model_is_measured_by_the_languages_that_the_file_names(tmp_path: Path) -> None:
    written, file = tmp_path / "report.json", tmp_path / "two.csv"
    file.write_text("text,spoken,label\n好,zh,positive\n差,zh,negative\nok,en,positive\n", encoding="utf-8")
    assert main([BUNDLED, str(file), "--language", "spoken", "--json", str(written)]) == 0
    report = json.loads(written.read_text(encoding="utf-8"))
    found = [(each["language"], each["rows"], each["against"]) for each in report["by_language"]]
    assert found == [("zh", 2, None), ("en", 1, None)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("一般般", "", "中性"), "row 6: 'neutral', and its language zh has the model sentiq-small-zh@"),
        (("ok", "en", "angry"), "labels that are none of negative, neutral, positive: row 6: 'angry'"),
    ],
)
def test_a_label_that_the_model_of_a_language_does_not_have_stops_the_command(
    row: tuple[str, str, str], reason: str, routed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*routed, str(mixed(tmp_path, row)), "--label", "label"]) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert "leave their cells empty" in said


def test_numbers_are_no_labels_of_routes_whose_models_have_others(
    routed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text("text,label\n好,0\n差,1\nok,2\n", encoding="utf-8")
    assert main([*routed, str(file), "--label", "label"]) == 1
    assert "write names instead" in capsys.readouterr().err
    assert main([*routed, str(mixed(tmp_path)), "--fit"]) == 1
    assert "fit each of their models" in capsys.readouterr().err
