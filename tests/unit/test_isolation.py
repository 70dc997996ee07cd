"""Rows that kill their process are found by halving, across executions, and no innocent one is convicted."""

from __future__ import annotations

import math

import msgpack
import pytest

from worker.child.isolation import isolate


class Died(BaseException):
    """Stands for the death of the process."""


def executions_until_done(rows: int, killers: set[int]) -> tuple[list[int], int, set[int]]:
    """Run, die, run again …; returns the convicted rows, the deaths, and the rows that ran without harm."""
    state: bytes | None = None
    survived: set[int] = set()

    def save(new: bytes) -> None:
        nonlocal state
        state = new

    def run(start: int, end: int) -> None:
        if killers & set(range(start, end)):
            raise Died
        survived.update(range(start, end))

    for deaths in range(10_000):
        try:
            return isolate(rows, state, deaths, run, save), deaths, survived
        except Died:
            continue
    raise AssertionError("never done")


@pytest.mark.parametrize("killers", [set(), {0}, {511}, {200}, {0, 1}, {3, 77, 78, 300, 511}])
def test_exactly_the_killers_are_convicted(killers: set[int]) -> None:
    convicted, deaths, survived = executions_until_done(512, killers)

    assert set(convicted) == killers
    assert survived == set(range(512)) - killers
    assert deaths <= len(killers) * (math.log2(512) + 1)


def test_a_chunk_of_one_killer() -> None:
    assert executions_until_done(1, {0}) == ([0], 1, set())


def test_a_lost_worker_convicts_nobody() -> None:
    saved: list[bytes] = []

    def lost(start: int, end: int) -> None:
        raise Died

    for _ in range(5):  # the same number of crashes each time: only workers were lost
        with pytest.raises(Died):
            isolate(1, saved[-1] if saved else None, 2, lost, saved.append)

    assert isolate(1, saved[-1], 2, lambda start, end: None, saved.append) == []


def test_what_was_decided_is_not_decided_again() -> None:
    # Given a finished isolation whose answer was then lost
    saved: list[bytes] = []
    isolate(4, None, 2, lambda start, end: None, saved.append)
    # When the chunk is executed once more
    ran: list[tuple[int, int]] = []
    convicted = isolate(4, saved[-1], 3, lambda start, end: ran.append((start, end)), saved.append)
    # Then nothing runs and nobody is convicted
    assert (convicted, ran) == ([], [])


def test_a_state_with_more_in_it_is_of_a_newer_version() -> None:
    """While a cluster is upgraded, an older worker may go on with the halving that a newer one began."""
    saved: list[bytes] = []
    isolate(4, None, 2, lambda start, end: None, saved.append)
    newer = msgpack.packb([*msgpack.unpackb(saved[0]), "newer"])

    assert isolate(4, newer, 2, lambda start, end: None, saved.append) == []
