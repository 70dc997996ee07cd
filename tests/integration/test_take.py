"""Which of many waiting interactive jobs a `drain` takes: the oldest, and its neighbours in length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.redis import text
from sentiq.core.redis_keys import LaneKeys
from sentiq.core.settings import Settings
from sentiq.engine.batching import ladder, plan
from sentiq.jobs.lanes import CHOICE, FEW, InteractiveLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import InputChunk, Lane
from tests.support.jobs import Messages, answer_to, new, small_job

RARE = 3_000  #: characters of a text that is far longer than all others


def text_of(chars: int) -> str:
    """Make a text that does not compress better than others do."""
    draw = Random(chars)
    return "".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(chars))


def submitted(store: JobStore, lengths: Sequence[int | Sequence[int]]) -> list[str]:
    """Submit a job for each length, or for several of them, in characters. Returns the ids."""
    texts = [(lengths,) if isinstance(lengths, int) else lengths for lengths in lengths]
    small = [small_job(new(Lane.INTERACTIVE), InputChunk(0, tuple(map(text_of, of_job)))) for of_job in texts]
    assert store.submit_all(small) == [None] * len(small)
    return [one.job.id for one in small]


def taken(lane: InteractiveLane) -> list[str]:
    """Take a batch and answer it. Returns the ids of its jobs."""
    opened = lane.take("drain") or []
    lane.record([answer_to(chunk) for chunk in opened])
    return [chunk.ref.job_id for chunk in opened]


@pytest.fixture
def lane(redis: Redis, settings: Settings) -> InteractiveLane:
    """Return a lane of two children."""
    redis.set(LaneKeys.of(Lane.INTERACTIVE).children, 2)
    return InteractiveLane(redis, settings)


def test_few_are_taken_in_their_order(store: JobStore, lane: InteractiveLane) -> None:
    ids = submitted(store, [9, 100] * (FEW // 2))
    assert taken(lane) == ids[: FEW // 2]


def test_a_length_is_read_only_where_there_is_a_choice(redis: Redis, store: JobStore, settings: Settings) -> None:
    def lengths_read() -> int:
        stats = redis.info("commandstats").get("cmdstat_hstrlen", {"calls": 0})
        return int(stats["calls"])

    before, lane = lengths_read(), InteractiveLane(redis, settings)
    redis.set(LaneKeys.of(Lane.INTERACTIVE).children, 1)
    ids = submitted(store, [9, 100] * (CHOICE // 2))
    assert taken(lane) == ids, "all are one batch"
    redis.set(LaneKeys.of(Lane.INTERACTIVE).children, 2)
    submitted(store, [9] * FEW)
    taken(lane)
    assert lengths_read() == before
    submitted(store, [9] * 2 * CHOICE)
    taken(lane)
    assert lengths_read() == before, "two full batches wait: the older is taken"
    taken(lane)
    assert lengths_read() == before + CHOICE, "no more than the oldest are looked at"


@pytest.mark.parametrize("oldest", [40, 4, 160])
def test_a_batch_is_the_oldest_and_its_neighbours_in_length(
    store: JobStore, lane: InteractiveLane, oldest: int
) -> None:
    lengths = [oldest, *Random(oldest).choices(range(4, 160), k=CHOICE - 1)]
    ids = submitted(store, lengths)

    batch = taken(lane)

    assert batch == [job for job in ids if job in set(batch)], "in the order in which they waited"
    assert batch[0] == ids[0]
    of_batch = [length for job, length in zip(ids, lengths, strict=True) if job in set(batch)]
    others = [length for job, length in zip(ids, lengths, strict=True) if job not in set(batch)]
    assert [length for length in others if min(of_batch) < length < max(of_batch)] == []
    assert abs(sum(of_batch) - sum(others)) <= 2 * max(of_batch) + 12 * CHOICE, "half of the work"
    assert taken(lane)[0] == next(job for job in ids if job not in set(batch)), "what is left keeps its order"


def test_those_of_one_length_are_taken_in_their_order(store: JobStore, lane: InteractiveLane) -> None:
    lengths = Random(1).choices([20, 40, 60], k=CHOICE)
    waiting = list(zip(submitted(store, lengths), lengths, strict=True))
    while waiting:
        batch = set(taken(lane))
        for length in (20, 40, 60):
            alike = [job for job, other in waiting if other == length]
            assert {job for job in alike if job in batch} == set(alike[: len(batch & set(alike))])
        waiting = [(job, length) for job, length in waiting if job not in batch]


def test_who_waits_is_taken_after_as_many_takes_as_were_before_at_most(
    redis: Redis, store: JobStore, lane: InteractiveLane
) -> None:
    """Also a text that is like no other, while others that fit better come all the time."""
    draw = Random(3)
    takes, waits = 0, {}

    def arrive(lengths: list[int]) -> None:
        before = redis.llen(redis_keys.PENDING)
        for place, job in enumerate(submitted(store, lengths), start=before):
            waits[job] = takes + place + 1

    arrive([*draw.choices(range(10, 20), k=CHOICE // 2), RARE, *draw.choices(range(10, 20), k=CHOICE)])
    rare = list(waits)[CHOICE // 2]
    while takes < 2 * CHOICE:
        oldest = redis.lindex(redis_keys.PENDING, 0)
        batch, takes = taken(lane), takes + 1
        assert oldest is not None
        assert text(oldest).startswith(f"{batch[0]}:"), "the oldest is always taken"
        assert [job for job in batch if takes > waits.pop(job)] == []
        assert [job for job, until in waits.items() if until <= takes] == []
        arrive(draw.choices(range(10, 20), k=len(batch)))
    assert rare not in waits


def test_jobs_of_several_texts_are_compared_by_the_length_of_one(store: JobStore, lane: InteractiveLane) -> None:
    ids = submitted(store, [(40, 40), *[(9,) * 9, (38, 42), (150,)] * 10])
    assert set(taken(lane)) < {ids[0], *ids[2::3], *ids[1::3]}
    assert len(ids) > FEW


def test_a_job_as_large_as_a_batch_is_taken_alone(store: JobStore, lane: InteractiveLane, settings: Settings) -> None:
    large = [9] * settings.interactive_texts
    first, *others = submitted(store, [large, *[9] * 2 * FEW])
    assert taken(lane) == [first]
    assert set(taken(lane)) < set(others)


def test_who_was_in_a_crash_is_taken_alone_and_passed_by_nobody(
    redis: Redis, store: JobStore, lane: InteractiveLane
) -> None:
    leases, children = LaneKeys.of(Lane.INTERACTIVE).leases, LaneKeys.of(Lane.INTERACTIVE).children
    (culprit,) = submitted(store, [40])
    lane.take("dies")
    older = submitted(store, [9, 40, 60])
    redis.set(children, 1)
    lane.take("silent")
    redis.set(children, 2)
    lane.release("dies")
    redis.zadd(leases, dict.fromkeys(map(text, redis.zrange(leases, 0, -1)), 1))  # they have run out
    lane.sweep(Messages())
    younger = submitted(store, [40] * 2 * FEW)

    before = []
    while (batch := taken(lane)) != [culprit]:
        assert batch
        before += batch
    assert set(before) == set(older)
    assert set(taken(lane)) < set(younger)


def test_batches_are_padded_less_than_those_in_order(
    store: JobStore, lane: InteractiveLane, tell: Callable[[str], None]
) -> None:
    """64 clients that send the next text when they have an answer, and lengths as those of reviews."""
    draw = Random(5)

    def tokens_run(batches: list[list[int]]) -> float:
        shapes = ladder(512, 512)
        run = sum(batch.size * batch.width for lengths in batches for batch in plan(lengths, shapes))
        return run / sum(map(sum, batches))

    sent = waiting = 32  # of 64 clients; two children work for the others
    arrived = [min(500, 4 + round(draw.lognormvariate(3.5, 0.9))) for _ in range(1_000)]
    lengths = dict(zip(submitted(store, arrived[:waiting]), arrived, strict=False))
    chosen: list[list[int]] = []
    while sent < len(arrived):
        batch = taken(lane)
        chosen.append([lengths[job] for job in batch])
        following = arrived[sent : sent + len(batch)]
        lengths |= zip(submitted(store, following), following, strict=True)
        sent += len(batch)
    share = waiting // 2
    in_order = [arrived[start : start + share] for start in range(0, len(arrived), share)]
    tell(f"tokens run for each that was sent: {tokens_run(chosen):.3f}, taken in order {tokens_run(in_order):.3f}")
    assert tokens_run(chosen) <= tokens_run(in_order)
