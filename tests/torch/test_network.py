"""The network that is converted gives what the original gives. Runs where torch and transformers are installed."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


def test_computing_only_the_first_token_at_the_end_changes_no_logit() -> None:
    from sentiq.engine.backends.network import Classifier

    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=100,
        hidden_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=96,
        initializer_range=0.3,
        num_labels=3,
    )
    original = transformers.BertForSequenceClassification(config).eval()
    ids = torch.randint(1, 100, (5, 20))
    mask = (torch.arange(20)[None] < torch.tensor([20, 3, 1, 11, 19])[:, None]).long()
    with torch.inference_mode():
        expected = original(input_ids=ids, attention_mask=mask).logits
        torch.testing.assert_close(Classifier(original)(ids, mask), expected)
