"""What a checkpoint calls its outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sentiq.engine.registry import ModelError
from sentiq.evaluation.label_names import normalise

REMEDY = "name the outputs in their order, such as --labels negative,positive"


def read_labels(directory: Path, config: Mapping[str, Any]) -> list[str]:
    """The labels in the order of the network's outputs, from the first file that names them.

    Looks where ModelScope looks and in its order: ``label_mapping.json``, the sections `model` and `preprocessor` of
    ``configuration.json``, ``config.json`` (`config` is its content). Raises ModelError when none names them, or with
    names that say nothing, such as LABEL_0: which of them means what cannot be known.
    """
    for where, mapping in _mappings(directory, config):
        names = _in_order(where, mapping)
        if any(re.fullmatch(r"(label_)?\d+", name, re.IGNORECASE) for name in names):
            raise ModelError(f"{where} calls the outputs {', '.join(names)}, which says nothing of them: {REMEDY}")
        return check_labels(where, [normalise(name) for name in names])
    raise ModelError(f"no file in {directory} says what the outputs mean: {REMEDY}")


def check_labels(where: str, labels: Sequence[str]) -> list[str]:
    """Two or more labels, all different and none empty; raises ModelError otherwise."""
    if len(labels) < 2 or len(set(labels)) < len(labels) or not all(labels):
        raise ModelError(f"{where}: labels {', '.join(labels)!r}: a classifier needs two or more, all different")
    return list(labels)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises ModelError naming the file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"no readable {path}: {error.strerror}; fetch or save the model again") from error
    except ValueError as error:
        raise ModelError(f"{path} is not JSON ({error}): fetch or save the model again") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} is not a JSON object: fetch or save the model again")
    return content


def _mappings(directory: Path, config: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Every mapping between names and numbers there is, with the file it is in."""
    found: list[tuple[str, Any]] = []
    if (directory / "label_mapping.json").exists():
        found.append(("label_mapping.json", read_json(directory / "label_mapping.json")))
    if (directory / "configuration.json").exists():
        configuration = read_json(directory / "configuration.json")
        sections = [configuration.get(name) for name in ("model", "preprocessor")]
        for section in sections:
            if isinstance(section, dict):
                found += [("configuration.json", section.get(key)) for key in ("label2id", "id2label")]
    found += [("config.json", config.get(key)) for key in ("id2label", "label2id")]
    return [(where, mapping) for where, mapping in found if isinstance(mapping, dict) and mapping]


def _in_order(where: str, mapping: Mapping[str, Any]) -> list[str]:
    """The names by number, from either direction: ``{"负面": 0}`` or ``{"0": "负面"}``."""
    if all(isinstance(number, int) for number in mapping.values()):
        names = {number: name for name, number in mapping.items()}
    elif all(key.isdecimal() for key in mapping):
        names = {int(key): str(name) for key, name in mapping.items()}
    else:
        names = {}
    if sorted(names) != list(range(len(mapping))):
        raise ModelError(f"{where}: {dict(mapping)} does not number the labels 0, 1, …; correct it, or {REMEDY}")
    return [names[number] for number in range(len(mapping))]
