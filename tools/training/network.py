"""The network: a small convolution over characters and hashed pairs, beside the linear n-gram part.

Inputs as the engine gives them: ids and mask, `[texts, tokens]`. Everything is multiplied by the mask, so padding
changes nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tools.training.ngrams import EDGE, TABLES, Linear, hashes

CHARACTER_WIDTH = 64
PAIRS, PAIR_WIDTH = 1 << 16, 40
CHANNELS = 160
HIDDEN = 128
DROPOUT = 0.5
KEPT_PAIRS, KEPT_POSITIONS = 0.6, 0.85  #: in training; rare pairs are easily learned by heart


class Convolution(nn.Module):
    """Logit of a text from its characters and pairs: two convolutions, maximum and mean over the text."""

    def __init__(self, characters: NDArray[np.float32], pairs: NDArray[np.float32]) -> None:
        """`characters` and `pairs`: first values of the embeddings, `[rows, width]`."""
        super().__init__()
        width = characters.shape[1] + pairs.shape[1]
        self.characters: nn.Module = nn.Embedding.from_pretrained(torch.from_numpy(characters), freeze=False)
        self.pairs: nn.Module = nn.Embedding.from_pretrained(torch.from_numpy(pairs), freeze=False)
        self.first = nn.Conv1d(width, CHANNELS, 3, padding=1)
        self.second = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=2, dilation=2)
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Sequential(
            nn.Linear(2 * CHANNELS + width, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, 1)
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """`[texts]`; ids are 0 where the mask is, the mask is float, `[texts, tokens, 1]`."""
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
        logit: Tensor = self.head(self.dropout(pooled)).squeeze(-1)
        return logit


def _keep(ids: Tensor, share: float) -> Tensor:
    return (torch.rand(ids.shape[0], ids.shape[1], 1) < share) / share


class Combined(nn.Module):
    """What is exported: ids and mask (integers, `[texts, tokens]`) → logits of negative and positive, `[texts, 2]`.

    `weights` are those of the linear part, of the convolution, and the bias: fitted on held-out texts, they calibrate
    the scores. With `int8` the large tables are stored as 8-bit integers.
    """

    def __init__(
        self, convolution: Convolution, linear: Linear, weights: tuple[float, float, float], *, int8: bool
    ) -> None:
        super().__init__()
        self.convolution = convolution.eval()
        self.weights = weights
        self.bias = linear.bias
        self.tables = nn.ModuleList(Table(torch.from_numpy(values), int8=int8) for values in linear.tables)
        if int8:
            for name in ("characters", "pairs"):
                embedding = getattr(convolution, name)
                setattr(convolution, name, Table(embedding.weight.detach(), int8=True))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        ids = input_ids * attention_mask
        mask = attention_mask.unsqueeze(-1).to(torch.float32)
        votes = torch.zeros_like(ids, dtype=torch.float32)
        for table, size, rows in zip(self.tables, TABLES, [ids, *hashes(functional.pad(ids, EDGE))], strict=True):
            votes = votes + table(torch.bitwise_and(rows, size - 1))
        linear = (votes * mask.squeeze(-1)).sum(1) / mask.sum(1).sqrt().squeeze(-1) + self.bias
        of_linear, of_convolution, bias = self.weights
        logit = of_linear * linear + of_convolution * self.convolution(ids, mask) + bias
        return torch.stack([-logit / 2, logit / 2], 1)


class Table(nn.Module):
    """Rows looked up by index, stored as they are or as 8-bit integers with one scale for each column.

    A compression tool's scale for each row would be larger than the rows of the n-grams' tables, which hold one value.
    """

    def __init__(self, values: Tensor, *, int8: bool) -> None:
        super().__init__()
        self.int8 = int8
        if int8:
            # Rare large values are clipped: a wide scale would cost all the small ones their precision.
            limit = torch.quantile(values.abs()[:: max(1, values.shape[0] // 100_000)], 0.9999, dim=0).clamp(min=1e-6)
            self.register_buffer("scale", limit / 127)
            self.register_buffer("values", (values / self.scale).round().clamp(-127, 127).to(torch.int8))
        else:
            self.register_buffer("values", values)

    def forward(self, index: Tensor) -> Tensor:
        found: Tensor = self.values[index]
        return found.to(torch.float32) * self.scale if self.int8 else found
