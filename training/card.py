"""The model card, written from the measured figures so that it cannot go stale."""

from __future__ import annotations

from typing import Any

APART = {
    "weibo100k": "labelled by its emoticons: says little about language",
    "nlpcc2014": "noisy labels",
    "hotel_htl": "82 % positive",
}


def card(name: str, metrics: dict[str, Any]) -> str:
    int8, fp32, baseline = metrics["int8"], metrics["fp32"], metrics["baseline"]
    rows = "\n".join(
        f"| {source} | {accuracy:.3f} | {baseline['by_source'][source]:.3f} | {APART.get(source, '')} |"
        for source, accuracy in int8["by_source"].items()
    )
    return f"""# {name}

A small binary sentiment classifier for Chinese texts (negative, positive), {metrics["size_bytes"] / 1e6:.1f} MB,
made by `python -m training` (seed {metrics["seed"]}) from public labelled corpora.

**For** the first run, tests, and answers of reduced quality under overload. **Not for** judging how well the service
can do: prepare a StructBERT model for that. It has no neutral class, misses sarcasm, and knows no other language.

## Architecture
Logistic regression over hashed character 1- to 3-grams (naive Bayes scaling) plus a two-layer convolution over
characters and hashed bigrams; both logits are combined by weights fitted on the development split, which calibrates the
scores. Tables of n-gram weights and embeddings are 8-bit integers, the convolution is float. Vocabulary:
{metrics["vocabulary"]:,} single characters of the training texts. Inputs: ids and mask; output: two logits.

## Measured on the test split ({metrics["test_texts"]:,} texts), through the engine
| | accuracy | macro F1 | expected calibration error (15 bins) |
|---|---:|---:|---:|
| this model, INT8 | {int8["accuracy"]:.4f} | {int8["macro_f1"]:.4f} | {int8["expected_calibration_error"]:.4f} |
| the same, FP32 | {fp32["accuracy"]:.4f} | {fp32["macro_f1"]:.4f} | {fp32["expected_calibration_error"]:.4f} |
| baseline: TF-IDF of character 1- to 3-grams, logistic regression | {baseline["accuracy"]:.4f} | | |

INT8 and FP32 give the same label for {100 * metrics["int8_fp32_agreement"]:.2f} % of the texts.

| source | accuracy | baseline | remark |
|---|---:|---:|---|
{rows}

## Data and its licence state
Splits of ChnSentiCorp, ChnSentiCorp_htl, waimai_10k, online_shopping_10_cats, weibo_senti_100k, weibo2018, NLPCC 2013
and 2014 shared tasks, Douban book and film comments, SMP2020-EWECT, BDCI 2018 car opinions and EPRSTMT, as found in
public repositories. Most of these corpora carry no explicit licence; some come from competitions or shared tasks "for
research". The texts were written by private persons and are not part of this repository. Settle the rights before a
release of this model, or of one tuned on it, outside your organisation.
"""
