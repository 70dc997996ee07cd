"""The stages of a tuning: one network with texts kept apart, or with few texts one for each fold and one for all."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tools.prepare.report import step
from tools.tuning.base import Base
from tools.tuning.batches import padded_tokens, shuffled
from tools.tuning.fit import Stop, fit, predict
from tools.tuning.plan import Plan
from tools.tuning.progress import Meter
from tools.tuning.saving import Work
from tools.tuning.texts import Parts, Texts, folds
from tools.tuning.ways import Head, Learner, Reader, features, learner_of


@dataclass(frozen=True, slots=True)
class Taught:
    """A network that has learned."""

    network: Any  #: in the form of a transformers checkpoint
    looks: list[dict[str, float]]  #: step, loss and accuracy of each look at the texts kept apart
    held_out: NDArray[np.float64] | None  #: with folds: logits of each text by a network that has not learned from it


class Teacher:
    """What the stages share: the base, the texts as token ids, the plan, and the folder in which they are kept."""

    def __init__(
        self, base: Base, texts: Texts, ids: Sequence[Sequence[int]], pad_id: int, plan: Plan, work: Work
    ) -> None:
        torch.set_num_threads(plan.threads)
        self._base = base
        self._texts = texts
        self.reader = Reader([row[: plan.longest] for row in ids], pad_id, bfloat16=plan.bfloat16)
        self._plan = plan
        self._work = work

    def features(self) -> Any:
        """Return what the base gives for the first token of each text, before any tuning, ``[texts, hidden size]``."""

        def make() -> Any:
            with step(f"read {len(self._texts.texts):,} texts with the base"):
                return features(self._network(0), self.reader, self._plan.size)

        return self._work.kept("features", make)

    def of_base(self, others: Reader | None = None) -> NDArray[np.float64] | None:
        """Return the base's logits for all texts, or for others; None where it has no classifier for these labels."""
        if not self._base.keeps_head(self._texts.names):
            return None
        network = self._network(0)
        of_texts = self.features() if others is None else features(network, others, self._plan.size)
        return predict(Head(network, of_texts), range(len(of_texts)), self._plan.size)

    def teach(self, parts: Parts, stop: Stop) -> Taught:
        """Run all stages that have not been run, and the last one again from where it was. Raises Interrupted."""
        places = range(len(self._texts.texts))
        if self._plan.checks:
            meter = self._meter([parts.learning])
            network, looks = self._last_stage(parts.learning, parts.stopping, meter, stop)
            return Taught(network, looks, None)
        held_out = np.zeros((len(places), len(self._texts.names)))
        of_folds = folds(self._texts.labels, seed=self._plan.seed)
        meter = self._meter([*(_others(places, fold) for fold in of_folds), places])
        for number, fold in enumerate(of_folds):
            held_out[fold] = self._fold(number, _others(places, fold), fold, meter, stop)
        network, looks = self._last_stage(places, [], meter, stop)
        return Taught(network, looks, held_out)

    def _fold(
        self, number: int, learning: Sequence[int], fold: Sequence[int], meter: Meter, stop: Stop
    ) -> NDArray[np.float64]:
        """Return the logits for the texts of a fold by a network that learned from the others."""
        stage = self._work.stage(f"fold-{number}")
        result = stage.result()
        if result is None:
            learner = self._learner(number)
            self._fit(learner, learning, [], f"fold-{number}", meter, stop)
            result = torch.from_numpy(predict(learner, fold, self._plan.size)[list(fold)])
            stage.finish(result)
        else:
            meter.skip(self._tokens(learning))
        logits: NDArray[np.float64] = result.numpy()
        return logits

    def _last_stage(
        self, learning: Sequence[int], stopping: Sequence[int], meter: Meter, stop: Stop
    ) -> tuple[Any, list[dict[str, float]]]:
        learner = self._learner(len(self._texts.texts))
        looks = self._fit(learner, learning, stopping, "all", meter, stop)
        return learner.finished().eval(), looks

    def _fit(
        self, learner: Learner, learning: Sequence[int], stopping: Sequence[int], name: str, meter: Meter, stop: Stop
    ) -> list[dict[str, float]]:
        return fit(
            learner,
            np.array(self._texts.labels),
            learning,
            stopping,
            self._plan,
            self._work.stage(name),
            # The rates of the other ways are high enough for a head.
            new_head=self._plan.way == "whole" and not self._base.keeps_head(self._texts.names),
            stop=stop,
            meter=meter,
            name="" if self._plan.checks else f"{name}: ",
        )

    def _learner(self, number: int) -> Learner:
        """Return the base as it is before a stage; what is drawn for it depends on the stage alone."""
        return learner_of(self._plan.way, self._network(number), self.reader, self.features)

    def _network(self, number: int) -> Any:
        torch.manual_seed(self._plan.seed * 1_000_003 + number)
        return self._base.network(self._texts.names)

    def _meter(self, stages: Sequence[Sequence[int]]) -> Meter:
        return Meter(sum(self._tokens(places) for places in stages))

    def _tokens(self, places: Sequence[int]) -> int:
        widths = [1] * len(self.reader.widths) if self._plan.way == "head" else self.reader.widths
        batches = shuffled(places, widths, self._plan.size, "")
        return self._plan.epochs * sum(padded_tokens(batch, widths) for batch in batches)


def _others(places: Sequence[int], fold: Sequence[int]) -> list[int]:
    return sorted(set(places) - set(fold))
