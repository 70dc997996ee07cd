"""What counted answers say of a model: accuracy, precision, recall, F1, confusion, calibration; each with intervals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sentiq.evaluation.intervals import Figure, bootstrap, wilson, without_noise
from sentiq.evaluation.tally import BINS, Answer, Cell, Tally

Pair = tuple[str, str]  #: the label of people and the predicted one


@dataclass(frozen=True, slots=True)
class OfLabel:
    """How well one label is told."""

    label: str
    rows: int  #: that people gave it
    predicted: int  #: that the model gave it
    precision: Figure | None  #: share of the predicted rows that have it; None where it was never predicted
    recall: Figure | None  #: share of the rows that have it which the model found; None where no row has it
    f1: Figure | None  #: harmonic mean of the two; None where no row has it and none was predicted


@dataclass(frozen=True, slots=True)
class OfSource:
    """How many answers are right among the rows of one source."""

    source: str
    rows: int
    accuracy: Figure


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows with scores of about the same height."""

    low: float  #: of the scores, from 0 to 1
    high: float
    rows: int
    score: float  #: mean
    accuracy: Figure


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether scores mean what they say: of 100 texts at 80 %, about 80 should be right."""

    rows: int  #: whose score is a probability
    error: Figure  #: expected calibration error
    by_chance: float  #: error that scores without fault would show on so many rows, on average
    bins: list[Bin]  #: those with rows, the lowest first


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many rows with each label got each prediction."""

    labels: list[str]
    counts: list[list[int]]  #: [labels of people][predictions], both in the order of `labels`


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that is measured of one model on one set of rows."""

    rows: int  #: with a label and an answer, at least 1
    without_label: int
    without_answer: int
    accuracy: Figure
    macro_f1: Figure  #: mean of the F1 of the labels
    by_label: list[OfLabel]
    confusion: Confusion
    calibration: Calibration | None  #: None where no score is a probability
    by_source: list[OfSource]  #: empty where all rows have the same source
    mistakes: list[Answer]  #: the surest first


def evaluate(tally: Tally, labels: Sequence[str]) -> Evaluation:
    """Measure what was counted. `labels` are the model's, in its order; others that occur come behind them.

    Raises ValueError when no row has both a label and an answer.
    """
    if not tally.rows:
        raise ValueError("no row has both a label and an answer")
    pairs = Counter[Pair]()
    for cell, count in tally.rows.items():
        pairs[cell.label, cell.predicted] += count
    occurring = {name for pair in pairs for name in pair}
    order = list(dict.fromkeys([*labels, *sorted(occurring)]))
    keys = [(label, predicted) for label in order for predicted in order]

    def scores(counts: Sequence[float]) -> list[float]:
        found = f1(dict(zip(keys, counts, strict=True)), order)
        return [*found.values(), sum(found[name] for name in occurring) / len(occurring)]

    *f1s, macro = bootstrap([pairs[key] for key in keys], scores)
    rows = pairs.total()
    return Evaluation(
        rows=rows,
        without_label=tally.without_label,
        without_answer=tally.without_answer,
        accuracy=wilson(sum(pairs[label, label] for label in order), rows),
        macro_f1=macro,
        by_label=[_of_label(label, pairs, figure) for label, figure in zip(order, f1s, strict=True)],
        confusion=Confusion(order, [[pairs[label, predicted] for predicted in order] for label in order]),
        calibration=_calibration(tally),
        by_source=_by_source(tally.rows),
        mistakes=tally.mistakes(),
    )


def f1(pairs: Mapping[Pair, float], labels: Sequence[str]) -> dict[str, float]:
    """Return the F1 of each label: 2·hits / (rows with the label + rows predicted so), 0 where there are none.

    `pairs` count rows by label and prediction. It is the harmonic mean of precision and recall: C. J. van Rijsbergen,
    Information Retrieval, 1979, chapter 7.
    """
    sides = dict.fromkeys(labels, 0.0)
    for (label, predicted), count in pairs.items():
        sides[label] += count
        sides[predicted] += count
    return {label: 2 * pairs.get((label, label), 0) / side if side else 0.0 for label, side in sides.items()}


def calibration_error(groups: Iterable[tuple[float, float, float]]) -> float:
    """Return the expected calibration error of bins, each with its rows, right answers and sum of scores.

    It is the mean distance between score and share of right answers, each bin weighing as much as it has rows: C. Guo
    et al., On Calibration of Modern Neural Networks, ICML 2017, with 15 bins of equal width.
    """
    total = distance = 0.0
    for rows, right, scores in groups:
        total += rows
        distance += abs(scores - right)
    return distance / total if total else 0.0


def _of_label(label: str, pairs: Mapping[Pair, int], f1_: Figure) -> OfLabel:
    rows = sum(count for (actual, _), count in pairs.items() if actual == label)
    predicted = sum(count for (_, said), count in pairs.items() if said == label)
    hits = pairs.get((label, label), 0)
    return OfLabel(
        label=label,
        rows=rows,
        predicted=predicted,
        precision=wilson(hits, predicted) if predicted else None,
        recall=wilson(hits, rows) if rows else None,
        f1=f1_ if rows + predicted else None,
    )


def _calibration(tally: Tally) -> Calibration | None:
    """Measure the bins; each has two groups of rows, those with a right answer and the others."""
    rows = dict[tuple[int, bool], int]()
    scores = dict[tuple[int, bool], float]()
    for cell, count in tally.rows.items():
        if cell.bin is not None:
            key = (cell.bin, cell.label == cell.predicted)
            rows[key] = rows.get(key, 0) + count
            scores[key] = scores.get(key, 0.0) + tally.scores[cell]
    if not rows:
        return None
    numbers = sorted({number for number, _ in rows})
    keys = [(number, is_right) for number in numbers for is_right in (True, False)]
    bins = []
    for number in numbers:
        count = rows.get((number, True), 0) + rows.get((number, False), 0)
        score = (scores.get((number, True), 0.0) + scores.get((number, False), 0.0)) / count
        bins.append(Bin(number / BINS, (number + 1) / BINS, count, score, wilson(rows.get((number, True), 0), count)))
    means = [scores[key] / rows[key] if key in rows else (key[0] + 0.5) / BINS for key in keys]

    def error(drawn: Sequence[float]) -> list[float]:
        return [
            calibration_error(
                (right + wrong, right, right * mean_right + wrong * mean_wrong)
                for right, wrong, mean_right, mean_wrong in zip(
                    drawn[::2], drawn[1::2], means[::2], means[1::2], strict=True
                )
            )
        ]

    (found,) = bootstrap([rows.get(key, 0) for key in keys], error)
    by_chance = _by_chance(bins)
    return Calibration(rows=sum(rows.values()), error=without_noise(found, by_chance), by_chance=by_chance, bins=bins)


def _by_chance(bins: Sequence[Bin]) -> float:
    """Return the mean calibration error of scores without fault on so many rows.

    In each bin the right answers are then binomial; the mean distance of a normal number of the same spread from its
    middle is the square root of 2/π times that spread.
    """
    rows = sum(each.rows for each in bins)
    return sum(math.sqrt(2 / math.pi * each.rows * each.score * (1 - each.score)) for each in bins) / rows


def _by_source(cells: Mapping[Cell, int]) -> list[OfSource]:
    rows, right = Counter[str](), Counter[str]()
    for cell, count in cells.items():
        rows[cell.source] += count
        right[cell.source] += count * (cell.label == cell.predicted)
    if len(rows) < 2:
        return []
    return [OfSource(source, count, wilson(right[source], count)) for source, count in sorted(rows.items())]
