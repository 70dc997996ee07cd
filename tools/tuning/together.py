"""What sentiq-tune does at a site of a federated tuning, in the place of learning alone."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from tools.prepare.report import say
from tools.tuning.base import Base
from tools.tuning.exchange import put_weights, weights_of
from tools.tuning.federation import Introduction, Weights, read_secret
from tools.tuning.fit import Interrupted, fit, predict
from tools.tuning.plan import Plan
from tools.tuning.progress import Meter
from tools.tuning.saving import Stage
from tools.tuning.site import Round, take_part
from tools.tuning.teach import Taught
from tools.tuning.temperature import loss
from tools.tuning.texts import Parts, Texts
from tools.tuning.ways import Learner, Reader, learner_of


def learn_together(
    options: argparse.Namespace,
    base: Base,
    texts: Texts,
    reader: Reader,
    plan: Plan,
    parts: Parts,
    stage: Stage,
    stop: Callable[[], bool],
) -> Taught:
    """Learn with the other sites of the federation that `options` name. Raises FederationError or Interrupted."""
    network = base.network(texts.names)
    pupil = _Pupil(learner_of("lora", network, reader, lambda: torch.empty(0)), texts, plan, parts, stage, stop)
    introduction = Introduction(options.site, base.source.name, base.digest(), tuple(texts.names), len(parts.learning))
    say(f"  waiting for the other sites at {options.federated}")
    weights = take_part(options.federated, introduction, read_secret(options.secret), options.authority, pupil, stop)
    if weights is None:
        raise Interrupted
    put_weights(pupil.learner, weights)
    return Taught(pupil.learner.finished().eval(), pupil.looks, None)


class _Pupil:
    """The adapter of one site."""

    def __init__(
        self, learner: Learner, texts: Texts, plan: Plan, parts: Parts, stage: Stage, stop: Callable[[], bool]
    ) -> None:
        self.learner = learner
        self.looks: list[dict[str, float]] = []
        self._labels = np.array(texts.labels)
        self._plan = plan
        self._parts = parts
        self._stage = stage
        self._stop = stop

    def learn(self, weights: Weights, asked: Round) -> tuple[Weights, int]:
        seed = self._plan.seed * 1_000_003 + asked.number
        plan = replace(self._plan, epochs=asked.epochs, rate=asked.rate, seed=seed, checks=0)
        torch.set_num_threads(plan.threads)  # of this thread, which is not the one that planned
        torch.manual_seed(seed)  # of dropout
        put_weights(self.learner, weights)
        self._stage.forget()
        meter = Meter(self._parts_tokens() * asked.epochs, is_patient=True)
        name = f"round {asked.number} of {asked.rounds}: "
        learning = self._parts.learning
        fit(
            self.learner, self._labels, learning, [], plan, self._stage,
            new_head=False, stop=self._stop, meter=meter, name=name,
        )  # fmt: skip
        return weights_of(self.learner), len(learning)

    def measure(self, weights: Weights, number: int) -> tuple[float, float, int]:
        put_weights(self.learner, weights)
        apart: Sequence[int] = self._parts.stopping
        logits, labels = predict(self.learner, apart, self._plan.size)[apart], self._labels[apart]
        accuracy = float((logits.argmax(1) == labels).mean())
        found = loss(logits, labels)
        self.looks.append({"step": number, "loss": found, "accuracy": accuracy})
        say(f"  after round {number}: {accuracy:.1%} of {len(apart):,} texts kept apart here are right")
        return found, accuracy, len(apart)

    def _parts_tokens(self) -> int:
        return sum(self.learner.widths[place] for place in self._parts.learning)
