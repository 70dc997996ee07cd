"""The model card, written from the measured figures so that it cannot go stale."""

from __future__ import annotations

from typing import Any

REMARKS = {
    "bdci_car": "few texts; report apart",
    "hotel_htl": "82 % positive",
    "nlpcc2014": "noisy labels",
    "waimai": "66 % negative; report apart",
    "weibo100k": "labelled by its emoticons: says little about language; report apart",
}

ARCHITECTURE = """\
Logistic regression over hashed character 1- to 4-grams (naive Bayes scaling), plus a two-layer convolution over
characters and hashed pairs, whose embeddings start from what stands near them in the training texts. The tables of
n-gram weights and embeddings are 8-bit integers; the convolution's own weights are float. The logits of both parts are
combined by weights fitted on held-out texts, which calibrates the scores."""


def card(name: str, metrics: dict[str, Any]) -> str:
    int8, fp32, baseline, texts = (metrics[key] for key in ("int8", "fp32", "baseline", "texts"))
    before = metrics["uncalibrated"]
    rows = "\n".join(
        f"| {source} | {accuracy:.3f} | {baseline['by_source'][source]:.3f} | {REMARKS.get(source, '')} |"
        for source, accuracy in int8["by_source"].items()
    )
    return f"""# {name}

A small binary sentiment classifier for Chinese texts (negative, positive), {metrics["size_bytes"] / 1e6:.1f} MB,
made by `python -m tools.training` (seed {metrics["seed"]}, {metrics["epochs"]} epochs) from public labelled corpora.

**For** the first run, tests, and answers of reduced quality under overload. **Not for** judging how well the service
can do: prepare a StructBERT model for that. It has no neutral class, misses sarcasm, knows no other language, and has
learned from microblogs to trust emoticons such as `[泪]` more than the words around them.

## Architecture
{ARCHITECTURE} Here these are the development split, and {texts["unlabelled"]:,} texts without labels gave further first
values. Vocabulary: {metrics["vocabulary"]:,} single characters of the training texts. Inputs: ids and mask; output: two
logits.
{_clauses(texts["clauses"])}
## Measured on the test split ({texts["test"]:,} texts), through the engine
| | accuracy | macro F1 | expected calibration error (15 bins) |
|---|---:|---:|---:|
| **this model, INT8** | {_measured(int8)} |
| the same, FP32 | {_measured(fp32)} |
| its linear part alone, before calibration | {_measured(before["linear"])} |
| its convolution alone, before calibration | {_measured(before["convolution"])} |
| baseline: TF-IDF of character 1- to 3-grams, logistic regression | {baseline["accuracy"]:.4f} | | |

INT8 and FP32 give the same label for {100 * metrics["int8_fp32_agreement"]:.2f} % of the texts. Settings were chosen on
the development split ({texts["dev"]:,} texts).

| source | accuracy | baseline | remark |
|---|---:|---:|---|
{rows}

## Data and its licence state
Splits of ChnSentiCorp, ChnSentiCorp_htl, waimai_10k, online_shopping_10_cats, weibo_senti_100k, weibo2018, NLPCC 2013
and 2014 shared tasks, Douban book and film comments, SMP2020-EWECT, BDCI 2018 car opinions and EPRSTMT, as found in
public repositories, and texts without labels from the same and similar public repositories. Most of these corpora carry
no explicit licence; some come from competitions or shared tasks "for research". The texts were written by private
persons and are not part of this repository. Settle the rights before a release of this model, or of one tuned on it,
outside your organisation.
"""


def _clauses(count: int) -> str:
    if not count:
        return ""
    return f"""
Further training texts are {count:,} clauses of which people said how they speak of an aspect: whole texts do not say
which of their words decided.
"""


def _measured(figures: dict[str, Any]) -> str:
    return f"{figures['accuracy']:.4f} | {figures['macro_f1']:.4f} | {figures['expected_calibration_error']:.4f}"
