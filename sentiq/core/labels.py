"""Turns probabilities into the label that is shown, with the neutral band applied."""

from __future__ import annotations

from collections.abc import Collection, Sequence

DECIMALS = 5  #: of probabilities and scores in answers
LABELS_ZH = {"negative": "消极", "positive": "积极", "neutral": "中性"}

_TWO_CLASSES = {"negative", "positive"}


def label_and_score(labels: Sequence[str], probabilities: Sequence[float], neutral_band: float) -> tuple[str, float]:
    """Return the label of a text, and how certain it is, from 0 to 1.

    Where the labels are negative and positive alone, a row is neutral when p(positive) is nearer to 0.5 than
    `neutral_band`; its score is then 1 - |p(positive) - p(negative)|: 1 where both are as likely, falling to 0 where
    one is certain. Every other row has the likeliest label, and its probability as the score. The probabilities are
    rounded as answers show them, so that no answer calls 0.6 neutral with a band of 0.1.
    """
    shown = [round(p, DECIMALS) for p in probabilities]
    if neutral_band > 0 and set(labels) == _TWO_CLASSES:
        margin = round(abs(shown[labels.index("positive")] - 0.5), DECIMALS)
        if margin < neutral_band:
            return "neutral", round(1 - 2 * margin, DECIMALS)
    score, label = max(zip(shown, labels, strict=True))
    return label, score


def possible_labels(labels: Collection[str], neutral_band: float) -> Collection[str]:
    """Return the labels that a row of a model with these labels can have."""
    return (*labels, "neutral") if neutral_band > 0 and set(labels) == _TWO_CLASSES else labels


def with_neutral(labels: Collection[str]) -> tuple[str, ...]:
    """Return the labels that rows of such models can have: a neutral band adds one to negative and positive."""
    return tuple(dict.fromkeys((*labels, "neutral"))) if set(labels) >= _TWO_CLASSES else tuple(labels)
