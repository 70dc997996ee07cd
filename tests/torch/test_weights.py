"""Weights by name, from whatever a training program has saved."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
import torch

from sentiq.engine.registry import ModelError
from tools.prepare.weights import read_weights

STATE = {"bert.weight": torch.ones(2), "classifier.bias": torch.zeros(1)}


def under(prefix: str) -> dict[str, torch.Tensor]:
    return {f"{prefix}{name}": weight for name, weight in STATE.items()}


@pytest.mark.parametrize(
    "saved",
    [
        STATE,
        {"state_dict": STATE, "epoch": 3},
        {"model": STATE, "optimizer": {"state": {}}},
        {"model_state_dict": STATE, "loss": 0.1},
        {"state_dict": under("model."), "pytorch-lightning_version": "2.5"},
        under("module."),
        under("_orig_mod.module."),
    ],
)
def test_the_weights_are_found_under_their_own_names(saved: dict[str, Any], tmp_path: Path) -> None:
    torch.save(saved, tmp_path / "pytorch_model.bin")
    path, found = read_weights(tmp_path)
    assert path.name == "pytorch_model.bin"
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[name], weight) for name, weight in STATE.items())


def test_names_of_which_only_some_have_a_prefix_stay(tmp_path: Path) -> None:
    saved = {"model.embeddings": torch.ones(1), "classifier.bias": torch.ones(1)}  # ModernBERT's encoder is `model`
    torch.save(saved, tmp_path / "pytorch_model.bin")
    assert read_weights(tmp_path)[1].keys() == saved.keys()


@pytest.mark.parametrize("saved", [{"epoch": 3}, {"state_dict": [1, 2]}, [torch.ones(1)]])
def test_a_file_without_weights_is_refused(saved: Any, tmp_path: Path) -> None:
    torch.save(saved, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin is not a mapping of names to tensors: save it"):
        read_weights(tmp_path)
