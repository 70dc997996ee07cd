"""Traditional characters: OpenCC's table, what it changes for the bundled model, and models prepared with it."""

from __future__ import annotations

import csv
import gzip
import importlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sentiq.engine import Engine
from tests.support.paths import BUNDLED_MODEL
from tools.prepare.__main__ import main
from tools.traditional import TABLE

# transformers and torch's exporters announce changes of their own.
pytestmark = pytest.mark.filterwarnings("ignore")

TRADITIONAL, SIMPLIFIED = "這家店的麵很香，服務態度卻太差了", "这家店的面很香，服务态度却太差了"


@pytest.mark.parametrize("option", ["keep", "simplify"])
def test_a_model_is_prepared_as_asked(option: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    checkpoint = importlib.import_module("tests.torch.checkpoints").structbert(tmp_path / "own-model")
    assert main([str(checkpoint), "--store", str(tmp_path), "--min-agreement", "1.1", "--traditional", option]) == 0
    [directory] = tmp_path.glob("*@*")
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    assert manifest.get("traditional", "keep") == option
    one, other = Engine.load(directory).classify([TRADITIONAL, SIMPLIFIED])
    assert (one == other) is (option == "simplify")


def test_the_table_is_that_of_opencc() -> None:
    for name in ("opencc", "sentencepiece"):
        pytest.importorskip(name, reason="the table is made with opencc and sentencepiece: requirements/training.in")
    making = importlib.import_module("tools.traditional.__main__")
    assert making.compiled(making.pairs()) == TABLE.read_bytes()


@pytest.mark.data
@pytest.mark.parametrize("script", ["s2t", "s2tw", "s2twp", "s2hk"])
def test_the_bundled_model_is_right_as_often_in_both_scripts(script: str, tell: Callable[[str], None]) -> None:
    opencc = pytest.importorskip("opencc", reason="writes simplified texts in traditional characters")
    folder = os.environ.get("TEST_DATA")
    if not folder:
        pytest.skip("set TEST_DATA to the folder of the labelled data (dev.tsv.gz)")
    with gzip.open(Path(folder) / "dev.tsv.gz", "rt", encoding="utf-8", newline="\n") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    engine = Engine.load(BUNDLED_MODEL)

    def accuracy(texts: Sequence[str]) -> float:
        found = [prediction.probabilities for prediction in engine.classify(texts)]
        right = sum(each.index(max(each)) == int(row["label"]) for each, row in zip(found, rows, strict=True))
        return right / len(rows)

    simplified = accuracy([row["text"] for row in rows])
    converter = opencc.OpenCC(script)
    traditional = accuracy([converter.convert(row["text"]) for row in rows])
    tell(f"accuracy on {len(rows)} rows: {simplified:.4f} as they are, {traditional:.4f} converted by OpenCC {script}")
    assert abs(simplified - traditional) <= 0.01
