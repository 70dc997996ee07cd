"""The texts of a distillation: which of them the student learns from, which calibrate it, which measure it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiq.core.invisible_characters import visible
from tools.labelled import Labelled, LabelledError, read_labelled, read_texts

#: Texts kept apart to calibrate on, and as many to measure on: a tenth of those with labels, at most so many.
APART, MAX_APART = 10, 2000
MIN_TEXTS = 50
UNKNOWN = -1  #: in place of a label

#: Parts of a sentence, with the marks that end them.
_CLAUSE = re.compile(r"[^，,。！？!?；;…\n]+[，,。！？!?；;…\n]*")
MIN_CROP_CHARS = 6
CROPS = 2  #: of each text; docs/adr/0061-distilling.md has what they gain
CROP_SEED = 1  #: the same for every student, so that the teacher's answers can be used again


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts that differ; the lists have one place for each of them."""

    texts: list[str]  #: without invisible characters, as the engine reads them
    labels: NDArray[np.int64]  #: number of the label that people gave, or UNKNOWN
    sources: list[str]  #: "" where the file has no such column
    learning: list[int]  #: places of the texts to learn from
    calibrating: list[int]  #: those that what was learned is calibrated on
    measuring: list[int]  #: those that the student is measured on

    def measured_with_labels(self) -> bool:
        """Tell whether the texts to measure on have labels by people."""
        return bool(self.labels[self.measuring[0]] != UNKNOWN)

    def with_crops(self) -> Corpus:
        """Return the same with parts of each text that has several clauses, to learn from too.

        Whole reviews say little about which of their words count; the teacher's answers for parts of them do.
        """
        dice = random.Random(CROP_SEED)
        there = set(self.texts)
        crops = (_crop(self.texts[place], dice) for _ in range(CROPS) for place in self.learning)
        new = [crop for crop in dict.fromkeys(crops) if crop and crop not in there]
        return Corpus(
            texts=[*self.texts, *new],
            labels=np.concatenate([self.labels, np.full(len(new), UNKNOWN)]),
            sources=[*self.sources, *[""] * len(new)],
            learning=[*self.learning, *range(len(self.texts), len(self.texts) + len(new))],
            calibrating=self.calibrating,
            measuring=self.measuring,
        )


def gather(
    files: Sequence[Path],
    labelled: Path | None,
    test: Path | None,
    *,
    text: str | None,
    label: str | None,
    labels: Sequence[str],
    seed: int,
) -> Corpus:
    """Read all files; a text that occurs several times counts once, for what it is needed most: measuring, labels.

    `labels` are the teacher's. Raises LabelledError naming the file, what is wrong with it and the remedy.
    """
    of_test, of_people = (
        None if path is None else read_labelled(path, text=text, label=label, labels=labels).distinct()
        for path in (test, labelled)
    )
    numbers = {name: number for number, name in enumerate(labels)}
    found: dict[str, tuple[int, str]] = {}
    ends = [0]
    for part in (_rows(of_test, numbers), _rows(of_people, numbers)):
        for each, number, source in part:
            found.setdefault(each, (number, source))
        ends.append(len(found))
    for path in files:
        for each in read_texts(path, text):
            found.setdefault(_key(each), (UNKNOWN, ""))
    learned = range(ends[1], len(found))
    if len(learned) < MIN_TEXTS:
        raise LabelledError(
            f"{files[0]}: only {len(learned)} different texts to learn from; give {MIN_TEXTS}, better thousands"
        )
    known = range(ends[1], ends[2])
    if 0 < len(known) < MIN_TEXTS:
        raise LabelledError(f"{labelled}: only {len(known)} different labelled texts that are not in --test; give more")
    known = known or learned
    count = min(MAX_APART, max(1, len(known) // APART))
    drawn = random.Random(seed).sample(known, 2 * count)
    calibrating, measuring = drawn[:count], range(ends[1]) if of_test else drawn[count:]
    held_out = {*calibrating, *measuring}
    return Corpus(
        texts=list(found),
        labels=np.array([number for number, _ in found.values()]),
        sources=[source for _, source in found.values()],
        learning=[place for place in learned if place not in held_out],
        calibrating=sorted(calibrating),
        measuring=sorted(measuring),
    )


def _rows(read: Labelled | None, numbers: dict[str, int]) -> Iterable[tuple[str, int, str]]:
    if read is not None:
        sources = read.sources or [""] * len(read.texts)
        for text, label, source in zip(read.texts, read.labels, sources, strict=True):
            yield _key(text), numbers[label], source


def _key(text: str) -> str:
    return visible(text).strip()


def _crop(text: str, dice: random.Random) -> str:
    """Return some clauses of a text, or "" where it has too few."""
    clauses = _CLAUSE.findall(text)
    if len(clauses) < 2:
        return ""
    length = dice.randint(1, len(clauses) - 1)
    start = dice.randint(0, len(clauses) - length)
    crop = "".join(clauses[start : start + length]).strip()
    return crop if len(crop) >= MIN_CROP_CHARS else ""
