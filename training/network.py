"""The network: a small convolution over characters and hashed bigrams, beside the linear n-gram part.

Inputs as the engine gives them: ids and mask, `[texts, tokens]`. Everything is multiplied by the mask, so padding
changes nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.ngrams import BIGRAMS, MULTIPLIER, PAIR_MASK, TRIGRAMS, Linear

EMBEDDED_BIGRAMS = 1 << 16


def hashes(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Hashes of (previous, this) and (previous, this, next) for each position, as in `training.ngrams.features`."""
    edge = torch.zeros_like(ids[:, :1])
    pairs = torch.cat([edge, ids[:, :-1]], 1) * MULTIPLIER + ids
    triples = torch.bitwise_and(pairs, PAIR_MASK) * MULTIPLIER + torch.cat([ids[:, 1:], edge], 1)
    return pairs, triples


class Convolution(nn.Module):
    """Logit of a text from its characters and pairs: two convolutions, maximum and mean over the text."""

    def __init__(
        self, vocabulary: int, *, characters: int = 64, bigrams: int = 40, channels: int = 160, dropout: float = 0.5
    ) -> None:
        super().__init__()
        width = characters + bigrams
        self.characters = nn.Embedding(vocabulary, characters)
        self.bigrams = nn.Embedding(EMBEDDED_BIGRAMS, bigrams)
        for embedding in (self.characters, self.bigrams):
            nn.init.normal_(embedding.weight, std=0.1)
        self.first = nn.Conv1d(width, channels, 3, padding=1)
        self.second = nn.Conv1d(channels, channels, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Sequential(
            nn.Linear(2 * channels + width, 128), nn.ReLU(), nn.Dropout(dropout), nn.Linear(128, 1)
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """`[texts]`. Mask is float, `[texts, tokens, 1]`; padded ids are 0."""
        pairs, _ = hashes(ids)
        pair_vectors = self.bigrams(torch.bitwise_and(pairs, EMBEDDED_BIGRAMS - 1))
        if self.training:  # whole pairs and whole positions are dropped: rare pairs are easily learned by heart
            pair_vectors = pair_vectors * _keep(ids, 0.6)
        vectors = torch.cat([self.characters(ids), pair_vectors], -1) * mask
        if self.training:
            vectors = vectors * _keep(ids, 0.8)
        across = mask.transpose(1, 2)
        inner = functional.relu(self.first(self.dropout(vectors).transpose(1, 2))) * across
        inner = functional.relu(self.second(inner) + inner) * across
        length = mask.sum(1)
        pooled = torch.cat(
            [inner.amax(2), inner.sum(2) / length, vectors.sum(1) / length.sqrt() / 3], -1
        )
        logit: Tensor = self.head(self.dropout(pooled)).squeeze(-1)
        return logit


def _keep(ids: Tensor, share: float) -> Tensor:
    return (torch.rand(ids.shape[0], ids.shape[1], 1) < share) / share


class Combined(nn.Module):
    """What is exported: ids and mask (integers, `[texts, tokens]`) → logits of negative and positive, `[texts, 2]`.

    `weights` are those of the linear part, of the convolution, and the bias: fitted on held-out texts, they calibrate
    the scores. With `int8` the large tables are stored as 8-bit integers with one scale for each table or column.
    """

    def __init__(self, convolution: Convolution, linear: Linear, weights: tuple[float, float, float], int8: bool) -> None:
        super().__init__()
        self.convolution = convolution.eval()
        self.weights = weights
        self.bias = linear.bias
        self.unigrams = Table(torch.from_numpy(linear.unigrams), int8=int8)
        self.pairs = Table(torch.from_numpy(linear.bigrams), int8=int8)
        self.triples = Table(torch.from_numpy(linear.trigrams), int8=int8)
        if int8:
            convolution.bigrams = Table(convolution.bigrams.weight.detach(), int8=True)  # type: ignore[assignment]
            convolution.characters = Table(convolution.characters.weight.detach(), int8=True)  # type: ignore[assignment]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        ids = input_ids * attention_mask
        mask = attention_mask.unsqueeze(-1).to(torch.float32)
        pairs, triples = hashes(ids)
        votes = (
            self.unigrams(ids)
            + self.pairs(torch.bitwise_and(pairs, BIGRAMS - 1))
            + self.triples(torch.bitwise_and(triples, TRIGRAMS - 1))
        ) * attention_mask
        linear = votes.sum(1) / mask.sum(1).sqrt().squeeze(-1) + self.bias
        of_linear, of_convolution, bias = self.weights
        logit = of_linear * linear + of_convolution * self.convolution(ids, mask) + bias
        return torch.stack([-logit / 2, logit / 2], 1)


class Table(nn.Module):
    """Rows looked up by index, stored as they are or as 8-bit integers."""

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
