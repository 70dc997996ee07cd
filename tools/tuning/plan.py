"""What is done for a tuning: chosen once from rows, time and memory, then kept, so that the clock changes no result."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tools.tuning.batches import BatchSize
from tools.tuning.texts import FEW

#: Up to how many texts, passes over them that help, and the fewest that are worth it. More texts need fewer.
EPOCHS = ((500, 10, 4), (5_000, 5, 2), (20_000, 4, 2), (100_000, 3, 1))
EPOCHS_OF_MANY = (2, 1)
HEAD_EPOCHS = 30  #: the head alone, on features: seconds
#: From how many texts on LoRA has enough to learn from; all weights have from `FEW` on.
ENOUGH_FOR_LORA = 60
MOST_CHECKS = 10  #: looks at the texts kept apart, times four where epochs are long
BATCH_TOKENS = 4096
LONGEST = 256  #: tokens of a text that are learned from; what follows is rare and costly
WARM_UP = 0.1  #: share of the steps in which the rate rises
#: Highest learning rates for encoders of 768 and more, by way; smaller encoders take twice as much.
RATES: Mapping[str, float] = {"whole": 3e-5, "lora": 3e-4, "head": 1e-3}
#: What torch, transformers and the converters take before any network.
LIBRARIES_BYTES = 700_000_000
#: Preparing a network holds it in several forms at once.
PREPARE_COPIES = 5
#: Preparing: seconds for each million weights, and besides.
PREPARE_S_PER_MILLION, PREPARE_S = 1.2, 30.0


class PlanError(Exception):
    """The tuning cannot be done with these settings here; the text names the remedy."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Together with the base, the texts and the command line, this decides the result."""

    way: str
    epochs: int
    batch_texts: int
    batch_tokens: int
    longest: int  #: tokens of a text that are learned from
    rate: float  #: the highest of the schedule
    seed: int
    threads: int
    bfloat16: bool
    checks: int  #: times at which a split kept apart decides whether to stop; 0: cross-validation instead
    predicted_s: float  #: for the eye alone

    def settings(self) -> dict[str, Any]:
        """Return all that decides the result."""
        return {name: value for name, value in asdict(self).items() if name != "predicted_s"}

    def told(self, texts: int) -> str:
        """Return the plan in words."""
        ways = {"whole": "all weights learn", "lora": "LoRA: small matrices learn", "head": "the head alone learns"}
        how = f"{self.checks} looks at texts kept apart" if self.checks else "in five folds, then with all texts"
        number = "bfloat16" if self.bfloat16 else "float32"
        return (
            f"  plan: {ways[self.way]}; {texts:,} texts, at most {self.epochs} epochs, {how}; {self.threads} threads,"
            f" {number}; about {self.predicted_s / 60 + 0.5:.0f} minutes"
        )

    @property
    def size(self) -> BatchSize:
        return BatchSize(self.batch_texts, self.batch_tokens)


def batch_texts(texts: int) -> int:
    return 16 if texts < 2_000 else 32


def epochs_wanted(way: str, texts: int) -> tuple[int, int]:
    """Return the passes that help and the fewest that are worth it."""
    if way == "head":
        return HEAD_EPOCHS, HEAD_EPOCHS
    for below, most, fewest in EPOCHS:
        if texts < below:
            return most, fewest
    return EPOCHS_OF_MANY


def preferred(texts: int) -> tuple[str, ...]:
    """Return the ways to try, the best for so many texts first."""
    if texts < ENOUGH_FOR_LORA:
        return ("head",)
    return ("lora", "head") if texts < FEW else ("whole", "lora", "head")


def fitting_epochs(way: str, texts: int, epoch_s: float, once_s: float, budget_s: float) -> int:
    """Return how many passes fit into the time, at most those that help; 0 where those worth it do not fit.

    `epoch_s` is the time of one pass, over all folds; `once_s` that of what is done once.
    """
    most, fewest = epochs_wanted(way, texts)
    fit = int(max(0.0, budget_s - once_s) / epoch_s)
    return min(most, fit) if fit >= fewest else 0


def checks(texts: int, epochs: int) -> int:
    """Return how often to look whether to stop: once an epoch, up to four times where epochs are long."""
    return min(epochs, MOST_CHECKS) * max(1, min(4, texts // 10_000))


def rate(way: str, hidden_size: int) -> float:
    return RATES[way] * (2 if hidden_size < 768 and way != "head" else 1)


def cores() -> int:
    return len(os.sched_getaffinity(0))


def prepare_s(weights: int) -> float:
    """Return roughly how long it takes to convert, quantise and prove a network of so many weights."""
    return PREPARE_S + PREPARE_S_PER_MILLION * weights / 1e6


def memory_bytes(config: Mapping[str, Any], weights: int, learning: int, way: str, *, longest: int) -> int:
    """Return roughly what is taken at the highest, by tuning or by preparing.

    Tuning: weights, and of those that learn gradients and AdamW's two averages; activations. Those of a layer are 34
    bytes for each token and channel in 16 bits, and 5 for each pair of tokens and head (Korthikanti et al., "Reducing
    Activation Recomputation in Large Transformer Models", 2022); twice as much is counted, for float32.
    """
    hidden, heads = config.get("hidden_size", 768), config.get("num_attention_heads", 12)
    layers = 1 if way == "head" else config.get("num_hidden_layers", 12)
    activations = 2 * layers * BATCH_TOKENS * (34 * hidden + 5 * heads * longest)
    tuning = 4 * (weights + 3 * learning) + activations
    return int(LIBRARIES_BYTES + max(tuning, 4 * PREPARE_COPIES * weights))


def disk_bytes(weights: int, learning: int) -> int:
    """Return the room that is taken at the highest, by tuning or by preparing.

    Tuning: the state (weights that learn and AdamW's two averages) old and new, the best weights old and new.
    Preparing: the tuned network, and its forms in float32 and INT8.
    """
    return 4 * max((2 * 3 + 2) * learning, (1 + 4) * weights)
