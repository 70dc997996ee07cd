"""Finds fitted pairs beside the models: a small fast model, the student, and a slow better one, the teacher.

A pair is a directory of the model store with ``cascade.json`` and no manifest: the names of its two models and the
threshold from which on the student answers alone. `sentiq-cascade` fits and writes it (docs/cascade.md).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from sentiq.engine.registry import ModelError, ModelManifest, StoredModel, find_model, list_models

PAIR = "cascade.json"
JOIN = "+"  #: between the ids of student and teacher; no id of a model has it
STUDENT, TEACHER = 1, 2  #: who gave a prediction of a pair


@dataclass(frozen=True, slots=True)
class StoredPair:
    """A fitted pair whose models are in the store."""

    directory: Path
    manifest: ModelManifest  # of the pair as one model
    prepared_at_s: float  # Unix time
    student: StoredModel
    teacher: StoredModel
    threshold: float  # on the probability of the student's label, 0 to 1


def pair_manifest(student: ModelManifest, teacher: ModelManifest, threshold: float) -> ModelManifest:
    """Describe the pair as one model. Its version is computed from both models and the threshold.

    Raises ModelError when the models have different labels, or no backend in common.
    """
    if set(student.labels) != set(teacher.labels):
        raise ModelError(
            f"{student.name} and {teacher.name} make no pair: the labels of the student are"
            f" {', '.join(student.labels)}, those of the teacher {', '.join(teacher.labels)};"
            " both need the same (docs/cascade.md)"
        )
    common = [name for name in teacher.backends if name in student.backends]
    if not common:
        raise ModelError(
            f"{student.name} and {teacher.name} make no pair: no backend runs both; prepare one of them again"
            " (docs/models.md)"
        )
    content = "\0".join([student.name, teacher.name, repr(threshold)])
    return ModelManifest(
        id=f"{student.id}{JOIN}{teacher.id}",
        version=blake2b(content.encode(), digest_size=6).hexdigest(),
        labels=teacher.labels,
        max_tokens=min(student.max_tokens, teacher.max_tokens),
        pad_id=teacher.pad_id,
        precision=both(student.precision, teacher.precision),
        source=f"{student.name} where it is at least {threshold:.4f} sure, else {teacher.name}",
        files={},
        backends={name: both(student.backends[name], teacher.backends[name]) for name in common},
        parts=(student.name, teacher.name),
    )


def store_pair(
    root: Path,
    student: StoredModel,
    teacher: StoredModel,
    threshold: float,
    details: Mapping[str, object] | None = None,
) -> StoredPair:
    """Write a pair into a folder of models, in one step, with details for people. Raises ModelError and OSError.

    The same pair again replaces its details.
    """
    manifest = pair_manifest(student.manifest, teacher.manifest, threshold)
    directory = root / manifest.name.replace("/", "--")
    content = {"student": student.manifest.name, "teacher": teacher.manifest.name, "threshold": threshold}
    directory.mkdir(parents=True, exist_ok=True)
    half = directory / f".{PAIR}.{os.getpid()}"
    try:
        half.write_text(
            json.dumps(content | dict(details or {}), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
        half.replace(directory / PAIR)
    finally:
        half.unlink(missing_ok=True)
    return StoredPair(directory, manifest, (directory / PAIR).stat().st_mtime, student, teacher, threshold)


def list_all(roots: Iterable[Path]) -> tuple[list[StoredModel | StoredPair], list[str]]:
    """Return every model and then every pair below these folders, each by id, newest first; and what is wrong.

    A pair is left out, and said to be wrong, when one of its models is not in the store.
    """
    folders = list(roots)
    models, problems = list_models(folders)
    pairs: list[StoredPair] = []
    for path in sorted({found.resolve() for root in folders for found in root.glob(f"*/{PAIR}")}):
        try:
            pairs.append(_read(path, models))
        except ModelError as error:
            problems.append(str(error))
    pairs.sort(key=lambda pair: (pair.manifest.id, -pair.prepared_at_s))
    return [*models, *pairs], problems


def find(roots: Iterable[Path], name: str) -> StoredModel | StoredPair:
    """Return the model or the pair called `name`, of several versions the newest.

    A pair is called `STUDENT+TEACHER`, where each may be an id or `id@version`, or by `id@version` of its own. Raises
    ModelError that says what there is, and for a pair how it is fitted.
    """
    folders = list(roots)
    if JOIN not in name:
        return find_model(folders, name)
    found, problems = list_all(folders)
    pairs = [stored for stored in found if isinstance(stored, StoredPair)]
    for pair in pairs:
        if is_called(name, pair.manifest.name, *pair.manifest.parts):
            return pair
    student, _, teacher = name.partition(JOIN)
    known = ", ".join(dict.fromkeys(pair.manifest.id for pair in pairs)) or "none"
    where = " or ".join(map(str, folders))
    message = (
        f"no fitted pair {name!r} in {where} (there: {known}); fit it: sentiq-cascade {student} {teacher} TEXTS"
        " (docs/cascade.md)"
    )
    raise ModelError("; ".join([message, *problems]))


def is_called(name: str, pair: str, student: str, teacher: str) -> bool:
    """Tell whether `name` means the pair of these names, all three `id@version`."""
    first, _, second = name.partition(JOIN)
    return name == pair or (_means(first, student) and _means(second, teacher))


def _means(asked: str, name: str) -> bool:
    return asked in (name, name.rpartition("@")[0])


def _read(path: Path, models: Iterable[StoredModel]) -> StoredPair:
    """Read a pair, and find its models among these. Raises ModelError naming the file and the remedy."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        student, teacher, threshold = str(content["student"]), str(content["teacher"]), float(content["threshold"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is damaged ({error!r}): fit the pair again, with sentiq-cascade") from error
    stored = {model.manifest.name: model for model in models}
    for role, name in {"student": student, "teacher": teacher}.items():
        if name not in stored:
            ids = " ".join(part.rpartition("@")[0] for part in (student, teacher))
            raise ModelError(
                f"{path}: its {role} {name!r} is not in the store; put it there, or fit the pair again:"
                f" sentiq-cascade {ids} TEXTS"
            )
    small, large = stored[student], stored[teacher]
    manifest = pair_manifest(small.manifest, large.manifest, threshold)
    return StoredPair(path.parent, manifest, path.stat().st_mtime, small, large, threshold)


def both(one: str, other: str) -> str:
    """Return the one thing that is said of student and teacher, or what is said of each."""
    return one if one == other else f"{one} and {other}"
