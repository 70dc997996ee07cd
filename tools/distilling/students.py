"""What both kinds of students have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sentiq.engine import Engine
from tools.distilling.teachers import Answers
from tools.distilling.texts import UNKNOWN, Corpus
from tools.training.outputs import Shares

#: What the labels of people count where there are some; the teacher's answers count the rest. The loss is then the
#: weighted mean of both (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015).
LABEL_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Lessons:
    """The texts and what a student is to answer; texts that nobody has answered are in no list."""

    texts: Sequence[str]
    teacher: Shares  #: ``[texts, labels]``, not a number where it gave no answer
    people: Shares  #: all for one label, zeros where people gave none
    learning: list[int]
    calibrating: list[int]
    measuring: list[int]

    def mixed(self, people: Shares) -> Shares:
        """Return what to learn: the teacher's answers, and these of `people` where there are some."""
        of_people = np.where(np.isnan(self.teacher[:, 0]), 1, LABEL_SHARE) * self.people.any(axis=1)
        share: Shares = of_people[:, None]
        return np.nan_to_num(self.teacher) * (1 - share) + people * share

    @property
    def truth(self) -> Shares:
        """Return what to calibrate on: the labels of people where there are some, else the teacher's answers."""
        is_labelled = self.people.any(axis=1).reshape(-1, 1)
        return np.where(is_labelled, self.people, np.nan_to_num(self.teacher))


def lessons(corpus: Corpus, answers: Answers) -> Lessons:
    """Return what is to be learned of these texts, by the teacher's answers to them."""
    is_labelled = corpus.labels != UNKNOWN
    people = np.eye(answers.shape[1])[corpus.labels] * is_labelled[:, None]
    is_answered = ~np.isnan(answers[:, 0])

    def usable(places: Sequence[int]) -> list[int]:
        return [place for place in places if is_answered[place] or is_labelled[place]]

    return Lessons(
        texts=corpus.texts,
        teacher=answers.astype(np.float64),
        people=people,
        learning=usable(corpus.learning),
        calibrating=usable(corpus.calibrating),
        measuring=[place for place in corpus.measuring if is_answered[place]],
    )


@dataclass(frozen=True, slots=True)
class Taught:
    """A student that has learned."""

    directory: Path  #: of a model that the engine loads
    plain: Callable[[], Engine]  #: loads the same in float32
    architecture: str  #: in words
    more: dict[str, Any]  #: further figures
