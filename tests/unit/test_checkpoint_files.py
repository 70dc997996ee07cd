"""What sentiq-prepare finds in a checkpoint's folder: labels of every spelling, files of weights, lengths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sentiq.engine.registry import ModelError
from tools.prepare.files import checkpoint_in, preprocessor, read_from, wanted, weight_files
from tools.prepare.labels import chosen_labels, merged, read_labels

# -- Labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapping", "labels"),
    [
        ({"0": "负面", "1": "正面"}, ["negative", "positive"]),
        ({"0": "負面", "1": "正面"}, ["negative", "positive"]),
        ({"0": "消極", "1": "積極"}, ["negative", "positive"]),
        ({"0": "POSITIVE", "1": "Negative"}, ["positive", "negative"]),
        ({"0": "NEG", "1": " neu ", "2": "POS"}, ["negative", "neutral", "positive"]),
        ({"0": "差评", "1": "中评", "2": "好評"}, ["negative", "neutral", "positive"]),
        ({"0": "1 star", "1": "2 stars", "2": "3 stars"}, ["1 star", "2 stars", "3 stars"]),
        ({"0": "一星", "1": "五星"}, ["一星", "五星"]),
        ({"negative": 0, "positive": 1}, ["negative", "positive"]),
        ({"positive": "1", "negative": "0"}, ["negative", "positive"]),
        (["neg", "pos"], ["negative", "positive"]),
    ],
)
def test_labels_of_every_spelling(mapping: Any, labels: list[str], tmp_path: Path) -> None:
    assert read_labels(tmp_path, {"id2label": mapping}) == labels


@pytest.mark.parametrize(
    "names",
    [
        ["LABEL_0", "LABEL_1"], ["label0", "label1"], ["class_0", "class_1"], ["Class 1", "Class 2"], ["0", "1"],
        ["类别0", "类别1"], ["標籤1", "標籤2"], ["1", "2", "3", "4", "5"], ["negative", "LABEL_1"],
    ],
)  # fmt: skip
def test_names_that_say_nothing_are_not_guessed(names: list[str], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"config.json calls the outputs {', '.join(names)}, which says nothing"):
        read_labels(tmp_path, {"id2label": dict(enumerate(names))})


def test_the_remedy_fits_the_number_of_outputs(tmp_path: Path) -> None:
    five = {str(number): f"LABEL_{number}" for number in range(5)}
    with pytest.raises(ModelError, match="such as --labels negative,negative,neutral,positive,positive"):
        read_labels(tmp_path, {"id2label": five})


def test_outputs_of_the_same_name_are_one_label() -> None:
    outputs = chosen_labels("负面,negative, neutral,正面,POS")
    assert outputs == ["negative", "negative", "neutral", "positive", "positive"]
    assert merged(outputs) == ["negative", "neutral", "positive"]


@pytest.mark.parametrize("text", ["negative", "negative,neg", "negative,,positive"])
def test_two_different_labels_are_needed(text: str) -> None:
    with pytest.raises(ModelError, match=r"--labels: .*two or more, all different"):
        chosen_labels(text)


# -- Files -------------------------------------------------------------------------------------------------------


def touch(directory: Path, *names: str) -> Path:
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("{}", encoding="utf-8")
    return directory


@pytest.mark.parametrize(
    ("there", "read"),
    [
        (["model.safetensors", "pytorch_model.bin"], ["model.safetensors"]),
        (["optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin", "best.pth"], ["best.pth"]),
        (["epoch_1.pth", "epoch_1_trainer_state.pth"], ["epoch_1.pth"]),
        (["model.ckpt", "optimizer.bin"], ["model.ckpt"]),
    ],
)
def test_the_weights_among_what_training_programs_leave(there: list[str], read: list[str], tmp_path: Path) -> None:
    assert [path.name for path in weight_files(touch(tmp_path, *there))] == read


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (["epoch_1.pth", "epoch_2.pth"], "no weights in .*or one file that ends with .bin, .pt, .pth, .ckpt"),
        (["adapter_model.safetensors"], r"no weights in .*, but an adapter \(LoRA\).*merge it"),
        (["tf_model.h5"], "no weights in .*, but those of TensorFlow"),
        (["model.onnx"], "no weights in .*, but a network that was converted"),
    ],
)
def test_weights_that_are_none_or_of_another_kind(there: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        weight_files(touch(tmp_path, *there))


INDEX = "model.safetensors.index.json"
PARTS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]


def write_index(directory: Path, files: dict[str, str]) -> Path:
    (directory / INDEX).write_text(json.dumps({"weight_map": files}), encoding="utf-8")
    return directory


def test_weights_in_parts(tmp_path: Path) -> None:
    touch(write_index(tmp_path, {"a": PARTS[1], "b": PARTS[0], "c": PARTS[1]}), *PARTS)
    assert [path.name for path in weight_files(tmp_path)] == PARTS
    assert [path.name for path in read_from(tmp_path)] == [INDEX, *PARTS]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a": PARTS[0], "b": PARTS[1]}, f"names {PARTS[1]}, which is missing: fetch or save"),
        ({"a": "../secret.safetensors"}, "does not say which file has which weight"),
        ({}, "does not say which file has which weight"),
    ],
)
def test_an_index_that_is_damaged(files: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        weight_files(touch(write_index(tmp_path, files), PARTS[0]))


def test_of_a_repository_only_what_is_read_is_wanted() -> None:
    files = ["README.md", "config.json", "vocab.txt", "optimizer.pt", "onnx/model.onnx", "pytorch_model.bin"]
    assert wanted(files) == ["config.json", "pytorch_model.bin", "vocab.txt"]
    assert wanted([*files, INDEX, *PARTS]) == sorted(["config.json", "vocab.txt", INDEX, *PARTS])
    assert wanted([*files, INDEX, *PARTS, "model.safetensors"]) == ["config.json", "model.safetensors", "vocab.txt"]


def test_the_folder_that_a_trainer_was_given(tmp_path: Path) -> None:
    assert checkpoint_in(touch(tmp_path / "a", "config.json", "output/config.json")) == tmp_path / "a"
    assert checkpoint_in(touch(tmp_path / "b", "epoch_1.pth", "output/config.json")) == tmp_path / "b" / "output"
    both = touch(tmp_path / "c", "output/config.json", "output_best/config.json")
    assert checkpoint_in(both) == both / "output_best"
    several = touch(tmp_path / "d", "checkpoint-500/config.json", "checkpoint-1000/config.json")
    with pytest.raises(ModelError, match="but in checkpoint-1000, checkpoint-500 below it: name one of these"):
        checkpoint_in(several)


@pytest.mark.parametrize(
    ("section", "length"),
    [
        ({"type": "sen-cls-tokenizer", "max_length": 128}, 128),
        ({"train": {"max_length": 64}, "val": {"type": "sen-cls-tokenizer", "max_length": 256}}, 256),
        ({"type": "sen-cls-tokenizer"}, None),
        (None, None),
    ],
)
def test_the_part_of_the_configuration_that_modelscopes_pipeline_reads(
    section: Any, length: int | None, tmp_path: Path
) -> None:
    (tmp_path / "configuration.json").write_text(json.dumps({"preprocessor": section}), encoding="utf-8")
    assert preprocessor(tmp_path).get("max_length") == length
