"""Fits the convolution, and the weights that combine and calibrate both parts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.nn import functional

from tools.training.network import Convolution
from tools.training.tokens import Ids

BATCH_TOKENS = 6_000  #: padded tokens of one training batch
LEARNING_RATE = 2e-3
EMBEDDING_RATE = 1e-3
WEIGHT_DECAY = 5e-2
LABEL_SMOOTHING = 0.06
MAX_GRADIENT_NORM = 1.0

Report = Callable[[str], None]


def fit_convolution(
    network: Convolution, texts: Sequence[Ids], labels: NDArray[np.int64], *, seed: int, epochs: int, report: Report
) -> None:
    """Fit `network` in place; the learning rates rise, then fall to nothing by the last epoch (one-cycle schedule)."""
    rng = random.Random(seed)
    targets = torch.from_numpy(labels).float() * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / 2
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
    steps = epochs * sum(1 for _ in batches(texts, rng)) + 100
    rates = [EMBEDDING_RATE, LEARNING_RATE]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps, pct_start=0.15)
    for epoch in range(epochs):
        network.train()
        losses = []
        for rows in batches(texts, rng):
            ids, mask = pad([texts[row] for row in rows])
            loss = functional.binary_cross_entropy_with_logits(network(ids, mask.unsqueeze(-1).float()), targets[rows])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT_NORM)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        report(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.4f}")
    network.eval()


def predict(network: Convolution, texts: Sequence[Ids]) -> NDArray[np.float64]:
    """Logits, `[texts]`."""
    logits = np.empty(len(texts))
    with torch.inference_mode():
        for rows in batches(texts):
            ids, mask = pad([texts[row] for row in rows])
            logits[rows] = network(ids, mask.unsqueeze(-1).float()).numpy()
    return logits


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of the positive label."""
    return np.asarray(1 / (1 + np.exp(-logits)))


def combine(
    linear: NDArray[np.float64], convolution: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Weights of both parts and a bias, by logistic regression on held-out texts.

    This calibrates the scores too: each weight holds the inverse temperature of its part (Platt scaling).
    """
    model = LogisticRegression(C=1e6).fit(np.stack([linear, convolution], 1), labels)
    return float(model.coef_[0][0]), float(model.coef_[0][1]), float(model.intercept_[0])


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
