"""From token ids and what the probabilities of their labels should be to the parts of the bundled network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tools.training.embed import embeddings
from tools.training.fit import Report, combine, fit_convolution, predict
from tools.training.network import CHARACTER_WIDTH, PAIR_WIDTH, PAIRS, Combined, Convolution, Weights
from tools.training.ngrams import Linear, fit_linear
from tools.training.outputs import Logits, Shares, of_labels, outputs
from tools.training.tokens import Ids
from tools.tuning.saving import Work


@dataclass(frozen=True, slots=True)
class Targets:
    """What the probabilities of the labels should be, ``[texts, labels]`` each."""

    linear: Shares
    convolution: Shares


@dataclass(frozen=True, slots=True)
class Parts:
    """Both parts of the network, and what combines them."""

    linear: Linear
    convolution: Convolution
    weights: Weights

    def logits(self, texts: Sequence[Ids]) -> dict[str, Logits]:
        """Return the logits of each part and of both together, ``[texts, outputs]``."""
        linear, convolution = self.linear.logits(texts), predict(self.convolution, texts)
        combined = self.weights.linear * linear + self.weights.convolution * convolution + self.weights.bias
        return {"linear": linear, "convolution": convolution, "combined": combined}

    def network(self, *, int8: bool) -> Combined:
        """Return what is exported."""
        return Combined(self.convolution, self.linear, self.weights, int8=int8)


def learn(
    texts: Sequence[Ids],
    targets: Targets,
    held_out: tuple[Sequence[Ids], Shares],
    *,
    more: Sequence[Ids] = (),
    vocabulary: int,
    seed: int,
    epochs: int,
    report: Report,
    work: Work | None = None,
) -> Parts:
    """Fit both parts, then combine and calibrate them on the held-out texts.

    `more` are further texts, from which the embeddings alone learn; `vocabulary` is how many ids there are. With `work`
    an interrupted run goes on where it was.
    """
    linear = _linear(texts, targets.linear, work)
    report("linear part fitted")
    seen = [*texts, *more]
    characters, pairs = embeddings(seen, characters=(vocabulary, CHARACTER_WIDTH), pairs=(PAIRS, PAIR_WIDTH), seed=seed)
    report(f"embeddings started from {len(seen):,} texts")
    torch.manual_seed(seed)
    convolution = Convolution(characters, pairs, outputs(targets.convolution.shape[1]))
    stage = work.stage("convolution") if work else None
    fit_convolution(convolution, texts, targets.convolution, seed=seed, epochs=epochs, report=report, stage=stage)
    ids, wanted = held_out
    return Parts(linear, convolution, combine(linear.logits(ids), predict(convolution, ids), wanted))


def _linear(texts: Sequence[Ids], targets: Shares, work: Work | None) -> Linear:
    if work is None:
        return fit_linear(texts, targets)

    def make() -> dict[str, Any]:
        fitted = fit_linear(texts, targets)
        tensors = [torch.from_numpy(table) for table in fitted.tables]
        return {"tables": tensors, "bias": torch.from_numpy(fitted.bias)}

    kept = work.kept("linear", make)
    return Linear(tuple(table.numpy() for table in kept["tables"]), kept["bias"].numpy())


def accuracies(logits: dict[str, Logits], wanted: Shares) -> dict[str, float]:
    """Return for each part the share of texts whose most probable label is the wanted one."""
    right: NDArray[np.int64] = wanted.argmax(axis=1)
    return {name: round(float((of_labels(found).argmax(axis=1) == right).mean()), 4) for name, found in logits.items()}
