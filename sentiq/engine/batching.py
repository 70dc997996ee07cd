"""Cuts texts into batches: arithmetic on their lengths in tokens.

A network builds kernels for every new shape, which takes longer than running a short text. So a batch has one of a few
shapes, called the ladder, and each of them is run before the first request. docs/adr/0003-shape-ladder.md has the
reasons and the measurements behind the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

#: Fixed cost of one call of the network, which reads all the weights, in tokens.
CALL_COST_TOKENS = 15

#: Narrower widths than these are not worth kernels of their own, in tokens.
NARROWEST_ALONE = 16
NARROWEST_BATCH = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """The texts of one forward pass, padded to `size` rows of `width` tokens."""

    rows: tuple[int, ...]  # positions in the planned lengths, at most `size` of them
    size: int
    width: int


#: Every shape a batch may have: batch size → widths in tokens, ascending.
Ladder = Mapping[int, Sequence[int]]


def ladder(max_tokens: int, token_budget: int) -> Ladder:
    """Return the shapes for texts of up to `max_tokens` tokens: full batches, and one text alone.

    A full batch holds 18, 21, 24, 27, 30 or 32 of 32 parts of the token budget, divided evenly among 2, 4, 8 … rows:
    kernels depend mostly on that token count, so the shapes share them. A text alone has one of those counts as its
    width, or one of two in each octave below the full batches, or one of four in each octave above the budget.
    """
    part = max(1, token_budget // 32)
    counts = [part * parts for parts in (18, 21, 24, 27, 30, 32)]
    shapes: dict[int, set[int]] = {}
    size = 2
    while counts[-1] // size >= NARROWEST_BATCH:
        even = [count // size for count in counts if count % size == 0 and count // size >= NARROWEST_BATCH]
        shapes[size] = {min(width, max_tokens) for width in even}
        size *= 2
    alone = [*counts, max_tokens]
    octave = 16 * part
    while octave >= NARROWEST_ALONE:
        alone += [octave, octave * 3 // 4]
        octave //= 2
    octave = 32 * part
    while octave < max_tokens:
        alone += [octave * quarters // 4 for quarters in range(5, 9)]
        octave *= 2
    shapes[1] = {min(width, max_tokens) for width in alone if width >= min(NARROWEST_ALONE, max_tokens)}
    return {size: sorted(widths) for size, widths in shapes.items() if widths}


def plan(lengths: Sequence[int], shapes: Ladder) -> list[Batch]:
    """Cut texts of these lengths into the cheapest sequence of batches, shortest texts first.

    By dynamic programming over the sorted texts: the cheapest plan for the first n texts ends in a batch of some size,
    after the cheapest plan for the texts before that batch. Time grows with texts × sizes.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    fitting = {length: _fitting(length, shapes) for length in set(lengths)}
    costs = [0.0]
    ends: list[tuple[int, int, int]] = []  # for n texts: where their last batch starts, its size and width
    for n, row in enumerate(order, start=1):
        lowest, best = inf, (n, 0, 0)  # a loop without tuples to compare takes a third of the time that `min` takes
        for size, width, own_cost in fitting[lengths[row]]:
            start = n - size if n > size else 0
            cost = costs[start] + own_cost
            if cost < lowest or (cost == lowest and start < best[0]):
                lowest, best = cost, (start, size, width)
        costs.append(lowest)
        ends.append(best)
    batches: list[Batch] = []
    stop = len(order)
    while stop:
        start, size, width = ends[stop - 1]
        batches.append(Batch(tuple(order[start:stop]), size, width))
        stop = start
    return batches[::-1]


def _fitting(length: int, shapes: Ladder) -> list[tuple[int, int, int]]:
    """Return each batch size with the narrowest of its widths that holds a text of this length, and what it costs."""
    wide_enough = {size: [width for width in widths if width >= length] for size, widths in sorted(shapes.items())}
    return [(size, widths[0], size * widths[0] + CALL_COST_TOKENS) for size, widths in wide_enough.items() if widths]
