"""What a checkpoint calls its outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sentiq.engine.registry import ModelError
from sentiq.evaluation.label_names import normalise
from tools.prepare.files import preprocessor, read_json

#: Names that number the outputs and say nothing of them, such as LABEL_0, class-1, 类别2 or 3.
_NUMBERED = re.compile(r"(label|class|cls|category|cat|类别|类|標籤|标签|類別|類)?[\s_:#-]*\d+", re.IGNORECASE)

#: Outputs of a network → what its labels are often called.
_USUAL = {
    2: "negative,positive",
    3: "negative,neutral,positive",
    5: "negative,negative,neutral,positive,positive",
}


def read_labels(directory: Path, config: Mapping[str, Any]) -> list[str]:
    """The labels in the order of the network's outputs, from the first file that names them.

    Looks where ModelScope's pipeline looks and in its order: the preprocessor's `label2id` in ``configuration.json``,
    ``label_mapping.json``, the sections `model` and `preprocessor` of ``configuration.json``, ``config.json`` (`config`
    is its content). Raises ModelError when none names them, or with names that say nothing, such as LABEL_0: which of
    them means what cannot be known.
    """
    for where, mapping in _mappings(directory, config):
        names = _in_order(where, mapping)
        if any(_NUMBERED.fullmatch(name.strip()) for name in names):
            raise ModelError(
                f"{where} calls the outputs {', '.join(names)}, which says nothing of them: {remedy(len(names))}"
            )
        return check_labels(where, [normalise(name) for name in names])
    raise ModelError(f"no file in {directory} says what the outputs mean: {remedy()}")


def remedy(outputs: int = 2) -> str:
    """What to do about a classifier of so many outputs that does not name them."""
    return f"name the outputs in their order, such as --labels {_USUAL.get(outputs, _USUAL[2])}"


def check_labels(where: str, labels: Sequence[str]) -> list[str]:
    """Two or more labels, all different and none empty; raises ModelError otherwise."""
    if len(labels) < 2 or len(set(labels)) < len(labels) or not all(labels):
        raise ModelError(f"{where}: labels {', '.join(labels)!r}: a classifier needs two or more, all different")
    return list(labels)


def chosen_labels(text: str) -> list[str]:
    """The names of the outputs as an option gives them; outputs of the same name become one label.

    Raises ModelError unless there are two different ones.
    """
    outputs = [normalise(name) for name in text.split(",")]
    check_labels("--labels", merged(outputs))
    return outputs


def merged(outputs: Sequence[str]) -> list[str]:
    """The labels of outputs, each once, in the order in which they come first."""
    return list(dict.fromkeys(outputs))


def _mappings(directory: Path, config: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Every mapping between names and numbers there is, with the file it is in."""
    found: list[tuple[str, Any]] = [("configuration.json", preprocessor(directory).get("label2id"))]
    if (directory / "label_mapping.json").exists():
        found.append(("label_mapping.json", read_json(directory / "label_mapping.json")))
    if (directory / "configuration.json").exists():
        configuration = read_json(directory / "configuration.json")
        for section in (configuration.get("model"), configuration.get("preprocessor")):
            if isinstance(section, dict):
                found += [("configuration.json", section.get(key)) for key in ("label2id", "id2label")]
    found += [("config.json", config.get(key)) for key in ("id2label", "label2id")]
    return [(where, mapping) for where, mapping in found if isinstance(mapping, dict | list) and mapping]


def _in_order(where: str, mapping: Mapping[str, Any] | Sequence[Any]) -> list[str]:
    """The names by number, from either direction, ``{"负面": 0}`` or ``{"0": "负面"}``, or from a list."""
    order = [str(number) for number in range(len(mapping))]
    pairs = mapping.items() if isinstance(mapping, Mapping) else enumerate(mapping)
    by_key = {str(key): str(value) for key, value in pairs}
    for names in ({number: name for name, number in by_key.items()}, by_key):
        if sorted(names) == sorted(order):
            return [names[number] for number in order]
    raise ModelError(f"{where}: {mapping} does not number the labels 0, 1, …; correct it, or {remedy(len(order))}")
