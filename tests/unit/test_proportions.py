"""Tests of shares find what differs, and seldom what does not."""

from __future__ import annotations

import math
import random
from statistics import NormalDist

import pytest

from sentiq.evaluation.proportions import holm, two_proportions


def both_sides(chi_square: float) -> float:
    """Return the probability of a chi-square of one degree of freedom, by the normal distribution."""
    return 2 * (1 - NormalDist().cdf(math.sqrt(chi_square)))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((3, 4, 1, 4), both_sides(8**2 * 7 / 4**4)),
        ((30, 100, 45, 100), both_sides(1_500**2 * 199 / (100 * 100 * 75 * 125))),
        ((0, 1_000, 5, 1_000), both_sides(5_000**2 * 1_999 / (1_000 * 1_000 * 5 * 1_995))),
        ((1, 3, 0, 20), 3 / 23),  # too few rows for that: the ways are counted
        ((2, 3, 0, 20), 3 / math.comb(23, 2)),
        ((0, 2, 3, 30), 1.0),
    ],
)
def test_known_tables(table: tuple[int, int, int, int], expected: float) -> None:
    assert two_proportions(*table) == pytest.approx(expected, rel=1e-9)
    first_hits, first_rows, second_hits, second_rows = table
    assert two_proportions(second_hits, second_rows, first_hits, first_rows) == pytest.approx(
        two_proportions(*table), rel=1e-9
    ), "whichever comes first"
    assert two_proportions(
        first_rows - first_hits, first_rows, second_rows - second_hits, second_rows
    ) == pytest.approx(two_proportions(*table), rel=1e-9), "whichever of two labels is counted"


@pytest.mark.parametrize("table", [(0, 0, 1, 5), (3, 5, 0, 0), (0, 5, 0, 9), (5, 5, 9, 9), (0, 0, 0, 0)])
def test_where_nothing_can_differ_nothing_does(table: tuple[int, int, int, int]) -> None:
    assert two_proportions(*table) == 1.0


def test_large_samples_and_rare_labels_are_computed_all_the_same() -> None:
    assert two_proportions(500_000, 1_000_000, 510_000, 1_000_000) < 1e-40
    assert 0 < two_proportions(1, 3, 200, 1_000_000) < 0.01
    assert two_proportions(400, 500_000, 400, 500_000) == pytest.approx(1.0)


def test_among_shares_that_are_equal_few_pairs_look_different() -> None:
    dice = random.Random(7)
    for rows, share in ((8, 0.5), (40, 0.1), (300, 0.3)):
        tables = [[sum(dice.random() < share for _ in range(rows)) for _ in (1, 2)] for _ in range(1_000)]
        found = sum(two_proportions(one, rows, two, rows) < 0.05 for one, two in tables)
        assert found <= 75, "5 of 100, and what chance adds to that in a thousand"


def test_many_tests_are_as_sure_as_one() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []
    assert all(math.isfinite(p) for p in holm([0.0, 1.0]))
