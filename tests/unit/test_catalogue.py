"""Ids that people bring, and what they are answered."""

from __future__ import annotations

import pytest

from sentiq.engine.registry import ModelError
from tools.prepare.catalogue import DEFAULT as BASE
from tools.prepare.catalogue import REVISIONS, check_model_id


@pytest.mark.parametrize(
    ("model_id", "answer"),
    [
        ("damo/StructBERT_Large_Chinese_Sentiment_Analysis", f"use {BASE.replace('base', 'large')}"),
        ("damo/structbert-base-chinese-sentiment-classification", f"use {BASE}"),
        ("damo/nlp_structbert_sentiment-classification_chinese-tiny", f"use {BASE.replace('base', 'tiny')}"),
        ("nlp_structbert_sentiment-classification_chinese-base", f"use {BASE}"),
        ("iic/nlp_structbert_sentiment_classification_chinese-base", f"use {BASE}"),
        ("iic/nlp_structbert_sentimnet-classification_chinese-base", f"use {BASE}"),
        ("iic/NLP_StructBERT_Sentiment-Classification_Chinese-Base", f"use {BASE}"),
        ("damo/nlp_structbert_sentiment-classification_chinese-ecommerce-base", "use iic/nlp_structbert_"),
        ("reviews-bert", "owner/name"),
        ("https://modelscope.cn/models/iic/other", "owner/name"),
        ("", "owner/name"),
    ],
)
def test_ids_that_the_hub_does_not_have(model_id: str, answer: str) -> None:
    with pytest.raises(ModelError) as caught:
        check_model_id(model_id)
    assert repr(model_id) in str(caught.value)
    assert answer in str(caught.value)


@pytest.mark.parametrize(
    "model_id",
    [
        *REVISIONS,
        "somebody/reviews-bert",
        "somebody/nlp_structbert_sentiment-classification_chinese-base",
        "iic/nlp_structbert_sentiment-classification_chinese-ecommerce-base",
        "iic/nlp_structbert_emotion-classification_chinese-base",
    ],
)
def test_ids_that_it_may_have(model_id: str) -> None:
    check_model_id(model_id)
