"""The network: a small convolution over characters and hashed pairs, beside the linear n-gram part.

Inputs as the engine gives them: ids and mask, `[texts, tokens]`. Everything is multiplied by the mask, so padding
changes nothing.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tools.training.ngrams import EDGE, TABLES, Linear, hashes

CHARACTER_WIDTH = 64
PAIRS, PAIR_WIDTH = 1 << 17, 40
CHANNELS = 160
HIDDEN = 128
DROPOUT = 0.5
KEPT_PAIRS, KEPT_POSITIONS = 0.6, 0.85  #: in training; rare pairs are easily learned by heart


class Convolution(nn.Module):
    """Logits of a text from its characters and pairs: two convolutions, maximum and mean over the text."""

    def __init__(self, characters: NDArray[np.float32], pairs: NDArray[np.float32], outputs: int) -> None:
        """`characters` and `pairs`: first values of the embeddings, `[rows, width]`; `outputs` are logits of a text."""
        super().__init__()
        width = characters.shape[1] + pairs.shape[1]
        self.characters: nn.Module = nn.Embedding.from_pretrained(torch.from_numpy(characters), freeze=False)
        self.pairs: nn.Module = nn.Embedding.from_pretrained(torch.from_numpy(pairs), freeze=False)
        self.first = nn.Conv1d(width, CHANNELS, 3, padding=1)
        self.second = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=2, dilation=2)
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Sequential(
            nn.Linear(2 * CHANNELS + width, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, outputs)
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """`[texts, outputs]`; ids are 0 where the mask is, the mask is float, `[texts, tokens, 1]`."""
        pair, *_ = hashes(functional.pad(ids, EDGE))
        pairs = self.pairs(torch.bitwise_and(pair, PAIRS - 1))
        if self.training:
            pairs = pairs * _keep(ids, KEPT_PAIRS)
        vectors = torch.cat([self.characters(ids), pairs], -1) * mask
        if self.training:
            vectors = vectors * _keep(ids, KEPT_POSITIONS)
        across = mask.transpose(1, 2)
        inner = functional.relu(self.first(self.dropout(vectors).transpose(1, 2))) * across
        inner = functional.relu(self.second(inner) + inner) * across
        length = mask.sum(1)
        # The second convolution ends in a rectifier: padding's zeros never exceed the maximum.
        pooled = torch.cat([inner.amax(2), inner.sum(2) / length, vectors.sum(1) / length.sqrt() / 3], -1)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits


def _keep(ids: Tensor, share: float) -> Tensor:
    return (torch.rand(ids.shape[0], ids.shape[1], 1) < share) / share


@dataclass(frozen=True, slots=True)
class Weights:
    """What combines the logits of both parts; fitted on held-out texts, it calibrates the scores."""

    linear: float
    convolution: float
    bias: NDArray[np.float64]  # [outputs]


def of_labels(logits: Tensor) -> Tensor:
    """One logit for each label, `[texts, labels]`: of the `[texts, outputs]` of `tools.training.outputs`."""
    return torch.cat([-logits / 2, logits / 2], 1) if logits.shape[1] == 1 else logits


class Combined(nn.Module):
    """What is exported: ids and mask (integers, `[texts, tokens]`) → logits of the labels, `[texts, labels]`.

    With `int8` the large tables are stored as 8-bit integers.
    """

    def __init__(self, convolution: Convolution, linear: Linear, weights: Weights, *, int8: bool) -> None:
        super().__init__()
        self.convolution = deepcopy(convolution).eval()
        self.weights = weights
        # Both biases in one.
        self.register_buffer("bias", torch.from_numpy(weights.linear * linear.bias + weights.bias).float())
        self.tables = nn.ModuleList(Table(torch.from_numpy(values), int8=int8) for values in linear.tables)
        if int8:
            for name in ("characters", "pairs"):
                embedding = getattr(self.convolution, name)
                setattr(self.convolution, name, Table(embedding.weight.detach(), int8=True))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        ids = input_ids * attention_mask
        mask = attention_mask.unsqueeze(-1).to(torch.float32)
        votes = torch.zeros_like(mask)
        for table, size, rows in zip(self.tables, TABLES, [ids, *hashes(functional.pad(ids, EDGE))], strict=True):
            votes = votes + table(torch.bitwise_and(rows, size - 1))
        linear = (votes * mask).sum(1) / mask.sum(1).sqrt()
        logits = self.weights.linear * linear + self.weights.convolution * self.convolution(ids, mask) + self.bias
        return of_labels(logits)


class Table(nn.Module):
    """Rows looked up by index, stored as they are or as 8-bit integers with one scale for each column.

    A compression tool's scale for each row would be larger than the rows of the n-grams' tables, which hold one value
    where there are two labels.
    """

    def __init__(self, values: Tensor, *, int8: bool) -> None:
        super().__init__()
        self.int8 = int8
        if int8:
            # Rare large values are clipped: a wide scale would cost all the small ones their precision. Rows that stand
            # for nothing seen are zeros, and would make the others look rare where texts are few.
            used = values.abs()[values.any(dim=1)]
            drawn = used[:: max(1, len(used) // 100_000)] if len(used) else values
            limit = torch.quantile(drawn, 0.9999, dim=0).clamp(min=1e-6)
            self.register_buffer("scale", limit / 127)
            self.register_buffer("values", (values / self.scale).round().clamp(-127, 127).to(torch.int8))
        else:
            self.register_buffer("values", values)

    def forward(self, index: Tensor) -> Tensor:
        found: Tensor = self.values[index]
        return found.to(torch.float32) * self.scale if self.int8 else found
