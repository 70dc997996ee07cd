"""The model that tuning begins with: a checkpoint, a model prepared before, or one of ModelScope's hub."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from sentiq.engine.registry import MANIFEST, ModelError, list_models, read_manifest
from tools.prepare.__main__ import BUNDLED_MODELS
from tools.prepare.checkpoint import read_config, read_network, renamed
from tools.prepare.fetching import fetch
from tools.prepare.labels import check_labels, read_labels
from tools.prepare.report import step
from tools.prepare.source import Source, find_source
from tools.prepare.tokens import read_tokenizer
from tools.prepare.weights import read_weights

#: The networks whose heads and layers are known here.
KINDS = ("bert", "roberta", "xlm-roberta")
#: Plain products: on texts as short as these, torch's fused attention for CPUs takes half of a step to go back through.
#: And no attention is dropped at random, since drawing a number for each pair of tokens costs more than the products.
#: docs/adr/0058-tuning.md has figures.
ATTENTION = "eager"


@dataclass(frozen=True, slots=True)
class Base:
    source: Source  #: its directory is there, also of a hub's model
    directory: Path
    config: dict[str, Any]
    labels: list[str] | None  #: of its classifier; None where it has none, or one that does not name its outputs

    def network(self, labels: Sequence[str]) -> torch.nn.Module:
        """Return the network with its weights; what the classifier has for labels that the base lacks is drawn anew."""
        is_new = not self.keeps_head(labels)
        network = read_network(self.directory, self.config, list(labels), new_head=is_new, attention=ATTENTION)
        if is_new and self.labels is not None:
            self._take_over(network, labels)
        for name, module in network.named_modules():
            if name.endswith("attention.self.dropout"):
                module.p = 0.0
        return network

    @torch.no_grad()
    def _take_over(self, network: Any, labels: Sequence[str]) -> None:
        """Give `network` what the base's classifier knows of these labels."""
        assert self.labels is not None
        known = [label for label in labels if label in self.labels]
        ours, theirs = [labels.index(label) for label in known], [self.labels.index(label) for label in known]
        _, state = read_weights(self.directory)
        before = {renamed(name, ""): weight for name, weight in state.items()}
        for name, weight in network.classifier.named_parameters():
            found = before[f"classifier.{name}"].float()
            if name.startswith("dense."):  # RoBERTa's, before the outputs
                weight.copy_(found)
            else:
                weight[ours] = found[theirs]

    def keeps_head(self, labels: Sequence[str]) -> bool:
        """Tell whether the base's own classifier can go on with these labels."""
        return self.labels == list(labels)

    def digest(self) -> str:
        """Return the SHA-256 of the weights and the vocabulary, whatever files hold them."""
        found = hashlib.sha256()
        _, state = read_weights(self.directory)
        for name, weight in sorted((renamed(name, ""), weight) for name, weight in state.items()):
            found.update(f"{name} {weight.dtype} {list(weight.shape)}\n".encode())
            found.update(weight.contiguous().reshape(-1).view(torch.uint8).numpy())
        found.update(json.dumps(sorted(self.tokenizer().get_vocab().items())).encode())
        return found.hexdigest()

    def tokenizer(self) -> Tokenizer:
        return read_tokenizer(self.directory, self.config)


def find_base(model: str, revision: str, store: Path, model_id: str = "") -> Base:
    """Return the base that `model` names: a directory, else an id in `store` or among ours, else a hub's id.

    `model_id` names what is made of it, if it is to have a name of its own. Raises ModelError naming what is wrong.
    """
    source = _source(model, revision, store, model_id)
    directory = source.directory
    if directory is None:
        with step(f"fetch {source.name}"):
            directory = fetch(source, store, progress=sys.stderr.isatty()).directory
    if (directory / MANIFEST).exists() and not (directory / "model.safetensors").exists():
        raise ModelError(
            f"{model} is no model that can be tuned: {directory} has no model.safetensors. Name a model that"
            " sentiq-prepare made, or a checkpoint of BERT, RoBERTa, XLM-RoBERTa or StructBERT"
        )
    config = read_config(directory)
    if config["model_type"] not in KINDS:
        raise ModelError(
            f"{model} is no model that can be tuned: its network is {config['model_type']}, not one of"
            f" {', '.join(KINDS)} or StructBERT"
        )
    return Base(source, directory, config, _labels(directory, config))


def _source(model: str, revision: str, store: Path, model_id: str) -> Source:
    if not Path(model).is_dir():
        for stored in list_models([store, BUNDLED_MODELS])[0]:
            if model in (stored.manifest.id, stored.manifest.name):
                return Source(stored.manifest.id, model, stored.directory, "")
    elif (Path(model) / MANIFEST).exists():
        manifest = read_manifest(Path(model))
        return Source(manifest.id, manifest.name, Path(model), "")
    return find_source(model, revision=revision, model_id=model_id)


def _labels(directory: Path, config: dict[str, Any]) -> list[str] | None:
    _, state = read_weights(directory)
    heads = [weight for name, weight in state.items() if renamed(name, "").startswith("classifier.")]
    if not heads:
        return None
    if (directory / MANIFEST).exists():
        return list(read_manifest(directory).labels)
    try:
        labels = check_labels("the classifier", read_labels(directory, config))
    except ModelError:
        return None  # LABEL_0 and LABEL_1 for instance: a new classifier learns what they mean
    return labels if all(len(weight) == len(labels) for weight in heads[-2:]) else None
