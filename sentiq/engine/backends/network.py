"""A classifier as the network of a model directory: two inputs, one output, no needless work."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found,misc"

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import BertForSequenceClassification, PreTrainedModel
from transformers.models.bert.modeling_bert import BertLayer

#: Added to the attention scores of padding: its weight becomes 0, also in bfloat16.
HIDDEN = -1e4


class Classifier(torch.nn.Module):
    """Logits ``[batch, labels]`` from `input_ids` and `attention_mask` ``[batch, width]``.

    The same numbers as `BertForSequenceClassification` gives, for less: only the first token reaches the classifier,
    so the last layer computes queries and what follows them for that token alone (7 % of a 12-layer network's time).
    """

    def __init__(self, bert: BertForSequenceClassification) -> None:
        super().__init__()
        self.bert = bert

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        base = self.bert.bert
        hidden = base.embeddings(input_ids)
        mask = (1 - attention_mask[:, None, None, :].to(hidden.dtype)) * HIDDEN
        *layers, last = base.encoder.layer
        for layer in layers:
            hidden = layer(hidden, mask)[0]
        logits: Tensor = self.bert.classifier(base.pooler(first_token(last, hidden, mask)))
        return logits


def first_token(layer: BertLayer, hidden: Tensor, mask: Tensor) -> Tensor:
    """What `layer` gives for the first token, ``[batch, 1, hidden size]``, from all tokens' `hidden`."""
    attention = layer.attention.self
    first = hidden[:, :1]

    def heads(projected: Tensor) -> Tensor:
        split = (projected.shape[0], projected.shape[1], attention.num_attention_heads, attention.attention_head_size)
        return projected.view(split).transpose(1, 2)

    context = scaled_dot_product_attention(
        heads(attention.query(first)), heads(attention.key(hidden)), heads(attention.value(hidden)), mask
    )
    attended = layer.attention.output(context.transpose(1, 2).flatten(2), first)
    output: Tensor = layer.output(layer.intermediate(attended), attended)
    return output


class Logits(torch.nn.Module):
    """Logits ``[batch, outputs]`` of any classifier that makes position ids and token types itself, such as RoBERTa."""

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits: Tensor = self.network(input_ids, attention_mask=attention_mask).logits
        return logits


class Merged(torch.nn.Module):
    """Logits ``[batch, labels]`` of labels that are one or several outputs of `network`, as `groups` numbers them.

    A label's probability is the sum of those of its outputs.
    """

    def __init__(self, network: torch.nn.Module, groups: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.network = network
        self.groups = [torch.tensor(group) for group in groups]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits = self.network(input_ids, attention_mask=attention_mask).float()
        return torch.stack([logits.index_select(1, group).logsumexp(1) for group in self.groups], dim=1)


def inference_form(network: PreTrainedModel) -> torch.nn.Module:
    """Return a module from `input_ids` and `attention_mask` to the logits of the labels, without needless work.

    Outputs of the same name in the network's configuration are one label.
    """
    form = Classifier(network) if isinstance(network, BertForSequenceClassification) else Logits(network)
    names = [network.config.id2label[number] for number in range(network.config.num_labels)]
    groups: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        groups.setdefault(name, []).append(number)
    return form if len(groups) == len(names) else Merged(form, list(groups.values()))
