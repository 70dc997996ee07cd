"""Counts the work and the speed of the whole cluster; `census` takes three round trips, however many jobs there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.redis import memory_limit, text
from sentiq.core.redis_clock import unix_ms
from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.jobs.messages import PRIORITY_STEPS, queue_keys
from sentiq.jobs.types import ChunkRef, JobState, Lane
from sentiq.jobs.workers import Heartbeat, live_workers

#: Live bulk jobs, and published chunks, that are read one by one. Where there are more, a random sample of this size is
#: scaled up.
SAMPLE = 1_000

_INTERACTIVE, _BULK = LaneKeys.of(Lane.INTERACTIVE), LaneKeys.of(Lane.BULK)


@dataclass(frozen=True, slots=True)
class LaneCensus:
    """The work of one lane at one moment."""

    waiting: int  # chunks that are pending or published, and not begun
    in_flight: int  # chunks that a child holds
    messages: int  # of Celery, that no worker has fetched
    oldest_waiting_s: float  # age of the oldest chunk that is not begun; 0 where none waits


@dataclass(frozen=True, slots=True)
class Census:
    """The work and the memory of the cluster at one moment."""

    jobs: Mapping[str, int]  # by state; "ended" for all final states together
    rows_waiting: int  # rows of bulk jobs that have arrived and have no outcome yet
    lanes: Mapping[Lane, LaneCensus]
    redis_used_bytes: int
    redis_max_bytes: int | None  # its `maxmemory`; None: no limit
    redis_limit_bytes: int  # its `maxmemory`, else the memory of its host
    workers: list[Heartbeat]


def census(redis: Redis) -> Census:
    """Count everything. Raises the errors of `REDIS_AWAY`."""
    pipe = redis.pipeline(transaction=False)
    pipe.time()
    pipe.info("memory")
    pipe.zrandmember(redis_keys.LIVE, SAMPLE)
    pipe.hrandfield(redis_keys.PUBLISHED, SAMPLE, withvalues=True)
    pipe.lindex(redis_keys.PENDING, 0)
    pipe.zcard(redis_keys.JOBS)
    pipe.zcard(redis_keys.LIVE)
    pipe.llen(redis_keys.PENDING)
    pipe.zcard(_INTERACTIVE.leases)
    pipe.zcard(_BULK.leases)
    pipe.hlen(_BULK.owners)
    for lane in Lane:
        for key in queue_keys(lane):
            pipe.llen(key)
    time, memory, live, issued, head, *sizes = pipe.execute()
    steps = len(PRIORITY_STEPS)  # lists of messages that each lane has
    now_ms = unix_ms(time)
    all_jobs, all_live, pending, taken, leased, owned, *queues = sizes
    published_ms = {member: int(entry) // 1000 for member, entry in zip(issued[::2], issued[1::2], strict=True)}

    for job_id in live:
        pipe.hmget(JobKeys.of(text(job_id)).job, "state", "total", "completed", "failed")
    pipe.zmscore(_BULK.leases, [*published_ms, ""])  # the command needs at least one member
    pipe.hget(JobKeys.of(ChunkRef.parse(text(head)).job_id if head else "").job, "sealed_at")
    *jobs, deadlines, sealed_at = pipe.execute()
    found = [fields for fields in jobs if fields[0] is not None]  # the others have just expired

    each_stands_for = all_live / max(len(live), 1)
    states = Counter(text(state) for state, *_ in found)
    by_state = {str(state): round(states[state] * each_stands_for) for state in JobState if not state.has_ended}
    by_state[JobState.QUEUED] += pending
    by_state[JobState.RUNNING] += taken
    waiting_rows = sum(int(total) - int(completed) - int(failed) for _, total, completed, failed in found)
    waited_ms = [
        now_ms - first_ms
        for deadline, first_ms in zip(deadlines[:-1], published_ms.values(), strict=True)
        if deadline is not None  # else its job has gone
    ]
    return Census(
        jobs=by_state | {"ended": max(all_jobs - sum(by_state.values()), 0)},
        rows_waiting=round(waiting_rows * each_stands_for),
        lanes={
            Lane.INTERACTIVE: LaneCensus(
                pending, taken, sum(queues[:steps]), max(now_ms - int(sealed_at or now_ms), 0) / 1000
            ),
            Lane.BULK: LaneCensus(max(leased - owned, 0), owned, sum(queues[steps:]), max([0.0, *waited_ms]) / 1000),
        },
        redis_used_bytes=memory["used_memory"],
        redis_max_bytes=memory["maxmemory"] or None,
        redis_limit_bytes=memory_limit(memory),
        workers=live_workers(redis),
    )


def count_jobs(redis: Redis) -> dict[str, int]:
    """Count the jobs that are kept, that receive rows, that wait for a child, and that wait for a time."""
    indexes = {
        "all": redis_keys.JOBS,
        "receiving": redis_keys.RECEIVING,
        "waiting": redis_keys.QUEUED,
        "timed": redis_keys.SCHEDULE,
    }
    pipe = redis.pipeline(transaction=False)
    for index in indexes.values():
        pipe.zcard(index)
    return dict(zip(indexes, pipe.execute(), strict=True))


def count_waiting_rows(redis: Redis) -> int:
    """Count the rows of bulk jobs that have arrived and have no outcome yet: exactly, job by job."""
    live = [text(job_id) for job_id in redis.zrange(redis_keys.LIVE, 0, -1)]
    pipe = redis.pipeline(transaction=False)
    for job_id in live:
        pipe.hmget(JobKeys.of(job_id).job, "total", "completed", "failed")
    waiting, gone = 0, []
    for job_id, (total, completed, failed) in zip(live, pipe.execute(), strict=True):
        if total is None:
            gone.append(job_id)  # its time to live ran out
        else:
            waiting += int(total) - int(completed) - int(failed)
    if gone:
        redis.zrem(redis_keys.LIVE, *gone)
    return waiting


def texts_per_second(redis: Redis, lane: Lane) -> float | None:
    """Return the speed of all children of the lane that live now, by what they recorded lately.

    None while nothing was recorded or no child lives.
    """
    k = LaneKeys.of(lane)
    pipe = redis.pipeline(transaction=False)
    pipe.hmget(k.speed, "rows", "ms")
    pipe.get(k.children)
    (rows, ms), children = pipe.execute()
    if not int(rows or 0) or not int(ms or 0) or not int(children or 0):
        return None
    return int(children) * int(rows) / int(ms) * 1000
