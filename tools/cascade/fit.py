"""Chooses the threshold of a pair: as low as a bound on what it changes allows.

The texts are a sample of those that will come, and so the bound is kept with a certainty, 95 % if none is asked for,
not merely on the sample:

- Agreement. The answers in which the pair differs from the teacher become no fewer while the threshold goes down. For
  such a risk the lowest threshold may be taken whose upper confidence limit is within the bound, without a correction
  for the number of thresholds that were looked at (Bates et al. 2021, Distribution-Free, Risk-Controlling Prediction
  Sets, Journal of the ACM 68, arXiv 2101.02703). The limit is the exact one of the binomial distribution (Clopper and
  Pearson 1934, Biometrika 26): so many differing answers are allowed as would be seen, or fewer, with a probability of
  at most 5 % (1 − certainty) where the share of differing answers is the bound itself.
- Loss. The accuracy of the pair can also rise while the threshold goes down. So thresholds are tested one after the
  other from the highest one down, until the first one fails (fixed sequence testing: Angelopoulos et al. 2021, Learn
  then Test, arXiv 2110.01052). The upper limit of the difference between two accuracies on the same texts is that of
  Agresti and Min 2005, Simple improved confidence intervals for comparing matched proportions (Statistics in Medicine
  24): half an answer is added to each of the four counts, right or wrong of one and of the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CURVE_STEPS = 20


class NotFitted(Exception):
    """No threshold is within the bound; the message says why and what would help."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a pair does at one threshold, on the texts it is fitted on."""

    threshold: float | None  # None: the teacher alone
    share: float  # of the texts that the student answers
    agreement: float  # share of answers that are the teacher's own
    accuracy: float | None  # None without labels
    texts_per_s: float  # of one process that computes all day, by the measured times


class Trial:
    """The answers of both models to the same texts, sorted by how sure the student is.

    `confidence` is the probability of the student's label; `student`, `teacher` and `truth` are places of labels, all
    ``[texts]``. `student_s` and `teacher_s` are seconds for a text.
    """

    def __init__(
        self,
        confidence: NDArray[np.float64],
        student: NDArray[np.int64],
        teacher: NDArray[np.int64],
        truth: NDArray[np.int64] | None,
        *,
        student_s: float,
        teacher_s: float,
    ) -> None:
        order = np.argsort(-confidence, kind="stable")
        self._student_s, self._teacher_s = student_s, teacher_s
        self.texts = len(confidence)
        ends = np.flatnonzero(np.diff(confidence[order], append=-np.inf))
        self._counts = ends + 1  # of texts that the student answers, at each threshold
        self._thresholds = confidence[order][ends]
        self._differing = np.cumsum(student[order] != teacher[order])[ends]
        self._lost = self._won = self._right = None
        if truth is not None:
            by_student, by_teacher = student[order] == truth[order], teacher[order] == truth[order]
            self._lost = np.cumsum(by_teacher & ~by_student)[ends]
            self._won = np.cumsum(by_student & ~by_teacher)[ends]
            self._right = int(by_teacher.sum())

    def threshold_for_agreement(self, agreement: float, certainty: float = 0.95) -> float:
        """Return the lowest threshold at which this share of answers is the teacher's own. Raises NotFitted."""
        allowed = most_differing(self.texts, 1 - agreement, certainty)
        if allowed is None:
            needed = math.ceil(math.log(1 - certainty) / math.log(agreement))
            raise NotFitted(
                f"{self.texts:,} texts cannot show an agreement of {agreement:g}: at least {needed:,} are needed,"
                " and the more there are, the lower the threshold becomes"
            )
        return self._lowest(self._differing <= allowed)

    def threshold_for_loss(self, max_loss: float, certainty: float = 0.95) -> float:
        """Return the lowest threshold at which no more accuracy than this is lost. Raises NotFitted."""
        assert self._lost is not None
        assert self._won is not None
        limits = loss_limit(self._lost, self._won, self.texts, certainty)
        if (least := float(loss_limit(np.zeros(1), np.zeros(1), self.texts, certainty)[0])) > max_loss:
            needed = math.ceil(self.texts * least / max_loss)
            raise NotFitted(
                f"{self.texts:,} texts with labels cannot show a loss of at most {max_loss:g}: some {needed:,} are"
                " needed, and the more there are, the lower the threshold becomes"
            )
        return self._lowest(limits <= max_loss)

    def at(self, threshold: float) -> Point:
        """Return what the pair does at a threshold."""
        return self._point(int(np.searchsorted(-self._thresholds, -threshold, side="right")) - 1, threshold)

    def curve(self) -> list[Point]:
        """Return the teacher alone, then points at which the student answers more and more, at last all."""
        wanted = np.searchsorted(self._counts, np.linspace(0, self.texts, CURVE_STEPS + 1)[1:])
        places = dict.fromkeys(map(int, wanted))
        return [self._point(-1, None), *(self._point(at, float(self._thresholds[at])) for at in places)]

    def _lowest(self, is_within: NDArray[np.bool_]) -> float:
        """Return the last threshold before the first one that is not within the bound."""
        count = len(is_within) if is_within.all() else int(is_within.argmin())
        if count == 0:
            raise NotFitted(
                "the student differs too often even where it is surest: no threshold keeps the bound; take a better"
                " student or a looser bound"
            )
        return float(self._thresholds[count - 1])

    def _point(self, at: int, threshold: float | None) -> Point:
        def count(counts: NDArray[np.int64] | None) -> int:
            return 0 if counts is None or at < 0 else int(counts[at])

        share = count(self._counts) / self.texts
        accuracy = None if self._right is None else (self._right - count(self._lost) + count(self._won)) / self.texts
        teacher_only = threshold is None
        return Point(
            threshold=threshold,
            share=share,
            agreement=1 - count(self._differing) / self.texts,
            accuracy=accuracy,
            texts_per_s=1 / ((0.0 if teacher_only else self._student_s) + (1 - share) * self._teacher_s),
        )


def most_differing(texts: int, share: float, certainty: float) -> int | None:
    """Return of how many texts the answers may differ: where this share of all differs, so few are hardly ever seen.

    That is the largest k with P(Binomial(texts, share) ≤ k) ≤ 1 − certainty; None where there is none.
    """
    seen = 0.0  # the probability of at most `count`
    for count in range(texts + 1):
        seen += math.exp(
            math.lgamma(texts + 1)
            - math.lgamma(count + 1)
            - math.lgamma(texts - count + 1)
            + count * math.log(share)
            + (texts - count) * math.log1p(-share)
        )
        if seen > 1 - certainty:
            return count - 1 if count else None
    return texts


def loss_limit(
    lost: NDArray[np.float64], won: NDArray[np.float64], texts: int, certainty: float
) -> NDArray[np.float64]:
    """Return the upper limits of the accuracy lost, where so many right answers were lost and won."""
    difference = (lost - won) / (texts + 2)
    deviation = np.sqrt((lost + won + 1) - (lost - won) ** 2 / (texts + 2)) / (texts + 2)
    return np.asarray(difference + NormalDist().inv_cdf(certainty) * deviation)
