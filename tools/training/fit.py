"""Fits the convolution, and the weights that combine and calibrate both parts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional

from tools.training.network import Convolution, Weights, of_labels
from tools.training.outputs import Logits, Shares, loss, slope
from tools.training.tokens import Ids
from tools.tuning.saving import Stage

BATCH_TOKENS = 6_000  #: padded tokens of one training batch
LEARNING_RATE = 2e-3
EMBEDDING_RATE = 1e-3
WEIGHT_DECAY = 5e-2
LABEL_SMOOTHING = 0.06  #: of labels by people, which are sometimes wrong
MAX_GRADIENT_NORM = 1.0
WEAK = 1e-6  #: penalty on the weights that combine, so that they stay finite where held-out texts are all right

Report = Callable[[str], None]


def smoothed(labels: Shares) -> Shares:
    """Return the labels of people with a little probability for each other label."""
    return labels * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / labels.shape[1]


def fit_convolution(
    network: Convolution,
    texts: Sequence[Ids],
    targets: Shares,
    *,
    seed: int,
    epochs: int,
    report: Report,
    stage: Stage | None = None,
) -> None:
    """Fit `network` in place; the learning rates rise, then fall to nothing by the last epoch (one-cycle schedule).

    `targets` are what the probabilities of the labels should be, ``[texts, labels]``. After each epoch all that is
    needed to go on is kept in `stage`, if there is one, and what is found there is gone on with.
    """
    wanted = torch.from_numpy(targets).float()
    embeddings = [*network.characters.parameters(), *network.pairs.parameters()]
    others = [p for module in (network.first, network.second, network.head) for p in module.parameters()]
    optimiser = torch.optim.AdamW(
        [
            {"params": embeddings, "lr": EMBEDDING_RATE, "weight_decay": 0.0},  # they begin where decay would not lead
            {"params": others, "lr": LEARNING_RATE, "weight_decay": WEIGHT_DECAY},
        ],
        betas=(0.9, 0.98),
        fused=True,
    )
    # Shuffling changes how many batches there are by a few: the schedule has room for them.
    steps = epochs * sum(1 for _ in batches(texts, _dice(seed, 0))) + 100
    rates = [EMBEDDING_RATE, LEARNING_RATE]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps, pct_start=0.15)
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule}
    done = 0
    if stage and (state := stage.read_state()) is not None:
        done = state["epochs"]
        for name, part in parts.items():
            part.load_state_dict(state[name])
    for epoch in range(done, epochs):
        network.train()
        torch.manual_seed(seed * 1_000 + epoch)  # an epoch is the same after an interruption
        losses = []
        for rows in batches(texts, _dice(seed, epoch)):
            ids, mask = pad([texts[row] for row in rows])
            lost = functional.cross_entropy(of_labels(network(ids, mask.unsqueeze(-1).float())), wanted[rows])
            optimiser.zero_grad()
            lost.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT_NORM)
            optimiser.step()
            schedule.step()
            losses.append(lost.item())
        report(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.4f}")
        if stage:
            stage.write_state({"epochs": epoch + 1, **{name: part.state_dict() for name, part in parts.items()}}, -1)
    network.eval()


def _dice(seed: int, epoch: int) -> random.Random:
    return random.Random(f"{seed} {epoch}")


def predict(network: Convolution, texts: Sequence[Ids]) -> Logits:
    """Logits, `[texts, outputs]`."""
    found: Logits | None = None
    with torch.inference_mode():
        for rows in batches(texts):
            ids, mask = pad([texts[row] for row in rows])
            logits = network(ids, mask.unsqueeze(-1).float()).numpy()
            if found is None:
                found = np.empty((len(texts), logits.shape[1]))
            found[rows] = logits
    assert found is not None
    return found


def combine(linear: Logits, convolution: Logits, targets: Shares) -> Weights:
    """Weights of both parts and a bias, by logistic regression on held-out texts, `[texts, outputs]` each.

    This calibrates the scores too: each weight holds the inverse temperature of its part (Platt scaling).
    """

    def combined(numbers: NDArray[np.float64]) -> Logits:
        return numbers[0] * linear + numbers[1] * convolution + numbers[2:]

    def objective(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = combined(numbers)
        slopes = slope(logits, targets) / len(targets)
        back = [(slopes * linear).sum(), (slopes * convolution).sum(), *slopes.sum(axis=0)]
        penalty = WEAK * numbers
        return loss(logits, targets) + float(penalty @ numbers) / 2, np.array(back) + penalty

    first = np.array([0.5, 0.5, *np.zeros(linear.shape[1])])
    of_linear, of_convolution, *bias = minimize(objective, first, jac=True, method="L-BFGS-B").x
    return Weights(float(of_linear), float(of_convolution), np.array(bias))


def batches(texts: Sequence[Ids], rng: random.Random | None = None) -> Iterator[list[int]]:
    """Rows of similar length; shuffled within lengths and among batches when an `rng` is given."""
    noise = (lambda: rng.random() * 8) if rng else (lambda: 0.0)
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]) + noise())
    cut: list[list[int]] = [[]]
    for row in order:
        if (len(cut[-1]) + 1) * max(len(texts[row]), *(len(texts[r]) for r in cut[-1][-1:]), 1) > BATCH_TOKENS:
            cut.append([])
        cut[-1].append(row)
    if rng:
        rng.shuffle(cut)
    yield from (rows for rows in cut if rows)


def pad(texts: Sequence[Ids]) -> tuple[Tensor, Tensor]:
    """Ids and mask, `[texts, tokens]`."""
    width = max(map(len, texts))
    ids = np.zeros((len(texts), width), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)
