"""From the files of a checkpoint to a network: whatever `AutoModelForSequenceClassification` makes of it.

transformers does the same, with two differences: it puts random numbers where weights are missing, which is an error
here, and it does not know ModelScope's StructBERT. That is BERT's network. Its ``config.json`` may lack `model_type`;
its weights may be called ``encoder.*`` instead of ``bert.*``, and ``head.classifier.*`` instead of ``classifier.*``.
"""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import CONFIG_MAPPING, MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING

from sentiq.engine.registry import ModelError
from tools.prepare.files import read_json
from tools.prepare.weights import read_weights

#: The networks that were compared with transformers in every backend (`python -m tools.checkpoints`): `model_type` →
#: what people call it.
KINDS = {
    "albert": "ALBERT",
    "bert": "BERT",
    "deberta-v2": "DeBERTa-v2/v3",
    "distilbert": "DistilBERT",
    "electra": "ELECTRA",
    "ernie": "ERNIE",
    "modernbert": "ModernBERT",
    "roberta": "RoBERTa",
    "xlm-roberta": "XLM-RoBERTa",
}
#: Networks that count positions from behind the id of padding.
PADDED_POSITIONS = ("roberta", "xlm-roberta")

#: What ModelScope, and the first BERT, call a weight → what transformers calls it.
RENAMED = [
    (r"^encoder\.(?=embeddings\.|encoder\.|pooler\.)", "{prefix}."),
    (r"^head\.classifier\.", "classifier."),
    (r"LayerNorm\.gamma$", "LayerNorm.weight"),
    (r"LayerNorm\.beta$", "LayerNorm.bias"),
]

#: What was used in pre-training alone, and may be left over in a classifier.
UNUSED = re.compile(
    r"(cls|lm_head|lm_predictions|predictions|sop_classifier|discriminator_predictions|generator_predictions"
    r"|generator_lm_head|mask_predictions|vocab_\w+|decoder)\..*|(.*\.)?pooler\..*|.*\.(position_ids|token_type_ids)"
)

#: Settings of a checkpoint that say nothing of its network.
_OURS = ("base_model_prefix", "num_labels", "id2label", "label2id", "torch_dtype", "dtype", "auto_map")


def read_config(directory: Path) -> dict[str, Any]:
    """``config.json``, with a `model_type` of transformers; raises ModelError for a network that is not supported."""
    config = read_json(directory / "config.json")
    kind = config.get("model_type") or "structbert"
    config["model_type"] = "bert" if kind in ("structbert", "sbert") else kind
    if config["model_type"] not in KINDS:
        raise ModelError(
            f"config.json: model_type {kind!r} is not supported; prepare a classifier of one of these networks:"
            f" StructBERT, {', '.join(KINDS.values())}"
        )
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ModelError("config.json: only position_embedding_type 'absolute' is supported")
    if config.get("problem_type") in ("regression", "multi_label_classification"):
        raise ModelError(
            f"config.json: problem_type {config['problem_type']!r} gives no probabilities that sum to 1;"
            " prepare a single-label classifier"
        )
    if "quantization_config" in config:
        raise ModelError("config.json: the weights are quantised; prepare the checkpoint that they were made of")
    if config["model_type"] == "modernbert":
        config |= _modernbert(config)
    return config


def _modernbert(config: Mapping[str, Any]) -> dict[str, Any]:
    """What transformers 5 calls by other names than 4; and no compiler, which converters cannot look into."""
    ours: dict[str, Any] = {"reference_compile": False}
    for kind, name in (("full_attention", "global_rope_theta"), ("sliding_attention", "local_rope_theta")):
        rope = (config.get("rope_parameters") or {}).get(kind)
        if rope is None:
            continue
        if rope.get("rope_type", "default") != "default":
            raise ModelError(f"config.json: rope_type {rope['rope_type']!r} is not supported, only 'default'")
        ours[name] = rope["rope_theta"]
    every = config.get("global_attn_every_n_layers", 3)
    kinds = config.get("layer_types") or []
    if any((kind == "full_attention") != (layer % every == 0) for layer, kind in enumerate(kinds)):
        raise ModelError(f"config.json: layer_types is not full_attention in every layer that {every} divides")
    return ours


def setting(config: Mapping[str, Any], name: str) -> Any:
    """What ``config.json`` says of a network, or transformers where it says nothing."""
    return config[name] if name in config else getattr(CONFIG_MAPPING[config["model_type"]](), name)


def read_network(
    directory: Path,
    config: Mapping[str, Any],
    outputs: Sequence[str],
    *,
    new_head: bool = False,
    attention: str | None = None,
) -> torch.nn.Module:
    """The network with its weights, in float32 and evaluation mode; `outputs` are the names of its outputs.

    With `new_head` the classifier is drawn by torch's random numbers, whatever the checkpoint has in its place; so is
    what else it lacks behind the encoder, such as a pooler. `attention` is transformers' name of the code that computes
    it (default: torch's fused one, where the network has it). Raises ModelError that names the file and the weight when
    one is missing, left over or of another shape than ``config.json`` says, or there is not one output for each name.
    """
    path, state = read_weights(directory)
    settings = {key: value for key, value in config.items() if key not in _OURS}
    numbered = dict(enumerate(outputs))
    names = {"id2label": numbered, "label2id": {label: number for number, label in numbered.items()}}
    try:
        network_config = CONFIG_MAPPING[config["model_type"]](**settings, **names)
        make = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(network_config)]
        state = {renamed(name, make.base_model_prefix): weight for name, weight in state.items()}
        if new_head:
            state = {name: weight for name, weight in state.items() if not name.startswith("classifier.")}
        network, found = make.from_pretrained(
            None,
            config=network_config,
            state_dict=state,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,  # they are told of below, by name
            output_loading_info=True,
            attn_implementation=attention,
        )
    except (ValueError, TypeError, KeyError, RuntimeError, ZeroDivisionError) as error:
        raise ModelError(f"{directory / 'config.json'} describes no network: {error}") from error
    prefix = f"{make.base_model_prefix}."
    ours = network.state_dict()
    drawn = re.compile(rf"(?!{prefix})|{prefix}pooler\.") if new_head else None
    missing = [name for name in ours if name in found["missing_keys"] and not (drawn and drawn.match(name))]
    shapes = [
        # Of an encoder saved alone, the names lack the prefix.
        (name, list(state[name if name in state else name.removeprefix(prefix)].shape), list(ours[name].shape))
        for name in ours
        if name in found["mismatched_keys"]
    ]
    check_weights(path, missing, found["unexpected_keys"], shapes, len(ours), outputs)
    return network.eval()


def renamed(name: str, prefix: str) -> str:
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement.format(prefix=prefix), name)
    return name


def check_weights(
    path: Path,
    missing: Sequence[str],
    unexpected: Sequence[str],
    shapes: Sequence[tuple[str, list[int], list[int]]],  # of those of another shape: the file's and the network's
    count: int,
    outputs: Sequence[str],
) -> None:
    """Raise ModelError for the first weight that does not fit a network of `count` weights."""
    if missing:
        raise ModelError(
            f"{path.name}: weight {missing[0]!r} is missing ({len(missing)} of {count} are); is this a"
            " fine-tuned classifier, and is config.json its own? (sentiq-tune makes a classifier of an encoder)"
        )
    unknown = [name for name in unexpected if not UNUSED.fullmatch(name)]
    if unknown:
        raise ModelError(
            f"{path.name}: weight {unknown[0]!r} is not part of the network of config.json ({len(unknown)} are not);"
            " is config.json its own?"
        )
    for name, actual, wanted in shapes:
        if re.match(r"classifier\.(out_proj\.)?(weight|bias)$", name) and actual[1:] == wanted[1:]:
            raise ModelError(
                f"{path.name}: the classifier has {actual[0]} outputs but {wanted[0]} labels are named"
                f" ({', '.join(outputs)}); correct the label mapping, or name each output with --labels"
            )
        raise ModelError(f"{path.name}: weight {name!r} has shape {actual}, config.json says {wanted}")
