"""Two engines that answer as one: the student where it is sure, the teacher the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sentiq.engine.engine import Engine, Observer, Prediction
from sentiq.engine.long_texts import LongTexts
from sentiq.engine.pairs import STUDENT, TEACHER, StoredPair, both, pair_manifest
from sentiq.engine.proving import IfUnproven, load_proven
from sentiq.engine.registry import StoredModel


class Cascade:
    """A loaded pair, with the face of an `Engine`. Each prediction says who gave it."""

    def __init__(self, student: Engine, teacher: Engine, threshold: float) -> None:
        """Join two engines; raises ModelError when they make no pair."""
        self.manifest = pair_manifest(student.manifest, teacher.manifest, threshold)
        self.student = student
        self._teacher = teacher
        self._threshold = threshold
        #: The places of the labels in a prediction of the student: its network may have them in another order.
        self._columns = [student.manifest.labels.index(label) for label in self.manifest.labels]

    @property
    def form(self) -> str:
        """Which probabilities a text gets (`Engine.form`), of either."""
        return f"{self.student.form}, {self._teacher.form}"

    @property
    def precision(self) -> str:
        """The precision (`Engine.precision`) of both."""
        return both(self.student.precision, self._teacher.precision)

    @property
    def notice(self) -> str:
        """What is to be known of how they are computed (proving.py); "" for nothing."""
        return "; ".join(filter(None, (self.student.notice, self._teacher.notice)))

    def warm(self) -> int:
        """Run every shape of both, and return their number."""
        return self.student.warm() + self._teacher.warm()

    def prove(self) -> None:
        """Run one tiny batch of each; raises ModelError as `Engine.prove` does."""
        self.student.prove()
        self._teacher.prove()

    def classify(self, texts: Sequence[str], long_texts: LongTexts = "truncate") -> list[Prediction]:
        """Return one prediction per text, in their order: of the student where it is sure, else of the teacher."""
        found = [
            replace(
                prediction, probabilities=tuple(prediction.probabilities[at] for at in self._columns), given_by=STUDENT
            )
            for prediction in self.student.classify(texts, long_texts)
        ]
        unsure = [at for at, prediction in enumerate(found) if max(prediction.probabilities) < self._threshold]
        if unsure:
            answers = self._teacher.classify([texts[at] for at in unsure], long_texts)
            for at, prediction in zip(unsure, answers, strict=True):
                found[at] = replace(prediction, given_by=TEACHER)
        return found


def open_stored(
    stored: StoredModel | StoredPair,
    *,
    backend: str,
    token_budget: int = 512,
    observer: Observer | None = None,
    if_unproven: IfUnproven = "fall_back",
) -> Engine | Cascade:
    """Load a model, or both models of a pair. Takes what `load_proven` takes, and raises ModelError as it does."""

    def opened(model: StoredModel) -> Engine:
        return load_proven(
            model.directory, backend=backend, token_budget=token_budget, observer=observer, if_unproven=if_unproven
        )

    if isinstance(stored, StoredPair):
        return Cascade(opened(stored.student), opened(stored.teacher), stored.threshold)
    return opened(stored)
