"""Lets a network learn from labelled texts, step by step, and can be interrupted between any two of them."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from tools.tuning.batches import BatchSize, by_length, padded_tokens, shuffled
from tools.tuning.plan import WARM_UP, Plan
from tools.tuning.progress import Meter
from tools.tuning.saving import Stage
from tools.tuning.temperature import fitted_loss
from tools.tuning.ways import Learner, learning, optimiser

MAX_GRADIENT_NORM = 1.0
SAVE_EVERY_S = 60.0  #: what an unexpected end may cost


class Interrupted(Exception):
    """Somebody asked to stop; all that is needed to go on is on disk."""


#: Tells whether somebody asked to stop.
Stop = Callable[[], bool]
Targets = NDArray[np.int64] | NDArray[np.float32]


def fit(
    learner: Learner,
    targets: Targets,
    places: Sequence[int],
    apart: Sequence[int],
    plan: Plan,
    stage: Stage,
    *,
    new_head: bool,
    stop: Stop,
    meter: Meter,
    name: str,
) -> list[dict[str, float]]:
    """Teach `learner` the texts at `places`; return what each look at those kept apart found.

    `targets` are the numbers of the labels, ``[texts]``, or what their probabilities should be, ``[texts, labels]``.
    With texts kept `apart` the weights are in the end those that were best for them: by the loss that is left once a
    temperature has corrected how sure the network is, since that is done in the end anyway (Berta et al., "Rethinking
    Early Stopping: Refine, Then Calibrate", 2025). Without, they are those of the last step. Raises Interrupted.
    """
    steps = [
        batch
        for epoch in range(plan.epochs)
        for batch in shuffled(places, learner.widths, plan.size, f"{plan.seed} {epoch}")
    ]
    looks = {round((look + 1) * len(steps) / plan.checks) for look in range(plan.checks)} if apart else set()
    patience = max(3, len(looks) // 2)  # while the rate is high, a look or two may be worse than the one before
    adam = optimiser(learner.module, plan.rate, new_head=new_head)
    run = _Run(learner, adam, stage)
    run.resume()
    meter.skip(sum(padded_tokens(batch, learner.widths) for batch in steps[: run.step]))
    wanted = torch.from_numpy(targets)
    labels: NDArray[np.int64] = np.asarray(targets if targets.ndim == 1 else targets.argmax(axis=1), dtype=np.int64)
    saved_at = time.monotonic()
    for batch in steps[run.step :]:
        if stop():
            run.save()
            raise Interrupted
        _set_rates(adam, run.step, len(steps))
        learner.module.train()
        loss = functional.cross_entropy(learner.logits(batch), wanted[batch])
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(learning(learner.module).values()), MAX_GRADIENT_NORM)
        adam.step()
        run.step += 1
        meter.advance(
            padded_tokens(batch, learner.widths), f"{name}step {run.step} of {len(steps)}, loss {loss.item():.3f}"
        )
        if run.step in looks:
            run.look(predict(learner, apart, plan.size)[list(apart)], labels[list(apart)])
            meter.say(f"step {run.step} of {len(steps)}, kept apart: {run.told()}")
            if run.looks_since_best >= patience:
                break
        if time.monotonic() - saved_at > SAVE_EVERY_S:
            run.save()
            saved_at = time.monotonic()
    if looks:
        run.take_best()
    return run.found


def predict(learner: Learner, places: Sequence[int], size: BatchSize) -> NDArray[np.float64]:
    """Return logits ``[all texts, labels]``, zeros for texts that are not at `places`."""
    learner.module.eval()
    found: NDArray[np.float64] | None = None
    with torch.no_grad():
        for batch in by_length(places, learner.widths, size):
            logits = learner.logits(batch).double().numpy()
            if found is None:
                found = np.zeros((len(learner.widths), logits.shape[1]))
            found[batch] = logits
    assert found is not None
    return found


class _Run:
    """How far a fit has come."""

    def __init__(self, learner: Learner, adam: Any, stage: Stage) -> None:
        self.step = 0
        self.found: list[dict[str, float]] = []
        self._module = learner.module
        self._adam = adam
        self._stage = stage

    @property
    def best(self) -> dict[str, float]:
        return min(self.found, key=lambda look: look["loss"])

    @property
    def looks_since_best(self) -> int:
        return len(self.found) - 1 - self.found.index(self.best)

    def look(self, logits: NDArray[np.float64], labels: NDArray[np.int64]) -> None:
        """Note how good the network is now, and keep its weights if it was never better."""
        accuracy = float((logits.argmax(1) == labels).mean())
        self.found.append({"step": self.step, "loss": fitted_loss(logits, labels), "accuracy": accuracy})
        if self.looks_since_best == 0:
            self._stage.write_best(self.step, learning(self._module))

    def told(self) -> str:
        last = self.found[-1]
        return f"accuracy {last['accuracy']:.4f}, loss {last['loss']:.4f}"

    def take_best(self) -> None:
        self._put(self._stage.read_best(int(self.best["step"])))

    def save(self) -> None:
        best = int(self.best["step"]) if self.found else -1
        state = {
            "step": self.step,
            "found": self.found,
            "weights": learning(self._module),
            "optimiser": self._adam.state_dict(),
            "random": torch.get_rng_state(),
        }
        self._stage.write_state(state, best)

    def resume(self) -> None:
        state = self._stage.read_state()
        if state is None:
            return
        self.step, self.found = state["step"], state["found"]
        self._put(state["weights"])
        self._adam.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["random"])

    def _put(self, weights: dict[str, Any]) -> None:
        with torch.no_grad():
            for name, weight in learning(self._module).items():
                weight.copy_(weights[name])


def _set_rates(adam: Any, step: int, steps: int) -> None:
    """Raise the rates in a line, then let them fall in a line to nothing."""
    warm = max(1, round(WARM_UP * steps))
    share = (step + 1) / warm if step < warm else (steps - step) / (steps - warm + 1)
    for group in adam.param_groups:
        group["lr"] = group["peak"] * share
