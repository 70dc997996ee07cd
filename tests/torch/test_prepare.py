"""sentiq-prepare, from checkpoints as people have them to models that the engine loads."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertTokenizer

from sentiq.core.invisible_characters import visible
from sentiq.engine import Engine, ModelError
from sentiq.engine.registry import find_model, read_manifest, verify_files
from tests.torch.checkpoints import (
    TEXTS,
    hugging_face_bert,
    hugging_face_roberta,
    sentencepiece_bert,
    structbert,
    structbert_encoder,
    write_json,
)
from tools.checkpoints.cases import CASES
from tools.checkpoints.compare import run, write
from tools.prepare import prove
from tools.prepare.__main__ import CALIBRATION, main
from tools.prepare.checkpoint import read_config
from tools.prepare.evaluate import read_labelled
from tools.prepare.tokens import read_tokenizer, tokens_read

# transformers and torch's exporters announce changes of their own.
pytestmark = pytest.mark.filterwarnings("ignore")

BACKENDS = ["openvino", "torch", "onnx"]
NO_INT8 = ("--min-agreement", "1.1")
ANY_INT8 = ("--min-agreement", "0")


def prepare(source: Path | str, store: Path, *options: str) -> Path:
    """Prepare a model and return its directory."""
    assert main([str(source), "--store", str(store), *options]) == 0
    return max(store.glob("*@*"), key=lambda path: path.stat().st_mtime_ns)


def content(directory: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((directory / "manifest.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return structbert(tmp_path_factory.mktemp("checkpoint") / "own-model")


@pytest.fixture(scope="module")
def int8(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(checkpoint, tmp_path_factory.mktemp("store"), *ANY_INT8)


def test_the_store_gets_a_complete_model_under_its_name(int8: Path) -> None:
    manifest = read_manifest(int8)
    assert int8.name == f"own-model@{manifest.version}"
    assert re.fullmatch("[0-9a-f]{12}", manifest.version)
    assert find_model([int8.parent], "own-model").directory == int8
    verify_files(int8, manifest)
    assert sorted(path.name for path in int8.iterdir()) == sorted([*manifest.files, "manifest.json"])
    assert [path.name for path in int8.parent.iterdir() if path.is_dir()] == [int8.name]
    assert all(path.stat().st_mode & 0o044 for path in int8.iterdir())  # workers are another user


def test_the_manifest_says_how_the_model_was_made_and_proven(int8: Path) -> None:
    facts = content(int8)
    assert facts["labels"] == ["negative", "positive"]
    assert facts["precision"] == "int8"
    assert facts["backends"] == {"openvino": "int8", "torch": "f32", "onnx": "f32"}
    assert {"openvino", "torch", "nncf", "onnxruntime", "transformers"} <= set(facts["tools"])
    proof = facts["proof"]
    assert proof["texts"] >= 200
    assert all(0 <= difference <= proof["logits_bound"] for difference in proof["logits_difference"].values())
    assert set(proof["logits_difference"]) == {"openvino", "onnx"}
    assert all(count > 0 for count in proof["texts_per_label"].values())
    assert 0.8 < proof["label_agreement"]["openvino int8 symmetric"] <= 1


def test_proof_texts_are_none_of_those_calibrated_with() -> None:
    assert not set(prove.proof_texts()) & set(prove.read_texts(CALIBRATION))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_serves_it(backend: str, int8: Path) -> None:
    engine = Engine.load(int8, backend=backend)
    engine.prove()
    assert len(engine.classify(TEXTS)) == len(TEXTS)


def test_the_same_checkpoint_gives_the_same_version(checkpoint: Path, int8: Path, tmp_path: Path) -> None:
    assert prepare(checkpoint, tmp_path, *ANY_INT8).name == int8.name


def test_int8_that_agrees_too_seldom_is_not_kept(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = prepare(checkpoint, tmp_path, *NO_INT8)
    facts = content(directory)
    assert facts["precision"] == "f32"
    assert facts["backends"] == {"openvino": "f32", "torch": "f32", "onnx": "f32"}
    int8 = {"openvino int8 symmetric", "openvino int8 mixed"}
    assert int8 <= set(facts["proof"]["label_agreement"]) <= int8 | {"openvino bf16"}
    assert "OpenVINO keeps f32" in capsys.readouterr().out
    reference = Engine.load(directory, backend="torch", float32=True).classify(TEXTS)
    for backend in BACKENDS:
        answers = Engine.load(directory, backend=backend, float32=True).classify(TEXTS)
        np.testing.assert_allclose([a.probabilities for a in answers], [r.probabilities for r in reference], atol=1e-5)


def test_bf16_is_kept_where_it_agrees_and_int8_does_not(checkpoint: Path, tmp_path: Path) -> None:
    # Between the two: as measured while preparing with the highest demand.
    measured = content(prepare(checkpoint, tmp_path / "measured", *NO_INT8))["proof"]["label_agreement"]
    if "openvino bf16" not in measured:
        pytest.skip("this processor does not compute in bfloat16")
    int8 = max(measured["openvino int8 symmetric"], measured["openvino int8 mixed"])
    if int8 >= measured["openvino bf16"]:
        pytest.skip("on this processor INT8 agrees as often as bfloat16 for this network")
    demand = (int8 + measured["openvino bf16"]) / 2
    directory = prepare(checkpoint, tmp_path / "store", "--min-agreement", str(demand))
    assert content(directory)["precision"] == "bf16"
    assert content(directory)["proven"]["backends"]["openvino"]["computed"] == "bf16"
    Engine.load(directory).prove()


@pytest.mark.parametrize("lower", [True, False])
def test_the_tokenizer_gives_the_ids_of_the_slow_one(lower: bool, tmp_path: Path) -> None:
    source = structbert_encoder(tmp_path / "source")
    (source / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower}))
    engine = Engine.load(prepare(source, tmp_path / "store", *ANY_INT8))
    slow = BertTokenizer.from_pretrained(source)
    for text in [*TEXTS, *prove.ODD_TEXTS]:
        expected = slow(text, truncation=True, max_length=512)["input_ids"]
        assert engine._reader.tokenizer.encode(text).ids == expected, text


def assert_as_transformers(directory: Path, source: Path, texts: Sequence[str]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(source)
    network = AutoModelForSequenceClassification.from_pretrained(source).eval()
    expected = []
    with torch.inference_mode():
        for text in texts:
            inputs = tokenizer(
                text, return_tensors="pt", truncation=True, max_length=read_manifest(directory).max_tokens
            )
            expected.append(network(**inputs).logits.softmax(-1)[0].numpy())
    for backend in BACKENDS:
        answers = Engine.load(directory, backend=backend, float32=True).classify(texts)
        np.testing.assert_allclose([answer.probabilities for answer in answers], expected, rtol=0, atol=1e-4)


def test_a_hugging_face_bert_of_three_labels(tmp_path: Path) -> None:
    source = hugging_face_bert(tmp_path / "three", ["Negative", "中性", "Positive"])
    directory = prepare(source, tmp_path / "store", *NO_INT8)
    assert content(directory)["labels"] == ["negative", "neutral", "positive"]
    assert_as_transformers(directory, source, TEXTS)


def test_a_hugging_face_bert_with_labels_and_a_tokenizer_of_its_own(tmp_path: Path) -> None:
    source = hugging_face_bert(tmp_path / "topics", ["sport", "tech", "food", "art"])
    AutoTokenizer.from_pretrained(source).save_pretrained(source)
    (source / "vocab.txt").unlink(missing_ok=True)
    directory = prepare(source, tmp_path / "store", *NO_INT8)
    assert content(directory)["labels"] == ["sport", "tech", "food", "art"]
    assert_as_transformers(directory, source, TEXTS)


def test_a_roberta_with_byte_level_word_pieces(tmp_path: Path) -> None:
    source = hugging_face_roberta(tmp_path / "roberta", ["negative", "positive"])
    directory = prepare(source, tmp_path / "store", *NO_INT8)
    assert content(directory)["max_tokens"] == 128  # its positions start after the id of padding
    assert content(directory)["pad_id"] == 1
    texts = [visible(text) for text in TEXTS]  # to its own tokenizer invisible characters are bytes like others
    assert_as_transformers(directory, source, texts)
    engine = Engine.load(directory)
    assert engine.classify(TEXTS) == engine.classify(texts)


def test_a_bert_with_sentencepiece(tmp_path: Path) -> None:
    source = sentencepiece_bert(tmp_path / "pieces", ["negative", "positive"])
    directory = prepare(source, tmp_path / "store", *NO_INT8)
    assert (content(directory)["max_tokens"], content(directory)["pad_id"]) == (128, 1)
    assert_as_transformers(directory, source, [visible(text) for text in TEXTS])


def test_a_tokenizer_that_comes_alone_keeps_its_own_settings(tmp_path: Path) -> None:
    # transformers' class would write in lower case, as its default is.
    source = hugging_face_bert(tmp_path / "upper", ["negative", "positive"])
    write_json(source / "tokenizer_config.json", {"do_lower_case": False})
    tokenizer = AutoTokenizer.from_pretrained(source).backend_tokenizer
    tokenizer.save(str(source / "tokenizer.json"))
    (source / "tokenizer_config.json").unlink()
    read = read_tokenizer(source, read_config(source))
    assert read.encode("OK 很好").ids == tokenizer.encode("OK 很好").ids


def test_a_roberta_in_int8(tmp_path: Path) -> None:
    source = hugging_face_roberta(tmp_path / "roberta", ["negative", "positive"])
    engine = Engine.load(prepare(source, tmp_path / "store", *ANY_INT8))
    engine.warm()
    assert engine.manifest.precision == "int8"
    assert len(engine.classify(TEXTS)) == len(TEXTS)


def test_labels_and_id_may_be_chosen(tmp_path: Path) -> None:
    source = hugging_face_bert(tmp_path / "source", ["LABEL_0", "LABEL_1"])
    directory = prepare(source, tmp_path / "store", "--labels", "正面,负面", "--id", "team/mine", *NO_INT8)
    assert directory.name.startswith("team--mine@")
    assert content(directory)["id"] == "team/mine"
    assert content(directory)["labels"] == ["positive", "negative"]


def test_outputs_of_the_same_name_become_one_label(tmp_path: Path) -> None:
    [case] = [case for case in CASES if case.kind == "distilbert"]
    original = write(case, tmp_path / "source")
    options = ("--labels", case.labels, "--max-tokens", "32", "--calibration", str(few_texts(tmp_path)))
    directory = prepare(tmp_path / "source", tmp_path / "store", *options, *ANY_INT8)
    manifest = read_manifest(directory)
    assert (manifest.labels, manifest.max_tokens) == (("negative", "neutral", "positive"), 32)
    assert manifest.precision == "int8"
    texts = [visible(text) for text in TEXTS]
    stars = np.exp(run(*original, texts, 32))
    stars /= stars.sum(axis=1, keepdims=True)
    expected = np.stack([stars[:, :2].sum(axis=1), stars[:, 2], stars[:, 3:].sum(axis=1)], axis=1)
    answers = Engine.load(directory, backend="torch", float32=True).classify(texts)
    np.testing.assert_allclose([answer.probabilities for answer in answers], expected, rtol=0, atol=1e-4)
    for backend in BACKENDS:
        Engine.load(directory, backend=backend).prove()


def few_texts(folder: Path) -> Path:
    path = folder / "texts.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS[:4]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("files", "tokens"),
    [
        ({}, 160),
        ({"tokenizer_config.json": {"model_max_length": 100}}, 100),
        ({"tokenizer_config.json": {"model_max_length": 10**30}}, 160),
        ({"configuration.json": {"preprocessor": {"type": "sen-cls-tokenizer", "max_length": 64}}}, 64),
        ({"configuration.json": {}, "tokenizer_config.json": {"model_max_length": 100}}, 160),
    ],
)
def test_as_many_tokens_are_read_as_the_checkpoints_library_reads(
    files: dict[str, dict[str, Any]], tokens: int, tmp_path: Path
) -> None:
    for name, content in files.items():
        write_json(tmp_path / name, content)
    config = {"model_type": "bert", "max_position_embeddings": 160}
    assert tokens_read(tmp_path, config) == tokens
    assert tokens_read(tmp_path, config, asked=20) == 20


@pytest.mark.parametrize("positions", [8192, 514])
def test_at_most_512_tokens_are_read_unless_more_are_asked_for(positions: int, tmp_path: Path) -> None:
    kind = "modernbert" if positions == 8192 else "xlm-roberta"
    config = {"model_type": kind, "max_position_embeddings": positions, "pad_token_id": 1}
    assert tokens_read(tmp_path, config) == 512
    if kind == "modernbert":
        assert tokens_read(tmp_path, config, asked=1000) == 1000


@pytest.mark.parametrize(
    ("asked", "content", "message"),
    [
        (200, {}, "--max-tokens: the network has positions for 160 tokens"),
        (2, {}, "--max-tokens: 2 is no number of tokens from 16 up"),
        (0, {"preprocessor": {"max_length": "long"}}, "configuration.json, max_length: 'long' is no number"),
    ],
)
def test_numbers_of_tokens_that_cannot_be(asked: int, content: dict[str, Any], message: str, tmp_path: Path) -> None:
    write_json(tmp_path / "configuration.json", content)
    with pytest.raises(ModelError, match=message):
        tokens_read(tmp_path, {"model_type": "bert", "max_position_embeddings": 160}, asked)


def test_calibration_texts_may_be_ones_own(checkpoint: Path, int8: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("只有一句\n还有一句\n", encoding="utf-8")
    directory = prepare(checkpoint, tmp_path / "store", "--calibration", str(texts), *ANY_INT8)
    assert directory.name != int8.name


def test_accuracies_are_printed_and_kept(int8: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "store"
    shutil.copytree(int8.parent, store)
    texts = TEXTS[:4]
    answers = Engine.load(int8, backend="torch", float32=True).classify(texts)
    numbers = [int(np.argmax(answer.probabilities)) for answer in answers]
    numbers[0] = 1 - numbers[0]  # one wrong, so three of four are right
    labels = ["negative", "正面"]
    named = [labels[number] if row % 2 else number for row, number in enumerate(numbers)]
    table = tmp_path / "labelled.tsv"
    rows = [f"{label}\t{'ab'[row // 2]}\t{text}" for row, (label, text) in enumerate(zip(named, texts, strict=True))]
    table.write_text("\n".join(["label\tsource\ttext", *rows]) + "\n", encoding="utf-8")
    source = int8.parent / "own-model"
    structbert(source)
    try:
        directory = prepare(source, store, "--eval", str(table), *ANY_INT8)
    finally:
        shutil.rmtree(source)
    result = content(directory)["proof"]["evaluation"]
    assert result["texts"] == 4
    assert result["accuracy"]["torch f32"] == {"all": 0.75, "a": 0.5, "b": 1.0}
    assert set(result["accuracy"]) == {"torch f32", "openvino int8", "onnx f32"}
    assert re.search(r"^ +all .*0\.7500", capsys.readouterr().out, re.MULTILINE)
    assert read_manifest(directory).version == read_manifest(int8).version


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("text\tstars\n好\t1\n", "no columns text and label; give a table with tabs"),
        ("text\tlabel\n好\t1\n坏\tbad\n", "line 3: label 'bad' is none of negative, positive"),
        ("text\tlabel\n好\t2\n", "line 2: label '2' is none of"),
        ("text\tlabel\n", "holds no rows"),
    ],
)
def test_a_bad_table_is_refused(table: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "labelled.tsv"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        read_labelled(path, ["negative", "positive"])
