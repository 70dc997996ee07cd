"""The training command, on texts of our own; its real result is checked by test_bundled_model.py."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentiq.engine import Engine
from tests.support.paths import REPOSITORY

pytest.importorskip("torch", reason="training needs torch: see tools/training/README.md")
pytest.importorskip("sklearn", reason="training needs scikit-learn: see tools/training/README.md")

# By name, as type checkers run without torch and would follow an import statement into code that needs it.
torch = importlib.import_module("torch")
data, export, fit, learn, network, ngrams, outputs, tokens = (
    importlib.import_module(f"tools.training.{name}")
    for name in ("data", "export", "fit", "learn", "network", "ngrams", "outputs", "tokens")
)
saving = importlib.import_module("tools.tuning.saving")

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


def test_hashes_are_those_of_whole_products_by_numbers_that_float32_holds() -> None:
    largest = np.full((1, sum(ngrams.EDGE) + 3), ngrams.TABLES[0] - 1)
    drawn = np.random.default_rng(0).integers(0, ngrams.TABLES[0], size=(40, sum(ngrams.EDGE) + 20))
    for edged in (largest, drawn):
        tokens = edged.shape[1] - sum(ngrams.EDGE)
        products = [edged[:, at : at + tokens] * multiplier for at, multiplier in enumerate(ngrams.MULTIPLIERS)]
        for size, rows in enumerate(ngrams.hashes(edged), start=2):
            assert (rows % max(ngrams.TABLES) == sum(products[:size]) % max(ngrams.TABLES)).all()
            assert (rows < 2**24).all()


@pytest.mark.parametrize("wanted", [[[0.7, 0.3], [0.2, 0.8]], [[0.6, 0.3, 0.1], [0.1, 0.2, 0.7]]])
def test_probabilities_are_learned_as_they_are(wanted: list[list[float]]) -> None:
    tokenizer = tokens.build_tokenizer(["甲乙丙", "丁戊己"] * 3)
    texts = tokens.encode(tokenizer, ["甲乙丙", "丁戊己"] * 50)
    linear = ngrams.fit_linear(texts, np.array(wanted * 50))
    np.testing.assert_allclose(outputs.probabilities(linear.logits(texts[:2])), wanted, atol=0.03)


def test_what_combines_both_parts_makes_the_probabilities_right() -> None:
    logits = np.random.default_rng(0).normal(size=(500, 3))
    wanted = outputs.probabilities(logits)
    weights = fit.combine(logits / 4, np.zeros_like(logits), wanted)
    assert weights.linear == pytest.approx(4, rel=0.01)


def test_an_interrupted_fit_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    texts = tokens.encode(tokens.build_tokenizer(GOOD + BAD), GOOD + BAD)
    targets = np.array([[0.1, 0.9]] * len(GOOD) + [[0.8, 0.2]] * len(BAD))

    def interrupt(message: str) -> None:
        if message.startswith("epoch 2"):
            raise KeyboardInterrupt

    def fitted(stage: Any, report: Any = print) -> Any:
        torch.manual_seed(5)
        made = network.Convolution(np.ones((20, 4), dtype=np.float32), np.ones((network.PAIRS, 4), dtype=np.float32), 1)
        fit.fit_convolution(made, texts, targets, seed=1, epochs=3, report=report, stage=stage)
        return made.head[0].weight

    expected = fitted(None)
    with pytest.raises(KeyboardInterrupt):
        fitted(saving.Stage(tmp_path), interrupt)
    assert torch.equal(fitted(saving.Stage(tmp_path)), expected)


@pytest.mark.filterwarnings("ignore")  # torch and its exporters announce changes of their own
def test_three_labels_are_told_apart_in_full_precision_and_in_int8(tmp_path: Path) -> None:
    names = ["negative", "neutral", "positive"]
    texts = {f"{thing}{word}": number for thing in THINGS for number, word in enumerate(["很差", "一般", "很好"])}
    tokenizer = tokens.build_tokenizer(list(texts))
    ids, wanted = tokens.encode(tokenizer, list(texts)), outputs.one_hot(np.array(list(texts.values())), 3)
    targets, vocabulary = learn.Targets(wanted, fit.smoothed(wanted)), tokenizer.get_vocab_size()
    parts = learn.learn(ids, targets, (ids, wanted), vocabulary=vocabulary, seed=1, epochs=1, report=print)
    for precision in ("int8", "f32"):  # in this order, so that the one takes nothing from the other
        directory = tmp_path / precision
        made = parts.network(int8=precision == "int8")
        export.write_model(directory, made, tokenizer, {"id": "three", "source": "a test"}, names, precision)
        answers = Engine.load(directory).classify(list(texts))
        assert [int(np.argmax(answer.probabilities)) for answer in answers] == list(texts.values())
        expected = outputs.probabilities(parts.logits(ids)["combined"])
        np.testing.assert_allclose([answer.probabilities for answer in answers], expected, atol=0.02)


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
    clauses = write_split(tmp_path / "clauses.tsv")
    splits: list[str | Path] = ["--train", train, "--dev", held_out, "--test", held_out, "--clauses", clauses]
    run = subprocess.run([*command, *splits], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    positive, negative = Engine.load(out).classify(["耳机特别棒", "房间糟糕"])
    assert positive.probabilities[1] > 0.5
    assert negative.probabilities[0] > 0.5
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["texts"] == {"train": 120, "clauses": 60, "unlabelled": 0, "dev": 60, "test": 60}
    assert f"{metrics['int8']['accuracy']:.4f}" in (out / "README.md").read_text()
    assert list(out.parent.iterdir()) == [out]
