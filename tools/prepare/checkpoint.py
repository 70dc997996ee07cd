"""From the files of a checkpoint to a network: ModelScope's StructBERT, or BERT and RoBERTa as transformers saves them.

StructBERT is BERT's network. Its ``config.json`` may lack `model_type`; its weights may be called ``encoder.*``
instead of ``bert.*``, and ``head.classifier.*`` instead of ``classifier.*``.
"""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import BertConfig, BertForSequenceClassification, RobertaConfig, RobertaForSequenceClassification

from sentiq.engine.registry import ModelError
from tools.prepare.labels import read_json

#: Weight files, the first one there is read.
WEIGHTS = ("model.safetensors", "pytorch_model.bin")

KINDS: Mapping[str, tuple[type[Any], type[Any]]] = {
    "bert": (BertConfig, BertForSequenceClassification),
    "roberta": (RobertaConfig, RobertaForSequenceClassification),
}

#: What other layouts call a weight → what transformers calls it; the second is that of an encoder saved alone.
RENAMED = [
    (r"^encoder\.(?=embeddings\.|encoder\.|pooler\.)", "bert."),
    (r"^(?=embeddings\.|encoder\.layer\.|pooler\.)", "{kind}."),
    (r"^head\.classifier\.", "classifier."),
    (r"LayerNorm\.gamma$", "LayerNorm.weight"),
    (r"LayerNorm\.beta$", "LayerNorm.bias"),
]

#: Counters that older versions saved, and what was used in pre-training alone: not part of a classifier.
UNUSED = r"\.(position_ids|token_type_ids)$|^cls\.|^lm_head\.|^roberta\.pooler\."


def read_config(directory: Path) -> dict[str, Any]:
    """``config.json``, with `model_type` "bert" or "roberta"; raises ModelError for any other network."""
    config = read_json(directory / "config.json")
    kind = config.get("model_type") or "structbert"
    config["model_type"] = "bert" if kind in ("structbert", "sbert") else kind
    if config["model_type"] not in KINDS:
        raise ModelError(
            f"config.json: model_type {kind!r} is not supported; prepare a BERT, RoBERTa or StructBERT classifier"
        )
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ModelError("config.json: only position_embedding_type 'absolute' is supported")
    if config.get("problem_type") in ("regression", "multi_label_classification"):
        raise ModelError(
            f"config.json: problem_type {config['problem_type']!r} gives no probabilities that sum to 1;"
            " prepare a single-label classifier"
        )
    return config


def read_network(
    directory: Path, config: Mapping[str, Any], labels: list[str], *, new_head: bool = False
) -> torch.nn.Module:
    """The network with its weights, in float32 and evaluation mode.

    With `new_head` the classifier is drawn by torch's random numbers, whatever the checkpoint has in its place; so is a
    pooler that it lacks. Raises ModelError that names the file and the weight when one is missing, left over or of
    another shape than ``config.json`` says, or there is not one output for each label.
    """
    path, state = read_weights(directory)
    state = {renamed(name, config["model_type"]): weight for name, weight in state.items()}
    state = {name: weight.float() for name, weight in state.items() if not re.search(UNUSED, name)}
    make_config, make_network = KINDS[config["model_type"]]
    numbered = dict(enumerate(labels))
    ours = ("base_model_prefix", "num_labels", "id2label", "label2id", "torch_dtype", "dtype", "auto_map")
    settings = {key: value for key, value in config.items() if key not in ours}
    names = {"id2label": numbered, "label2id": {label: number for number, label in numbered.items()}}
    try:
        network = make_network(make_config(**settings, **names))
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise ModelError(f"{directory / 'config.json'} describes no network: {error}") from error
    if new_head:
        drawn = {
            name: weight for name, weight in network.state_dict().items() if re.search(r"^classifier\.|pooler\.", name)
        }
        state = drawn | {name: weight for name, weight in state.items() if not name.startswith("classifier.")}
    check_weights(path, state, network.state_dict())
    network.load_state_dict(state)
    return network.eval()


def renamed(name: str, kind: str) -> str:
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement.format(kind=kind), name)
    return name


def read_weights(directory: Path) -> tuple[Path, dict[str, Tensor]]:
    """The file read and its tensors by name. A pickle is never allowed to run code."""
    path = next((directory / name for name in WEIGHTS if (directory / name).exists()), None)
    if path is None:
        raise ModelError(f"no weights in {directory}: expected {' or '.join(WEIGHTS)}, in one file")
    try:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path} is refused: it is damaged or holds more than tensors, and loading it could run any code;"
            " save the weights again with torch.save(model.state_dict(), …)"
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path} cannot be read ({str(error).splitlines()[0]}): fetch or save it again") from error
    if not isinstance(state, dict) or not all(isinstance(weight, Tensor) for weight in state.values()):
        raise ModelError(f"{path} is not a mapping of names to tensors: save it with torch.save(model.state_dict(), …)")
    return path, state


def check_weights(path: Path, state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    missing = [name for name in expected if name not in state]
    if missing:
        raise ModelError(
            f"{path.name}: weight {missing[0]!r} is missing ({len(missing)} of {len(expected)} are); is this a"
            " fine-tuned classifier, and is config.json its own? (sentiq-tune makes a classifier of an encoder)"
        )
    unknown = [name for name in state if name not in expected]
    if unknown:
        raise ModelError(
            f"{path.name}: weight {unknown[0]!r} is not part of the network of config.json ({len(unknown)} are not);"
            " is config.json its own?"
        )
    for name, weight in state.items():
        actual, wanted = list(weight.shape), list(expected[name].shape)
        if actual == wanted:
            continue
        if re.match(r"classifier\.(out_proj\.)?(weight|bias)$", name) and actual[1:] == wanted[1:]:
            raise ModelError(
                f"{path.name}: the classifier has {actual[0]} outputs but {wanted[0]} labels are named;"
                " correct the label mapping, or name them with --labels"
            )
        raise ModelError(f"{path.name}: weight {name!r} has shape {actual}, config.json says {wanted}")
