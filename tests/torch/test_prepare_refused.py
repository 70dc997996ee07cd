"""Checkpoints that cannot be prepared: one line on standard error names the file and the remedy, nothing is stored."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
import torch
from safetensors.torch import load_file, save_file

from tests.torch.checkpoints import hugging_face_bert, hugging_face_roberta, structbert, write_json
from tools.prepare.__main__ import main

pytestmark = pytest.mark.filterwarnings("ignore")


def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, *arguments: str) -> str:
    """What standard error says when preparing fails."""
    store = tmp_path / "store"
    assert main([*arguments, "--store", str(store)]) == 1
    assert not list(store.glob("*/")) if store.exists() else True
    line = capsys.readouterr().err
    assert line.startswith("sentiq-prepare: ")
    assert line.count("\n") == 1
    return line


def edit_state(directory: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    state = torch.load(directory / "pytorch_model.bin", weights_only=True)
    change(state)
    torch.save(state, directory / "pytorch_model.bin")


def edit_config(directory: Path, **changes: object) -> None:
    config = json.loads((directory / "config.json").read_text())
    write_json(directory / "config.json", {**config, **changes})


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


QUERY = "bert.encoder.layer.1.attention.self.query.weight"

#: What is wrong → how it comes about, and what the error says.
DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda d: (d / "config.json").unlink(), r"no readable .*config\.json.*fetch or save"),
    "malformed config": (lambda d: (d / "config.json").write_text("{"), r"config\.json is not JSON.*fetch or save"),
    "config is a list": (lambda d: (d / "config.json").write_text("[]"), r"config\.json is not a JSON object"),
    "no weights": (
        lambda d: (d / "pytorch_model.bin").unlink(),
        r"no weights in .*expected model\.safetensors or pytorch_model\.bin",
    ),
    "half the weights": (lambda d: truncate(d / "pytorch_model.bin"), r"pytorch_model\.bin .*again"),
    "weights are no mapping": (
        lambda d: torch.save([torch.ones(2)], d / "pytorch_model.bin"),
        r"pytorch_model\.bin is not a mapping .*state_dict",
    ),
    "missing weight": (
        lambda d: edit_state(d, lambda state: state.pop(QUERY)),
        rf"pytorch_model\.bin: weight '{QUERY}' is missing.*fine-tuned",
    ),
    "unknown weight": (
        lambda d: edit_state(d, lambda state: state.update(surplus=torch.ones(2))),
        r"pytorch_model\.bin: weight 'surplus' is not part of the network of config\.json",
    ),
    "weight of another shape": (
        lambda d: edit_state(d, lambda state: state.update({QUERY: torch.ones(3, 48)})),
        rf"pytorch_model\.bin: weight '{QUERY}' has shape \[3, 48\], config\.json says \[48, 48\]",
    ),
    "no classifier": (
        lambda d: edit_state(d, lambda state: [state.pop(f"classifier.{part}") for part in ("weight", "bias")]),
        r"'classifier\.weight' is missing .*fine-tuned classifier",
    ),
    "impossible sizes": (lambda d: edit_config(d, num_attention_heads=7), r"config\.json describes no network"),
    "another network": (
        lambda d: edit_config(d, model_type="gpt2"),
        r"config\.json: model_type 'gpt2' is not supported; .*of these networks: StructBERT, ALBERT, BERT, ",
    ),
    "relative positions": (
        lambda d: edit_config(d, position_embedding_type="relative_key"),
        r"config\.json: only position_embedding_type 'absolute'",
    ),
    "several labels at once": (
        lambda d: edit_config(d, problem_type="multi_label_classification"),
        r"problem_type 'multi_label_classification' .*single-label",
    ),
    "no vocabulary": (lambda d: (d / "vocab.txt").unlink(), r"no vocabulary in .*vocab\.txt.*; copy it"),
    "empty vocabulary": (lambda d: (d / "vocab.txt").write_text(""), r"vocab\.txt lacks \[PAD\], \[UNK\].*fetch it"),
    "vocabulary in another encoding": (
        lambda d: (d / "vocab.txt").write_bytes("[PAD]\n中".encode("gb18030")),
        r"vocab\.txt is not UTF-8.*fetch it",
    ),
    "vocabulary of another model": (
        lambda d: (d / "vocab.txt").open("a").write("another\nentry\n"),
        r"the vocabulary has 21130 entries but config\.json says vocab_size 21128",
    ),
    "broken tokenizer.json": (lambda d: (d / "tokenizer.json").write_text("{}"), r"no tokenizer can be made from .*"),
    "three labels for two outputs": (
        lambda d: write_json(d / "label_mapping.json", {"负面": 0, "中性": 1, "正面": 2}),
        r"classifier has 2 outputs but 3 labels are named \(negative, .*\); correct the label mapping, or .*--labels",
    ),
    "labels that are not numbered": (
        lambda d: write_json(d / "label_mapping.json", {"负面": 0, "正面": 5}),
        r"label_mapping\.json: .*does not number the labels 0, 1, .*--labels negative,positive",
    ),
    "malformed label mapping": (
        lambda d: (d / "label_mapping.json").write_text("负面"),
        r"label_mapping\.json is not JSON",
    ),
    "two labels of the same meaning": (
        lambda d: write_json(d / "label_mapping.json", {"负面": 0, "negative": 1}),
        r"label_mapping\.json: labels 'negative, negative'.*all different",
    ),
    "labels without a meaning": (
        lambda d: write_json(d / "label_mapping.json", {"LABEL_0": 0, "LABEL_1": 1}),
        r"label_mapping\.json calls the outputs LABEL_0, LABEL_1.*--labels negative,positive",
    ),
    "no labels anywhere": (
        lambda d: (d / "label_mapping.json").unlink(),
        r"no file in .* says what the outputs mean.*--labels negative,positive",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint(damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = structbert(tmp_path / "source")
    cause, message = DAMAGES[damage]
    cause(source)
    assert re.search(message, refused(capsys, tmp_path, str(source)))


class _Attack:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return subprocess.call, (["touch", str(self.target)],)


def test_a_pickle_that_would_run_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = structbert(tmp_path / "source")
    proof = tmp_path / "attacked"
    torch.save({"weight": _Attack(proof)}, source / "pytorch_model.bin")
    assert re.search(r"pytorch_model\.bin is refused: .*any code; .*state_dict", refused(capsys, tmp_path, str(source)))
    (source / "pytorch_model.bin").write_bytes(pickle.dumps(_Attack(proof)))
    assert re.search(r"pytorch_model\.bin is refused", refused(capsys, tmp_path, str(source)))
    assert not proof.exists()


def test_damaged_safetensors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = hugging_face_bert(tmp_path / "source", ["neg", "pos"])
    truncate(source / "model.safetensors")
    assert re.search(r"model\.safetensors cannot be read .*again", refused(capsys, tmp_path, str(source)))


def test_safetensors_that_lack_a_weight(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = hugging_face_bert(tmp_path / "source", ["neg", "pos"])
    state = load_file(source / "model.safetensors")
    del state[QUERY]
    save_file(state, source / "model.safetensors")
    assert f"model.safetensors: weight {QUERY!r} is missing" in refused(capsys, tmp_path, str(source))


def test_a_network_with_one_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = hugging_face_bert(tmp_path / "source", ["score"])
    assert re.search(r"config\.json: labels 'score'.*two or more", refused(capsys, tmp_path, str(source)))


def test_a_roberta_without_its_vocabulary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = hugging_face_roberta(tmp_path / "source", ["neg", "pos"])
    (source / "vocab.json").unlink()
    assert re.search(r"no vocabulary in .*vocab\.json.*; copy it", refused(capsys, tmp_path, str(source)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["./nowhere"], r"\./nowhere is not a directory; name a directory"),
        (["SOURCE/config.json"], r"config\.json is not a directory"),
        (["SOURCE", "--revision", "v1"], r"--revision is for the hub"),
        (["SOURCE", "--id", "a b"], r"'a b' cannot be a model's id; name one with --id"),
        (["SOURCE", "--id", "a@1"], r"'a@1' cannot be a model's id"),
        (["SOURCE", "--labels", "negative"], r"--labels: labels 'negative'.*two or more"),
        (["SOURCE", "--labels", "a,b,c"], r"2 outputs but 3 labels are named \(a, b, c\).*--labels"),
        (["SOURCE", "--calibration", "nowhere.txt"], r"--calibration: no file nowhere\.txt; give a UTF-8 file"),
        (["SOURCE", "--eval", "nowhere.tsv"], r"--eval: no file nowhere\.tsv; give a table"),
        (["SOURCE", "--calibration", "EMPTY"], r"empty\.txt holds no text; give a UTF-8 file"),
    ],
)
def test_wrong_options(arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, empty = structbert(tmp_path / "source"), tmp_path / "empty.txt"
    empty.touch()
    filled = [text.replace("SOURCE", str(source)).replace("EMPTY", str(empty)) for text in arguments]
    assert re.search(message, refused(capsys, tmp_path, *filled))


def test_a_disk_without_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = structbert(tmp_path / "source")
    full = os.statvfs_result([4096, 4096, 1000, 100, 100, 10, 10, 10, 0, 255])
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    message = refused(capsys, tmp_path, str(source))
    assert re.search(r"needs \d+ MB in the store but 0 MB are free: make room", message)
