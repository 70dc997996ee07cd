"""Cutting texts into batches, as arithmetic on their lengths in tokens.

A network builds kernels for every new (size, width) it sees, which takes longer than running a short text. So batches
only ever have the shapes of a finite ladder, which is run through once before the first request.
See docs/adr/0003-shape-ladder.md for the measurements behind the numbers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: What one call of the network costs beside its tokens, in tokens.
CALL_COST_TOKENS = 15

#: (up to this width, step between widths), in tokens: fine where most texts are.
WIDTH_STEPS = ((64, 4), (128, 8), (256, 16), (512, 32))


@dataclass(frozen=True, slots=True)
class Batch:
    """The texts of one forward pass, padded to `size` rows of `width` tokens."""

    rows: tuple[int, ...]  # positions in the planned lengths, at most `size` of them
    size: int
    width: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """Every shape a batch may have: the widths, ascending, each with its batch sizes."""

    sizes: Mapping[int, tuple[int, ...]]

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """All (size, width), the largest first: memory is then claimed once instead of growing."""
        shapes = [(size, width) for width, sizes in self.sizes.items() for size in sizes]
        return sorted(shapes, key=lambda shape: shape[0] * shape[1], reverse=True)


def ladder(max_tokens: int, token_budget: int) -> Ladder:
    """The shapes for texts of up to `max_tokens` tokens and batches of up to `token_budget` padded tokens.

    A text longer than the budget still makes a batch of its own.
    """
    widths = [width for width in _steps() if width < max_tokens] + [max_tokens]
    return Ladder({width: _sizes(max(1, token_budget // width)) for width in widths})


def _steps() -> list[int]:
    start = 0
    widths: list[int] = []
    for limit, step in WIDTH_STEPS:
        widths += range(start + step, limit + 1, step)
        start = limit
    return widths


def _sizes(largest: int) -> tuple[int, ...]:
    """1, 4, 16 … and the largest: what lies between is cheaper as several calls than as rows of padding."""
    sizes = [1]
    while sizes[-1] * 4 < largest:
        sizes.append(sizes[-1] * 4)
    return tuple(sizes) if largest == 1 else (*sizes, largest)


def plan(lengths: Sequence[int], shapes: Ladder) -> list[Batch]:
    """Cut texts of these lengths into the cheapest sequence of batches, shortest texts first.

    Dynamic programming over the sorted texts: the cheapest plan for the first n texts ends in a batch of some size,
    which leaves the cheapest plan for the texts before it. Time grows with texts × sizes per width.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    widths = list(shapes.sizes)
    costs = [0]
    last: list[tuple[int, int, int]] = []  # per n: where its last batch starts, the batch's size and width
    for n, row in enumerate(order, start=1):
        width = widths[bisect_left(widths, lengths[row])]
        cost, *batch = min(
            (costs[max(0, n - size)] + size * width + CALL_COST_TOKENS, max(0, n - size), size, width)
            for size in shapes.sizes[width]
        )
        costs.append(cost)
        last.append((batch[0], batch[1], batch[2]))
    batches: list[Batch] = []
    stop = len(order)
    while stop:
        start, size, width = last[stop - 1]
        batches.append(Batch(tuple(order[start:stop]), size, width))
        stop = start
    return batches[::-1]
