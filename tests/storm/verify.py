"""After the storm: every accepted row is there, once, with the answer of its own text, and nothing is left over."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.redis import text
from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.jobs.types import JobState, Lane
from tests.storm.answers import BLANK, CODES, Order, shown
from tests.storm.client import Client, Ledger, NoAnswer

ALL_ENDED_S = 300.0
CALM_S = 60.0  #: after the last job, until no lane has anything left
THREADS = 4


@dataclass
class Verdict:
    """What was found; `wrong` is empty when all is well."""

    jobs: int = 0
    rows: int = 0
    failed_as_marked: int = 0
    without_text: int = 0
    interrupted_uploads: int = 0  # jobs that no client was promised: their upload broke, and was sent anew
    wrong: list[str] = field(default_factory=list)


def check_rows(order: Order, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What is wrong with the rows of a job, each with what it counts as."""
    for number, (expected, row) in enumerate(zip_longest(order.texts(), rows)):
        place = f"{order.name} row {number}"
        if row is None:
            yield f"lost: {place}"
        elif expected is None:
            yield f"doubled: {place} is one too many, {row}"
        elif row["index"] != number:
            yield f"mixed up: {place} has index {row['index']}"
        elif (code := row["error"] and row["error"]["code"]) != (wanted := CODES.get(order.marks.get(number, ""))):
            what = "unmarked failed" if wanted is None else "marked but not failed so"
            yield f"{what}: {place} has {code}, which should be {wanted}"
        elif not wanted and list(row["probabilities"].values()) != shown(expected):
            yield f"mixed up: {place} has the answer of another text"


def verify(redis: Redis, url: str, ledger: Ledger) -> Verdict:
    """Waits until all jobs have ended."""
    verdict = Verdict(wrong=ledger.wrong)
    _wait_ended(redis, verdict)
    with ThreadPoolExecutor(THREADS) as pool:
        batches = [list(ledger.accepted.items())[at::THREADS] for at in range(THREADS)]
        list(pool.map(lambda batch: _check_jobs(batch, url, ledger, verdict), batches))
    _check_others(redis, ledger, verdict)
    _check_leftovers(redis, verdict)
    return verdict


def _wait_ended(redis: Redis, verdict: Verdict) -> None:
    deadline = time.monotonic() + ALL_ENDED_S
    while stuck := [job_id for job_id, state in _states(redis).items() if not JobState(state).has_ended]:
        if time.monotonic() > deadline:
            verdict.wrong += [f"stuck: {job_id} {redis.hgetall(JobKeys.of(job_id).job)}" for job_id in stuck]
            return
        time.sleep(0.5)


def _states(redis: Redis) -> dict[str, str]:
    ids = [text(job_id) for job_id in redis.zrange(redis_keys.JOBS, 0, -1)]
    pipe = redis.pipeline(transaction=False)
    for job_id in ids:
        pipe.hget(JobKeys.of(job_id).job, "state")
    return {job_id: text(state) for job_id, state in zip(ids, pipe.execute(), strict=True)}


def _check_jobs(batch: list[tuple[str, Order]], url: str, ledger: Ledger, verdict: Verdict) -> None:
    client = Client(url, ledger)
    for job_id, order in batch:
        try:
            job = client.job(job_id)
            rows = list(client.rows(job_id))
        except NoAnswer as error:
            ledger.complain(f"no answer: {error}")
            continue
        blank = list(order.marks.values()).count(BLANK)
        failed = len(order.marks) - blank
        done = order.rows - blank - failed
        counts = {"total": order.rows, "completed": done, "failed": failed, "without_text": blank}
        if (job["state"], job["counts"]) != ("completed", counts):
            ledger.complain(
                f"wrong end: {order.name} ({job_id}) is {job['state']} with {job['counts']} instead of {counts}"
            )
        for fault in check_rows(order, rows):
            ledger.complain(f"{fault} ({job_id})")
        verdict.jobs += 1
        verdict.rows += len(rows)
        verdict.failed_as_marked += failed
        verdict.without_text += blank
    client.close()


def _check_others(redis: Redis, ledger: Ledger, verdict: Verdict) -> None:
    """A job that nobody was told of must be an upload that broke; any other was done for nobody."""
    names = {order.name for order in ledger.accepted.values()}
    if len(names) != len(ledger.accepted):
        verdict.wrong.append(f"doubled: {len(ledger.accepted)} jobs were made of {len(names)} submissions")
    for job_id, state in _states(redis).items():
        if job_id in ledger.accepted:
            continue
        if redis.hget(JobKeys.of(job_id).job, "error_code") == b"upload_interrupted":
            verdict.interrupted_uploads += 1
        else:
            verdict.wrong.append(f"doubled: {job_id} is {state}, and nobody was told of it")


def _check_leftovers(redis: Redis, verdict: Verdict) -> None:
    names = [redis_keys.PENDING, redis_keys.PUBLISHED, redis_keys.QUEUED, redis_keys.RECEIVING]
    for lane in map(LaneKeys.of, Lane):
        names += [lane.leases, lane.owners, lane.crashes]
    deadline = time.monotonic() + CALM_S
    while left := [name for name in names if redis.exists(name)]:
        if time.monotonic() > deadline:
            verdict.wrong += [f"left over: {name} has {_content(redis, name)}" for name in left]
            return
        time.sleep(0.5)


def _content(redis: Redis, name: str) -> str:
    """The beginning of it."""
    match text(redis.type(name)):
        case "hash":
            found: object = redis.hgetall(name)
        case "zset":
            found = redis.zrange(name, 0, 9, withscores=True)
        case _:
            found = redis.lrange(name, 0, 9)
    return str(found)[:300]
