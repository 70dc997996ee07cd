"""Plans of batches: complete, within the ladder, and nearly free of padding."""

from __future__ import annotations

import random

import pytest

from sentiq.engine.batching import CALL_COST_TOKENS, Batch, ladder, plan

MAX_TOKENS = 512
TOKEN_BUDGET = 512
LADDER = ladder(MAX_TOKENS, TOKEN_BUDGET)


def review_lengths(count: int, seed: int = 7) -> list[int]:
    """Lengths in tokens as real reviews have them: half below 35, a tail up to the limit."""
    dice = random.Random(seed)
    return [min(MAX_TOKENS, 2 + int(dice.lognormvariate(3.5, 1))) for _ in range(count)]


def cost(batches: list[Batch]) -> int:
    return sum(batch.size * batch.width + CALL_COST_TOKENS for batch in batches)


@pytest.mark.parametrize("max_tokens", [8, 100, 128, 512])
@pytest.mark.parametrize("token_budget", [64, 128, 384, 512, 1000, 2048])
def test_every_length_fits_a_shape_and_no_batch_exceeds_the_budget(max_tokens: int, token_budget: int) -> None:
    shapes = ladder(max_tokens, token_budget)
    assert max(shapes[1]) == max_tokens
    for size, widths in shapes.items():
        assert list(widths) == sorted(set(widths))
        assert all(width <= max_tokens for width in widths)
        assert size == 1 or all(size * width <= token_budget for width in widths)


def test_the_shapes_share_few_token_counts() -> None:
    shapes = [(size, width) for size, widths in LADDER.items() for width in widths]
    assert len({size * width for size, width in shapes}) < len(shapes) / 2


@pytest.mark.parametrize("count", [0, 1, 2, 7, 100, 1500])
def test_every_text_is_in_exactly_one_batch_that_holds_it(count: int) -> None:
    lengths = review_lengths(count)
    batches = plan(lengths, LADDER)
    assert sorted(row for batch in batches for row in batch.rows) == list(range(count))
    for batch in batches:
        assert len(batch.rows) <= batch.size
        assert max(lengths[row] for row in batch.rows) <= batch.width


def test_only_shapes_of_the_ladder_occur() -> None:
    dice = random.Random(3)
    for _ in range(200):
        lengths = [dice.randint(2, MAX_TOKENS) for _ in range(dice.randint(1, 40))]
        assert all(batch.width in LADDER[batch.size] for batch in plan(lengths, LADDER))


def test_a_large_job_is_nearly_free_of_padding() -> None:
    lengths = review_lengths(1500)
    padded = sum(batch.size * batch.width for batch in plan(lengths, LADDER))
    assert padded < 1.06 * sum(lengths)


def test_equal_lengths_fill_whole_batches() -> None:
    batches = plan([64] * 80, LADDER)
    assert [(batch.size, len(batch.rows)) for batch in batches] == [(8, 8)] * 10


def test_a_plan_is_never_dearer_than_each_text_alone() -> None:
    for seed in range(20):
        lengths = review_lengths(12, seed)
        alone = [batch for length in lengths for batch in plan([length], LADDER)]
        assert cost(plan(lengths, LADDER)) <= cost(alone)


def test_ten_thousand_texts_are_planned() -> None:
    assert sum(len(batch.rows) for batch in plan(review_lengths(10_000), LADDER)) == 10_000
