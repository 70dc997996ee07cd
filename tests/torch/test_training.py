"""The training command, on texts of our own; its real result is checked by test_bundled_model.py."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sentiq.engine import Engine
from tests.support.paths import REPOSITORY

pytest.importorskip("torch", reason="training needs torch: see tools/training/README.md")
pytest.importorskip("sklearn", reason="training needs scikit-learn: see tools/training/README.md")

# By name, as type checkers run without torch and would follow an import statement into code that needs it.
torch = importlib.import_module("torch")
data, export, ngrams, tokens = (
    importlib.import_module(f"tools.training.{name}") for name in ("data", "export", "ngrams", "tokens")
)

THINGS = ["菜", "房间", "手机", "书", "电影", "服务", "快递", "衣服", "耳机", "景点"]
GOOD, BAD = ["很好", "不错", "特别棒"], ["很差", "糟糕", "特别烂"]


def write_split(path: Path, *, repeats: int = 1) -> Path:
    rows = [
        f"{label}\tours\t{thing}{word}{mark}"
        for label, words in ((1, GOOD), (0, BAD))
        for thing in THINGS
        for word in words
        for mark in "。！"[:repeats]
    ]
    path.write_text("label\tsource\ttext\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_quotes_are_ordinary_text(tmp_path: Path) -> None:
    path = tmp_path / "split.tsv"
    path.write_text('label\tsource\ttext\n1\tours\t"好\n0\tours\t他说"差"\n', encoding="utf-8")
    split = data.read_split(path)
    assert split.texts == ['"好', '他说"差"']
    assert split.labels.tolist() == [1, 0]
    assert split.sources.tolist() == ["ours", "ours"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text\tlabel\n", "first line must name the columns"),
        ("label\tsource\ttext\n1\tours\t好\n2\tours\t差\n", "line 3: expected a label 0 or 1"),
        ("label\tsource\ttext\n1\tours\n", "line 2"),
    ],
)
def test_a_bad_split_is_refused_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "split.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        data.read_split(path)


def test_texts_become_characters_and_come_back() -> None:
    tokenizer = tokens.build_tokenizer(["很好 OK👍"] * 3)
    ids, unknown = tokens.encode(tokenizer, ["很好ok 👍", "龘"])
    assert [tokenizer.id_to_token(i) for i in ids] == ["很", "好", "o", "k", "👍"]
    assert unknown.tolist() == [tokens.UNKNOWN]


def test_the_network_looks_up_the_ngrams_that_were_counted() -> None:
    ids = np.random.default_rng(0).integers(1, ngrams.TABLES[0], size=40)
    edged = torch.nn.functional.pad(torch.from_numpy(ids)[None].to(torch.int32), ngrams.EDGE)
    found = [ids, *(rows[0].numpy() for rows in ngrams.hashes(edged))]
    starts = np.cumsum([0, *ngrams.TABLES[:-1]])
    expected = [start + (rows & (size - 1)) for start, rows, size in zip(starts, found, ngrams.TABLES, strict=True)]
    assert ngrams.features(ids).tolist() == np.concatenate(expected).tolist()
    assert all((rows >= 0).all() for rows in found)  # also in 32 bits


def test_a_new_model_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    made, out = tmp_path / "made", tmp_path / "models" / "small"
    made.mkdir()
    for content in ("old", "new"):
        (made / "manifest.json").write_text(content)
        export.replace_directory(made, out)
    assert (out / "manifest.json").read_text() == "new"
    assert list(out.parent.iterdir()) == [out]


def test_the_command_makes_a_model_that_the_engine_loads(tmp_path: Path) -> None:
    train = write_split(tmp_path / "train.tsv", repeats=2)
    held_out = write_split(tmp_path / "held-out.tsv")
    out = tmp_path / "models" / "tiny"
    command: list[str | Path] = [sys.executable, "-m", "tools.training", "--out", out, "--epochs", "2"]
    splits: list[str | Path] = ["--train", train, "--dev", held_out, "--test", held_out]
    run = subprocess.run([*command, *splits], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    positive, negative = Engine.load(out).classify(["耳机特别棒", "房间糟糕"])
    assert positive.probabilities[1] > 0.5
    assert negative.probabilities[0] > 0.5
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["texts"] == {"train": 120, "unlabelled": 0, "dev": 60, "test": 60}
    assert f"{metrics['int8']['accuracy']:.4f}" in (out / "README.md").read_text()
    assert list(out.parent.iterdir()) == [out]
