"""sentiq-tune, from small random checkpoints and labelled tables to models that the engine loads."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("peft", reason="sentiq-tune needs peft: requirements/tuning.in")
import torch
from transformers import (
    BertForSequenceClassification,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from sentiq.engine import Engine, ModelError
from sentiq.engine.registry import StoredModel, measured, read_manifest, verify_files
from tests.support.paths import REPOSITORY
from tests.torch.checkpoints import SIZES, hugging_face_roberta, sentencepiece_bert, small_bert, structbert, write_json
from tools.tuning import second_look
from tools.tuning.__main__ import main
from tools.tuning.base import find_base
from tools.tuning.batches import BatchSize
from tools.tuning.fit import predict
from tools.tuning.progress import Meter
from tools.tuning.saving import save
from tools.tuning.temperature import fit_temperature
from tools.tuning.texts import Texts
from tools.tuning.ways import Reader, features, learner_of, learning

# transformers and torch's exporters announce changes of their own.
pytestmark = pytest.mark.filterwarnings("ignore")

THINGS = ["菜", "房间", "手机", "书", "电影", "服务", "快递", "衣服", "耳机", "景点"]
WORDS = {"负面": ["很差", "糟糕", "特别烂", "失望", "后悔"], "正面": ["很好", "不错", "特别棒", "好吃", "满意"]}


def table(path: Path, count: int, wrong: int = 0) -> Path:
    """A table of texts that differ; the first `wrong` rows have the other label."""
    dice = random.Random(3)
    rows: dict[str, str] = {}
    while len(rows) < count:
        label = dice.choice(list(WORDS))
        begin = "".join(dice.choice(THINGS) + dice.choice("，的、") for _ in range(dice.randint(1, 4)))
        rows[begin + dice.choice(WORDS[label]) + dice.choice("。！~")] = label
    others = dict(zip(WORDS, reversed(WORDS), strict=True))
    lines = [f"{text},{others[label] if row < wrong else label}" for row, (text, label) in enumerate(rows.items())]
    path.write_text("\n".join(["评论,标签", *lines]) + "\n", encoding="utf-8")
    return path


def arguments(base: Path | str, labelled: Path, folder: Path, *options: str) -> list[str]:
    places = ["--store", str(folder / "store"), "--report", str(folder / "report")]
    return [str(base), str(labelled), *places, "--threads", "1", "--min-agreement", "0", *options]


def tuned(store: Path) -> Path:
    [directory] = store.glob("*@*")
    return directory


def content(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# -- Many labels: texts are kept apart ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a StructBERT-shaped model of which all weights have learned 600 texts."""
    folder = tmp_path_factory.mktemp("whole")
    base, labelled = structbert(folder / "base"), table(folder / "labelled.csv", 600)
    options = ("--epochs", "6", "--learning-rate", "2e-3", "--id", "team/ours")
    assert main(arguments(base, labelled, folder, *options)) == 0
    return folder


def test_a_tuned_model_is_complete_and_has_learned(whole: Path) -> None:
    directory = tuned(whole / "store")
    manifest = read_manifest(directory)
    assert (manifest.id, manifest.labels, manifest.precision) == ("team/ours", ("negative", "positive"), "int8")
    verify_files(directory, manifest)
    engine = Engine.load(directory)
    engine.prove()
    answers = engine.classify(["菜很好。", "房间糟糕！", "书的衣服，特别棒~", "快递、失望。"])
    assert [int(np.argmax(answer.probabilities)) for answer in answers] == [1, 0, 1, 0]
    assert list((whole / "store" / ".tuning").iterdir()) == []  # nothing is left to go on with


def test_its_figures_are_of_texts_it_did_not_learn_from(whole: Path) -> None:
    directory = tuned(whole / "store")
    figures = measured(StoredModel(directory, read_manifest(directory), 0.0))
    assert figures is not None
    assert figures.accuracy > 0.9
    assert figures.texts == 60
    metrics = content(directory / "metrics.json")
    assert metrics["texts"] == {"train": 480, "test": 60}
    assert metrics["untuned"]["accuracy"] < 0.8
    low, high = metrics["int8"]["accuracy_interval"]
    assert low < metrics["int8"]["accuracy"] <= high
    assert "480" in (directory / "README.md").read_text(encoding="utf-8")


def test_its_temperature_is_the_engines(whole: Path) -> None:
    directory = tuned(whole / "store")
    temperature = read_manifest(directory).calibration.temperature
    assert temperature == content(directory / "manifest.json")["calibration"]["temperature"]
    assert temperature == content(whole / "report" / "report.json")["temperature"]
    assert temperature != 1


def test_the_report_says_what_was_done_and_found(whole: Path) -> None:
    report = content(whole / "report" / "report.json")
    assert report["model"] == read_manifest(tuned(whole / "store")).name
    assert report["tuned"]["way"] == "whole"
    assert report["tuned"]["base"] == "base"
    assert report["comparison"]["difference"]["value"] > 0.1
    assert len(report["looks"]) > 1
    assert "right: " in (whole / "report" / "report.txt").read_text(encoding="utf-8")
    assert (whole / "report" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_no_text_of_the_table_is_in_the_model(whole: Path) -> None:
    with (whole / "labelled.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["评论"].encode() for row in csv.DictReader(file)]
    for path in tuned(whole / "store").iterdir():
        held = path.read_bytes()
        assert not [text for text in texts if text in held], path.name


def test_the_same_command_finds_what_it_made(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--epochs", "6", "--learning-rate", "2e-3", "--id", "team/ours")
    assert main(arguments(whole / "base", whole / "labelled.csv", whole, *options)) == 0
    assert "is tuned and intact" in capsys.readouterr().out


# -- Few labels: cross-validation --------------------------------------------------------------------------------


def test_few_texts_are_all_measured_and_all_learned_from(tmp_path: Path) -> None:
    base = sentencepiece_bert(tmp_path / "pieces", ["negative", "positive"])
    labelled = table(tmp_path / "labelled.csv", 90)
    assert main(arguments(base, labelled, tmp_path, "--epochs", "2")) == 0
    directory = tuned(tmp_path / "store")
    assert content(directory / "metrics.json")["texts"] == {"train": 90, "test": 90}
    assert "cross-validation" in content(directory / "metrics.json")["measured_by"]
    assert content(directory / "manifest.json")["tuned"]["way"] == "lora"
    answers = Engine.load(directory).classify(["菜很好。"])
    assert sum(answers[0].probabilities) == pytest.approx(1)


# -- What learns: the fitted network, without preparing it ---------------------------------------------------------

Fitted = Callable[..., str]


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fitted:
    """Tunes in a folder and returns a digest of the weights; the model is not prepared, which takes the most time."""

    def run(base: Path, labelled: Path, folder: str, *options: str) -> str:
        digests: list[str] = []

        def not_prepared(checkpoint: Path, *_: object) -> Path:
            digests.append(hashlib.sha256((checkpoint / "model.safetensors").read_bytes()).hexdigest())
            return checkpoint

        monkeypatch.setattr("tools.tuning.tune.prepare", not_prepared)
        assert main(arguments(base, labelled, tmp_path / folder, *options)) == 0
        [digest] = digests
        return digest

    return run


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Counts the steps of learning of all runs as `done`, and sends this process a signal after those in `ends`."""
    advance, seen = Meter.advance, SimpleNamespace(done=0, ends=set())

    def counted(self: Meter, amount: int, what: str) -> None:
        advance(self, amount, what)
        if what.endswith("texts read"):  # before the first step, and again in each run
            return
        seen.done += 1
        if seen.done in seen.ends:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Meter, "advance", counted)
    return seen


@pytest.mark.parametrize("way", ["whole", "lora", "head"])
@pytest.mark.parametrize("count", [90, 520])
def test_interrupted_twice_the_result_is_the_same(
    way: str, count: int, fitted: Fitted, steps: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    base, labelled = structbert(tmp_path / "base"), table(tmp_path / "labelled.csv", count)
    options = ("--way", way, "--epochs", "2")
    expected = fitted(base, labelled, "at once", *options)
    needed = steps.done
    steps.ends = {needed + 8, needed + 20}
    again = arguments(base, labelled, tmp_path / "in parts", *options)
    assert main(again) == 128 + signal.SIGTERM
    monkeypatch.setattr("tools.tuning.tune.choose", None)  # the clock has no say any more
    assert main(again) == 128 + signal.SIGTERM
    assert fitted(base, labelled, "in parts", *options) == expected
    assert steps.done == 2 * needed  # none was taken twice


def test_killed_the_result_is_the_same(fitted: Fitted, tmp_path: Path) -> None:
    base, labelled = structbert(tmp_path / "base"), table(tmp_path / "labelled.csv", 520)
    options = ("--way", "whole", "--epochs", "3")
    expected = fitted(base, labelled, "at once", *options)
    given = arguments(base, labelled, tmp_path / "killed", *options)
    script = (
        "import sys; from tools.tuning import fit; from tools.tuning.__main__ import main; fit.SAVE_EVERY_S = 0.0;"
        f"sys.exit(main({given!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY, stdout=subprocess.DEVNULL) as process:
        while not list((tmp_path / "killed").glob("store/.tuning/*/all/state.pt")):
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert fitted(base, labelled, "killed", *options) == expected


@pytest.mark.parametrize("way", ["whole", "lora", "head"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta"])
def test_the_finished_network_answers_as_the_one_that_learned(way: str, kind: str, tmp_path: Path) -> None:
    network: Any = small_bert()
    if kind == "roberta":
        hugging_face_roberta(tmp_path / "roberta", ["negative", "positive"])
        network = RobertaForSequenceClassification.from_pretrained(tmp_path / "roberta")
    if kind == "xlm-roberta":
        config = XLMRobertaConfig(**{**SIZES, "max_position_embeddings": 130}, id2label={0: "negative", 1: "positive"})
        network = XLMRobertaForSequenceClassification(config)
    dice = random.Random(1)
    # Past the special ids, of which RoBERTa's padding would change its positions.
    ids = [[dice.randint(5, 300) for _ in range(dice.randint(3, 60))] for _ in range(20)]
    reader, size = Reader(ids, 1, bfloat16=False), BatchSize(8, 1024)
    learner = learner_of(way, network, reader, lambda: features(network, reader, size))
    with torch.no_grad():
        for weight in learning(learner.module).values():
            weight.add_(0.05 * torch.randn_like(weight))
    given = predict(learner, range(20), size)
    finished = learner.finished().eval()
    with torch.no_grad():
        again = [finished(**reader.batch([place])).logits[0].numpy() for place in range(20)]
    np.testing.assert_allclose(again, given, atol=1e-4)
    assert type(finished) is type(network)


def test_a_classifier_takes_over_what_it_knows_of_the_new_labels(tmp_path: Path) -> None:
    structbert(tmp_path / "bert")
    hugging_face_roberta(tmp_path / "roberta", ["正面", "负面"])
    for name, known in (("bert", {0: 0, 2: 1}), ("roberta", {0: 1, 2: 0})):
        base = find_base(str(tmp_path / name), "", tmp_path)
        assert base.labels is not None
        old, new = base.network(base.labels), base.network(["negative", "neutral", "positive"])
        outputs = [list(network.classifier.named_parameters())[-2:] for network in (old, new)]
        for (_, before), (_, after) in zip(*outputs, strict=True):
            assert len(after) == 3
            for ours, theirs in known.items():
                assert torch.equal(after[ours], before[theirs])
        assert torch.equal(
            new.base_model.embeddings.word_embeddings.weight, old.base_model.embeddings.word_embeddings.weight
        )


def test_a_network_whose_layers_are_not_known_is_not_tuned(tmp_path: Path) -> None:
    structbert(tmp_path / "base")
    config = tmp_path / "base" / "config.json"
    write_json(config, {**json.loads(config.read_text()), "model_type": "distilbert"})
    with pytest.raises(ModelError, match="no model that can be tuned: its network is distilbert, not one of bert"):
        find_base(str(tmp_path / "base"), "", tmp_path)


def test_another_seed_gives_another_result(fitted: Fitted, tmp_path: Path) -> None:
    base, labelled = structbert(tmp_path / "base"), table(tmp_path / "labelled.csv", 90)
    digests = {fitted(base, labelled, seed, "--way", "head", "--epochs", "2", "--seed", seed) for seed in "12"}
    assert len(digests) == 2


@pytest.mark.parametrize("way", ["whole", "lora", "head"])
def test_a_roberta_and_an_encoder_without_a_classifier_learn_too(way: str, fitted: Fitted, tmp_path: Path) -> None:
    labelled = table(tmp_path / "labelled.csv", 60)
    roberta = hugging_face_roberta(tmp_path / "roberta", ["LABEL_0", "LABEL_1"])
    assert fitted(roberta, labelled, "roberta", "--way", way, "--epochs", "1")
    sentencepiece_bert(tmp_path / "pieces", ["a", "b"])
    network = BertForSequenceClassification.from_pretrained(tmp_path / "pieces")
    network.bert.save_pretrained(tmp_path / "pieces")  # as a base encoder is: without a classifier, other names
    assert fitted(tmp_path / "pieces", labelled, "encoder", "--way", way, "--epochs", "1")


def test_a_prepared_model_can_learn_more(whole: Path, fitted: Fitted, tmp_path: Path) -> None:
    directory = tuned(whole / "store")
    assert fitted(directory, table(tmp_path / "labelled.csv", 60), "more", "--way", "head", "--epochs", "1")


# -- Refused before the hour is spent --------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], base: Path | str, labelled: Path, folder: Path, *options: str) -> str:
    """What standard error says, one line, when nothing has been learned."""
    assert main(arguments(base, labelled, folder, *options)) == 1
    shown = capsys.readouterr()
    assert "learn\n" not in shown.out
    assert shown.err.startswith("sentiq-tune: ")
    assert shown.err.count("\n") == 1
    return shown.err


def test_what_is_no_encoder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labelled = table(tmp_path / "labelled.csv", 60)
    said = refused(capsys, "sentiq-small-zh", labelled, tmp_path)
    assert "sentiq-small-zh is no model that can be tuned" in said
    assert "Name a model that sentiq-prepare made" in said
    base = structbert(tmp_path / "base")
    (base / "config.json").write_text('{"model_type": "gpt2"}')
    assert "model_type 'gpt2' is not supported" in refused(capsys, base, labelled, tmp_path)


def test_a_table_that_cannot_teach_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labelled = tmp_path / "labelled.csv"
    labelled.write_text("评论,标签\n" + "".join(f"第{row}次,正面\n" for row in range(60)), encoding="utf-8")
    said = refused(capsys, structbert(tmp_path / "base"), labelled, tmp_path)
    assert "all texts have one label, 'positive'" in said


def test_too_little_memory_is_said_before_anything_is_learned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.host_resources.Host.available_bytes", lambda _: 500_000_000)
    base, labelled = structbert(tmp_path / "base"), table(tmp_path / "labelled.csv", 60)
    said = refused(capsys, base, labelled, tmp_path)
    assert "needs about" in said
    assert "GB of memory and 0.5 GB are free: end other programs" in said


def test_a_disk_without_room_is_said_before_anything_is_learned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, labelled = structbert(tmp_path / "base"), table(tmp_path / "labelled.csv", 60)
    full = os.statvfs_result([4096, 4096, 1000, 100, 100, 10, 10, 10, 0, 255])
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    said = refused(capsys, base, labelled, tmp_path)
    assert "MB are free: make room, or name a store on another disk with --store" in said


def test_too_little_time_is_said_before_anything_is_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, labelled = structbert(tmp_path / "base"), table(tmp_path / "labelled.csv", 60)
    said = refused(capsys, base, labelled, tmp_path, "--minutes", "0.1")
    assert "more than --minutes 0.1: allow more" in said


def test_a_disk_that_fills_up_costs_nothing_that_was_learned(
    fitted: Fitted, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, labelled = structbert(tmp_path / "base"), table(tmp_path / "labelled.csv", 520)
    options = ("--way", "whole", "--epochs", "2")
    expected = fitted(base, labelled, "roomy", *options)
    written: list[Path] = []

    def full(content: object, path: Path) -> None:
        written.append(path)
        if len(written) > 1:  # the first best weights
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        save(content, path)

    with monkeypatch.context() as patched:
        patched.setattr("tools.tuning.saving.save", full)
        assert main(arguments(base, labelled, tmp_path / "full", *options)) == 1
    assert "make room on that disk; the same command goes on" in capsys.readouterr().err
    assert fitted(base, labelled, "full", *options) == expected


def test_torchs_own_error_of_a_full_disk_is_told_as_one() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(OSError, match="the disk may be full") as raised:
        save({"weights": torch.zeros(1_000_000)}, Path("/dev/full"))
    assert raised.value.errno == errno.ENOSPC


# -- Labels to look at again, and temperatures ---------------------------------------------------------------------


def test_planted_mistakes_are_found() -> None:
    generator = np.random.default_rng(1)
    truth = np.repeat([0, 1], 150)
    features = generator.normal(size=(300, 8)) + 3 * truth[:, None]
    planted = [3, 50, 160, 290]
    labels = truth.copy()
    labels[planted] = 1 - labels[planted]
    rows = list(range(1, 301))
    texts = Texts([str(row) for row in rows], labels.tolist(), rows, [""] * 300, ["negative", "positive"], [], 0)
    found = second_look.doubts(texts, second_look.out_of_fold(features, texts.labels))
    assert {doubt.row - 1 for doubt in found} == set(planted)
    assert all(doubt.label != doubt.suggested for doubt in found)


def test_a_network_that_is_often_wrong_has_no_say_on_labels() -> None:
    generator = np.random.default_rng(1)
    rows = list(range(200))
    texts = Texts(
        [str(row) for row in rows], [row % 2 for row in rows], rows, [""] * 200, ["negative", "positive"], [], 0
    )
    guesses = generator.dirichlet([1, 1], size=200)
    assert second_look.doubts(texts, guesses) == []


def test_the_temperature_of_logits_that_are_too_large_is_found() -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(4000, 3))
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = np.array([generator.choice(3, p=share) for share in shares])
    assert fit_temperature(4 * logits, labels) == pytest.approx(4, rel=0.1)


def test_a_few_right_answers_are_no_reason_to_be_sure() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 2.0]] * 10)
    temperature = fit_temperature(logits, np.array([0, 1] * 10))
    sure = 1 / (1 + np.exp(-2 / temperature))
    assert sure == pytest.approx(21 / 22, abs=0.01)
