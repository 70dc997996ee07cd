"""The labelled texts: whether they can teach anything, and which of them learn, stop or measure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from sentiq.core.invisible_characters import visible
from tools.labelled import Conflict, Labelled, LabelledError, read_labelled

#: With fewer texts, every one teaches: what the model can do is measured by cross-validation.
FEW = 500
FOLDS = 5
MIN_PER_LABEL = 2 * FOLDS
#: More repeated rows than this share are a mistake in the file rather than texts that are frequent.
MOST_REPEATED = 0.5
#: Texts kept apart to decide when to stop, and as many to measure on: a tenth, within these bounds.
APART = 0.1
MIN_APART, MAX_APART = 50, 2000
MIN_TOGETHER = 4 * MIN_APART  #: of a site that tunes with others: half of them learn

_ORDER = ("negative", "neutral", "positive")


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts that differ, each with the number of its label."""

    texts: list[str]  #: without invisible characters, as the engine reads them
    labels: list[int]
    rows: list[int]  #: numbers of the rows in the file, from 1
    sources: list[str]  #: "" where the file has no such column
    names: list[str]  #: of the labels, in the order of the network's outputs
    conflicts: list[Conflict]  #: texts left out, as they occur with different labels
    repeated: int  #: rows left out, as they repeat another

    @property
    def counts(self) -> dict[str, int]:
        """Return how many texts each label has."""
        found = Counter(self.labels)
        return {name: found[number] for number, name in enumerate(self.names)}


def read(
    path: Path, text: str | None, label: str | None, *, base: Sequence[str] | None, chosen: Sequence[str]
) -> Texts:
    """Read the texts to learn from. `base` are the labels of the model they are for, `chosen` those of the command.

    The labels are the chosen ones, else the base's where the file has no others, else the file's. Raises LabelledError
    naming the file, what is wrong with it and the remedy.
    """
    labelled, names = _read(path, text, label, base, chosen)
    texts = _distinct(labelled, names)
    _check(path, len(labelled.texts), texts)
    return texts


def read_test(path: Path, text: str | None, label: str | None, names: Sequence[str]) -> Texts:
    """Read the texts to measure on; repeated ones stay, since they are as frequent where the model is used."""
    labelled = read_labelled(path, text=text, label=label, labels=names)
    return _of(labelled, names, [], 0)


def _read(
    path: Path, text: str | None, label: str | None, base: Sequence[str] | None, chosen: Sequence[str]
) -> tuple[Labelled, list[str]]:
    for names in (chosen, base):
        if names:
            try:
                return read_labelled(path, text=text, label=label, labels=names), list(names)
            except LabelledError:
                if chosen:
                    raise
    labelled = read_labelled(path, text=text, label=label)
    return labelled, sorted(set(labelled.labels), key=lambda name: (_rank(name), name))


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _distinct(labelled: Labelled, names: Sequence[str]) -> Texts:
    conflicts, kept = labelled.conflicts(), labelled.distinct()
    in_conflict = sum(len(conflict.rows) for conflict in conflicts)
    return _of(kept, names, conflicts, len(labelled.texts) - len(kept.texts) - in_conflict)


def _of(labelled: Labelled, names: Sequence[str], conflicts: list[Conflict], repeated: int) -> Texts:
    numbers = {name: number for number, name in enumerate(names)}
    return Texts(
        texts=[visible(text) for text in labelled.texts],
        labels=[numbers[name] for name in labelled.labels],
        rows=labelled.rows,
        sources=labelled.sources or [""] * len(labelled.texts),
        names=list(names),
        conflicts=conflicts,
        repeated=repeated,
    )


def _check(path: Path, rows: int, texts: Texts) -> None:
    if texts.repeated > MOST_REPEATED * rows:
        raise LabelledError(
            f"{path}: {texts.repeated:,} of {rows:,} rows repeat the text of another row, {len(texts.texts):,} texts"
            " are left: was the table joined or copied by mistake? Remove the repeated rows, then tune again."
        )
    counts = {name: count for name, count in texts.counts.items() if count}
    if len(counts) < 2:
        only = next(iter(counts), "none")
        raise LabelledError(
            f"{path}: all texts have one label, {only!r}, so there is nothing to tell apart. Add texts of another"
            " label, or name the column of the labels with --label."
        )
    for name, count in counts.items():
        if count < MIN_PER_LABEL:
            number = texts.names.index(name)
            row = texts.rows[texts.labels.index(number)]
            alike = get_close_matches(name, [other for other in counts if other != name], n=1, cutoff=0.6)
            meant = f"; is {alike[0]!r} meant?" if alike else "."
            raise LabelledError(
                f"{path}: only {count} texts have the label {name!r} (row {row} is the first){meant} Correct these"
                f" rows, leave their labels empty, or add texts: a label needs {MIN_PER_LABEL} different ones."
            )


def check_enough_apart(path: Path, texts: Texts) -> None:
    """Raise LabelledError unless texts can be kept apart: cross-validation would need the other sites as well."""
    if len(texts.texts) < MIN_TOGETHER:
        raise LabelledError(
            f"{path}: {len(texts.texts):,} texts are too few for a site, which keeps {2 * MIN_APART} apart: label"
            f" {MIN_TOGETHER} or more, or tune them at another site together with its own"
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """Places of texts, by what they are for."""

    learning: list[int]
    stopping: list[int]  #: they decide when to stop, and the temperature
    measuring: list[int]


def split(texts: Texts, *, seed: int, has_folds: bool, has_test: bool) -> Parts:
    """Part the texts, with the same share of each label in all parts.

    `has_folds`: cross-validation decides and measures, so all texts are learned from; `has_test`: another file is
    measured on.
    """
    if has_folds:
        return Parts(list(range(len(texts.texts))), [], [])
    apart = min(max(round(APART * len(texts.texts)), MIN_APART), MAX_APART)
    learning: list[int] = []
    stopping: list[int] = []
    measuring: list[int] = []
    for places in _shuffled_by_label(texts.labels, seed):
        share = max(1, round(apart * len(places) / len(texts.texts)))
        stopping += places[:share]
        if has_test:
            learning += places[share:]
        else:
            measuring += places[share : 2 * share]
            learning += places[2 * share :]
    return Parts(sorted(learning), sorted(stopping), sorted(measuring))


def folds(labels: Sequence[int], *, seed: int) -> list[list[int]]:
    """Return the places of the texts of each fold; each label has the same share in all of them."""
    parts: list[list[int]] = [[] for _ in range(FOLDS)]
    dealt = 0
    for places in _shuffled_by_label(labels, seed):
        for place in places:
            parts[dealt % FOLDS].append(place)
            dealt += 1
    return [sorted(part) for part in parts]


def _shuffled_by_label(labels: Sequence[int], seed: int) -> Iterator[list[int]]:
    dice = random.Random(seed)
    for label in sorted(set(labels)):
        places = [place for place, its in enumerate(labels) if its == label]
        dice.shuffle(places)
        yield places
