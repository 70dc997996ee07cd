"""When degraded mode begins and ends, second by second."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest

from worker.parent.overload import CALM_S, RETRY_S, Load, Overload

LIMIT_S = 2.0
CAPACITY = 100.0  #: rows a second with the model that serves


def run(
    overload: Overload, seconds: Iterable[tuple[float, float]], *, start: float = 0.0, arrived: int = 0
) -> tuple[list[bool], float, int]:
    """What the policy says each second of (arrivals a second, rows waiting); the time and the arrivals at the end."""
    said = []
    for per_second, waiting in seconds:
        start += 1
        arrived += round(per_second)
        said.append(overload.update(Load(start, waiting, arrived, CAPACITY)))
    return said, start, arrived


def overloaded() -> tuple[Overload, float, int]:
    overload = Overload(LIMIT_S)
    said, now, arrived = run(overload, [(500, 400)] * 10)
    assert said[-1]
    return overload, now, arrived


def test_it_begins_when_texts_would_wait_longer_than_the_limit() -> None:
    said, *_ = run(Overload(LIMIT_S), [(100, 0), (100, 199), (100, 201)])

    assert said == [False, False, True]


def test_a_busy_lane_without_a_queue_is_not_overloaded() -> None:
    said, *_ = run(Overload(LIMIT_S), [(300, 10)] * 60)

    assert not any(said)


def test_it_lasts_while_the_model_could_not_bear_what_arrives_though_nothing_waits() -> None:
    overload, now, arrived = overloaded()
    said, *_ = run(overload, [(500, 0)] * 60, start=now, arrived=arrived)

    assert all(said)


def test_the_model_is_tried_again_ever_more_rarely() -> None:
    """What it can do may have been taken for too little; where it was not, texts wait once more."""
    overload, now, arrived = overloaded()
    tried = []
    for _ in range(1_000):
        (lasts,), now, arrived = run(overload, [(500, 0)], start=now, arrived=arrived)
        if not lasts:
            tried.append(now)
            (lasts,), now, arrived = run(overload, [(500, 400)], start=now, arrived=arrived)
            assert lasts
    pauses = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert pauses == pytest.approx([2 * RETRY_S, 4 * RETRY_S], abs=3)


def test_it_ends_some_time_after_the_load_is_bearable_again() -> None:
    overload, now, arrived = overloaded()
    said, *_ = run(overload, [(20, 0)] * 60, start=now, arrived=arrived)

    assert said.index(False) >= CALM_S
    assert not any(said[said.index(False) :])


def test_a_load_at_the_edge_of_what_the_model_can_do_does_not_make_it_flap() -> None:
    overload, now, arrived = overloaded()
    said, *_ = run(overload, [(79, 0), (95, 0)] * 60, start=now, arrived=arrived)

    assert said == sorted(said, reverse=True)


@pytest.mark.parametrize("capacity", [None, 0.0])
def test_nothing_changes_while_the_speed_is_not_known(capacity: float | None) -> None:
    assert not Overload(LIMIT_S).update(Load(1, 1_000_000, 0, capacity))
    overload, now, arrived = overloaded()
    assert overload.update(Load(now + 60, 0, arrived, capacity))


def test_a_counter_that_starts_anew_is_no_negative_load() -> None:
    overload, now, _ = overloaded()
    said, *_ = run(overload, [(0, 0)] * 60, start=now, arrived=0)

    assert not said[-1]
