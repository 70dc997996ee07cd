"""What of a network learns: all of it, small matrices beside its own (LoRA), or its head alone."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from transformers import BertForSequenceClassification

from tools.tuning.batches import BatchSize, by_length, padded_tokens
from tools.tuning.progress import Meter

Way = Literal["whole", "lora", "head"]
WAYS: tuple[Way, ...] = ("whole", "lora", "head")

LORA_RANK = 8
LORA_DROPOUT = 0.05
#: Every matrix of every layer: with those of attention alone LoRA stays behind (Schulman, "LoRA Without Regret", 2025).
LORA_MODULES = r".*\.encoder\.layer\.\d+\..*\b(query|key|value|dense)"
WEIGHT_DECAY = 0.01
#: A new head begins with random numbers, and may move faster than what was trained before.
HEAD_FACTOR = 10.0


class Learner(Protocol):
    """Something that answers for texts by their places, and some of whose weights learn."""

    module: Any  #: a torch module: its parameters that need gradients are those that learn
    widths: Sequence[int]  #: tokens of each text, 1 where features of texts are read

    def logits(self, places: Sequence[int]) -> Tensor:
        """Return ``[texts, labels]`` in float32."""

    def finished(self) -> Any:
        """Return the whole network in the form of a transformers checkpoint."""


class Reader:
    """Token ids of texts as padded tensors, and the precision to compute in."""

    def __init__(self, ids: Sequence[Sequence[int]], pad_id: int, *, bfloat16: bool) -> None:
        self.ids = ids
        self.widths: Sequence[int] = [len(row) for row in ids]
        self._pad_id = pad_id
        self._bfloat16 = bfloat16

    def part(self, places: Sequence[int]) -> Reader:
        """Return a reader of these texts alone."""
        return Reader([self.ids[place] for place in places], self._pad_id, bfloat16=self._bfloat16)

    def batch(self, places: Sequence[int]) -> dict[str, Tensor]:
        width = max(self.widths[place] for place in places)
        ids = np.full((len(places), width), self._pad_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for line, place in enumerate(places):
            ids[line, : self.widths[place]] = self.ids[place]
            mask[line, : self.widths[place]] = 1
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}

    def precision(self) -> Any:
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16)


class Whole:
    """All weights learn."""

    def __init__(self, network: Any, reader: Reader) -> None:
        self.module = network
        self.widths = reader.widths
        self._reader = reader

    def logits(self, places: Sequence[int]) -> Tensor:
        with self._reader.precision():
            logits: Tensor = self.module(**self._reader.batch(places)).logits
        return logits.float()

    def finished(self) -> Any:
        return self.module


class Lora(Whole):
    """Beside each matrix of the encoder a product of two small ones learns, and so does the head."""

    def __init__(self, network: Any, reader: Reader) -> None:
        heads = ["classifier", "pooler"] if isinstance(network, BertForSequenceClassification) else ["classifier"]
        config = LoraConfig(
            task_type="SEQ_CLS",
            r=LORA_RANK,
            lora_alpha=2 * LORA_RANK,
            lora_dropout=LORA_DROPOUT,
            target_modules=LORA_MODULES,
            modules_to_save=heads,
        )
        super().__init__(get_peft_model(network, config), reader)

    def finished(self) -> Any:
        return self.module.merge_and_unload()


class Head:
    """What follows the last layer learns; the texts are run through the encoder once, before."""

    def __init__(self, network: Any, features: Tensor) -> None:
        """`features` are what the last layer gives for the first token of each text, ``[texts, hidden size]``."""
        self.widths: Sequence[int] = [1] * len(features)
        self._network = network
        self._features = features
        # RoBERTa's classifier begins with what is BERT's pooler.
        self._pooler = network.bert.pooler if isinstance(network, BertForSequenceClassification) else None
        parts = {"pooler": self._pooler, "classifier": network.classifier}
        self.module = nn.ModuleDict({name: part for name, part in parts.items() if part is not None})

    def logits(self, places: Sequence[int]) -> Tensor:
        first = self._features[list(places)].unsqueeze(1)
        if self._pooler is not None:
            dropped = self._network.config.hidden_dropout_prob
            first = nn.functional.dropout(self._pooler(first), dropped, self.module.training)
        logits: Tensor = self._network.classifier(first)
        return logits

    def finished(self) -> Any:
        return self._network


def learner_of(way: str, network: Any, reader: Reader, of_texts: Callable[[], Tensor]) -> Learner:
    """Return what learns in this way; `of_texts` makes the features, which the head alone reads."""
    if way == "head":
        return Head(network, of_texts())
    return Lora(network, reader) if way == "lora" else Whole(network, reader)


def features(network: Any, reader: Reader, size: BatchSize) -> Tensor:
    """Return what the last layer gives for the first token of each text, ``[texts, hidden size]``."""
    network.eval()
    found: Tensor | None = None
    batches = by_length(range(len(reader.ids)), reader.widths, size)
    meter, done = Meter(sum(padded_tokens(places, reader.widths) for places in batches), is_patient=True), 0
    with torch.inference_mode():
        for places in batches:
            with reader.precision():
                hidden = network.base_model(**reader.batch(places)).last_hidden_state[:, 0].float()
            if found is None:
                found = torch.empty(len(reader.ids), hidden.shape[1])
            found[places] = hidden
            done += len(places)
            meter.advance(padded_tokens(places, reader.widths), f"{done:,} of {len(reader.ids):,} texts read")
    assert found is not None
    return found.clone()


def learning(module: Any) -> dict[str, Tensor]:
    """Return the parameters that learn, by their names."""
    return {name: weight for name, weight in module.named_parameters() if weight.requires_grad}


def optimiser(module: Any, rate: float, *, new_head: bool) -> Any:
    """Return AdamW for the parameters that learn. Biases and norms do not decay; a new head learns faster."""

    def groups() -> Iterator[dict[str, Any]]:
        for in_head in (False, True):
            for is_matrix in (False, True):
                weights = [
                    weight
                    for name, weight in learning(module).items()
                    if is_head(name) == in_head and (weight.dim() > 1) == is_matrix
                ]
                if weights:
                    peak = rate * HEAD_FACTOR if in_head and new_head else rate
                    yield {"params": weights, "peak": peak, "weight_decay": WEIGHT_DECAY if is_matrix else 0.0}

    return torch.optim.AdamW(list(groups()), lr=rate, fused=True)


def is_head(name: str) -> bool:
    return "classifier" in name or "pooler" in name
