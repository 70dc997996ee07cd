"""The policy of autoscaling: on single samples, on made-up loads, and on the samples of a real run."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.parent.autoscale_policy import Calm, Decision, Limits, Reason, Sample, decide

GB = 2**30
LIMITS = Limits(least=1, most=8, keepalive_s=10, reserve_bytes=GB, cpu_share=0.95)
SAMPLE = Sample(
    now_s=0, units=2, settled=True, busy=2, demand=2, available_bytes=32 * GB, unit_bytes=GB // 8, cpu_share=0.5
)
TRACE = Path(__file__).parent / "autoscale_trace.csv"


def run(demands: Iterable[int], limits: Limits = LIMITS, step_s: float = 0.5) -> list[int]:
    """How many units there are over time, where each decision has happened by the next sample."""
    units, calm, seen = limits.least, None, []
    for number, demand in enumerate(demands):
        busy = min(demand, units)
        sample = replace(SAMPLE, now_s=number * step_s, units=units, busy=busy, demand=demand)
        decision = decide(limits, sample, calm)
        units, calm = decision.wanted, decision.calm
        seen.append(units)
    return seen


def test_enough_stays_as_it_is() -> None:
    assert decide(LIMITS, SAMPLE) == Decision(2, Reason.ENOUGH)


@pytest.mark.parametrize(("units", "demand", "wanted"), [(1, 100, 2), (2, 3, 3), (4, 100, 8), (6, 100, 8)])
def test_more_work_than_units_doubles_them_up_to_what_it_needs(units: int, demand: int, wanted: int) -> None:
    sample = replace(SAMPLE, units=units, busy=units, demand=demand)
    assert decide(LIMITS, sample) == Decision(wanted, Reason.DEMAND)


def test_nothing_is_added_while_one_idles_beside_waiting_work() -> None:
    assert decide(LIMITS, replace(SAMPLE, busy=1, demand=5)) == Decision(2, Reason.ENOUGH)


def test_nothing_is_added_while_the_last_step_is_under_way() -> None:
    assert decide(LIMITS, replace(SAMPLE, demand=5, settled=False)) == Decision(2, Reason.UNSETTLED)


@pytest.mark.parametrize(
    ("available_gb", "wanted", "reason"),
    [(32, 4, Reason.DEMAND), (1.25, 4, Reason.DEMAND), (1.13, 3, Reason.DEMAND), (1.1, 2, Reason.MEMORY)],
)
def test_only_as_many_are_added_as_leave_the_reserve(available_gb: float, wanted: int, reason: Reason) -> None:
    sample = replace(SAMPLE, demand=5, available_bytes=int(available_gb * GB))
    assert decide(LIMITS, sample) == Decision(wanted, reason)


def test_memory_below_the_reserve_adds_nothing_and_takes_nothing() -> None:
    assert decide(LIMITS, replace(SAMPLE, demand=5, available_bytes=0)) == Decision(2, Reason.MEMORY)


@pytest.mark.parametrize(("cpu_share", "wanted"), [(0.9, 4), (0.96, 2), (1.0, 2)])
def test_nothing_is_added_where_the_cpu_is_taken(cpu_share: float, wanted: int) -> None:
    assert decide(LIMITS, replace(SAMPLE, demand=5, cpu_share=cpu_share)).wanted == wanted


def test_a_limit_of_the_whole_cpu_never_stops_growth() -> None:
    sample = replace(SAMPLE, demand=5, cpu_share=1.0)
    assert decide(replace(LIMITS, cpu_share=1.0), sample).wanted == 4


@pytest.mark.parametrize(("units", "wanted"), [(0, 1), (9, 8)])
def test_other_bounds_are_followed_at_once(units: int, wanted: int) -> None:
    assert decide(LIMITS, replace(SAMPLE, units=units, available_bytes=0)) == Decision(wanted, Reason.BOUNDS)


def test_fewer_units_only_after_the_keepalive() -> None:
    first = decide(LIMITS, replace(SAMPLE, units=8, busy=1, demand=1, now_s=100))
    assert (first.wanted, first.reason, first.calm) == (8, Reason.CALM, Calm(100, 1))

    soon = decide(LIMITS, replace(SAMPLE, units=8, busy=3, demand=3, now_s=109.9), first.calm)
    assert (soon.wanted, soon.calm) == (8, Calm(100, 3))

    assert decide(LIMITS, replace(SAMPLE, units=8, busy=0, demand=0, now_s=110), soon.calm) == Decision(3, Reason.QUIET)


def test_a_crest_ends_the_calm() -> None:
    calm = Calm(0, 1)
    assert decide(LIMITS, replace(SAMPLE, now_s=9.9), calm) == Decision(2, Reason.ENOUGH)


def test_whoever_works_is_counted_although_demand_does_not_see_it() -> None:
    """Demand is what others leave to us, by heartbeats that may be old."""
    assert decide(LIMITS, replace(SAMPLE, units=4, busy=3, demand=-2, now_s=50), Calm(0, 0)).wanted == 3


def test_a_step_of_load_goes_to_the_most_within_seconds_and_back_after_the_keepalive() -> None:
    seen = run([0] * 4 + [100] * 20 + [0] * 40)
    assert seen[:4] == [1] * 4
    assert seen[4:8] == [2, 4, 8, 8], "1.5 s"
    assert seen[8:44] == [8] * 36, "no gap below 10 s"
    assert seen[44:] == [1] * 20


def test_a_load_that_swings_is_served_by_its_crests() -> None:
    seen = run(([4] * 4 + [1] * 8) * 20)
    assert set(seen[2:]) == {4}


def test_a_slope_is_followed_down_step_by_step() -> None:
    seen = run([8] * 4 + [d for d in range(8, -1, -1) for _ in range(30)])
    assert seen == sorted(seen[:4]) + sorted(seen[4:], reverse=True)
    assert seen[-1] == 1


def test_as_many_as_at_least_never_change() -> None:
    assert set(run([0, 50, 0, 50] * 20, replace(LIMITS, least=4, most=4))) == {4}


samples = st.builds(
    Sample,
    now_s=st.floats(0, 1e6),
    units=st.integers(0, 50),
    settled=st.booleans(),
    busy=st.integers(0, 50),
    demand=st.integers(-50, 1000),
    available_bytes=st.integers(0, 64 * GB),
    unit_bytes=st.integers(0, GB),
    cpu_share=st.floats(0, 1),
)


@given(samples, st.none() | st.builds(Calm, st.floats(0, 1e6), st.integers(1, 8)), st.integers(1, 8), st.integers(0, 8))
def test_what_always_holds(sample: Sample, calm: Calm | None, least: int, more: int) -> None:
    limits = replace(LIMITS, least=least, most=least + more)
    sample = replace(sample, busy=min(sample.busy, sample.units))
    if calm is not None:
        calm = replace(calm, peak=min(max(calm.peak, least), limits.most))

    decision = decide(limits, sample, calm)

    assert limits.least <= decision.wanted <= limits.most
    if least <= sample.units <= limits.most:
        if decision.wanted > sample.units:
            assert sample.demand >= decision.wanted, "none is added without work for it"
            assert sample.cpu_share <= limits.cpu_share
            assert decision.wanted <= 2 * sample.units
        if decision.wanted < sample.units:
            assert decision.wanted >= sample.busy, "none that works is asked to go"


def test_the_looks_of_a_real_run_lead_to_its_decisions() -> None:
    """A step of 30,000 texts on a bulk worker with --autoscale=4,1 and a keepalive of 3 s, as its parent saw it."""
    limits = Limits(least=1, most=4, keepalive_s=3, reserve_bytes=GB // 2, cpu_share=1.0)
    with TRACE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    calm, grown_s, began_s = None, None, None
    for row in rows:
        sample = Sample(
            now_s=float(row["now_s"]),
            units=int(row["units"]),
            settled=row["settled"] == "True",
            busy=int(row["busy"]),
            demand=int(row["demand"]),
            available_bytes=int(row["available_bytes"]),
            unit_bytes=int(row["unit_bytes"]),
            cpu_share=float(row["cpu_share"]),
        )
        decision = decide(limits, sample, calm)
        assert decision.wanted == int(row["wanted"])
        calm = decision.calm
        began_s = sample.now_s if began_s is None and sample.demand > 1 else began_s
        grown_s = sample.now_s if grown_s is None and sample.units == 4 else grown_s
    assert began_s is not None
    assert grown_s is not None
    assert grown_s - began_s < 5
    assert int(rows[0]["units"]) == int(rows[-1]["units"]) == 1
