"""Small jobs of many threads: each gets the end of its own, also where notices are lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis, ResponseError

from api.services import Services
from sentiq.core.errors import JobNotFound
from sentiq.core.redis_keys import JobKeys
from sentiq.core.settings import Settings
from sentiq.jobs import messages
from sentiq.jobs.lanes import InteractiveLane
from sentiq.jobs.small_jobs import End, SmallJobs
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import InputChunk, JobState, Lane, SmallJob
from tests.support.jobs import answered, new, small_job
from tests.support.processes import wait_until

pytestmark = pytest.mark.stores("redis", "memory")

WAIT_S = 60.0  # on a busy machine


@pytest.fixture
def small_jobs(redis: Redis, store: JobStore) -> Iterator[SmallJobs]:
    small_jobs = SmallJobs(redis, store, 3600)
    yield small_jobs
    small_jobs.close()


def classified(small_jobs: SmallJobs, text: str, wait_s: float = WAIT_S) -> End | None:
    small = small_job(new(Lane.INTERACTIVE), InputChunk(0, (text,)), answers_to=small_jobs.channel)
    ticket, earlier = small_jobs.submit(small)
    assert earlier is None
    return small_jobs.wait_ended(ticket, wait_s)


def positive(end: End | None) -> float:
    assert end is not None
    assert end.answers is not None
    ((_, number),) = end.answers.predictions()
    return number / 65_535


def test_each_thread_gets_the_end_of_its_own_job(small_jobs: SmallJobs, interactive: InteractiveLane) -> None:
    texts = ["好" * (length + 1) for length in range(200)]
    with ThreadPoolExecutor(20) as threads:
        waiting = [threads.submit(classified, small_jobs, text) for text in texts]
        while not all(future.done() for future in waiting):
            for opened in interactive.take("task") or ():
                interactive.record([answered(opened)])
        ends = [future.result() for future in waiting]

    assert [positive(end) for end in ends] == [pytest.approx(0.5 + len(text) / 2_001, abs=1e-4) for text in texts]
    assert {end.job.state for end in ends if end and end.job} == {JobState.COMPLETED}


def in_thread(threads: ThreadPoolExecutor, redis: Redis, *asked: Any) -> Future[End | None]:
    """Begin to wait for a job that is stored then."""
    waiting = threads.submit(classified, *asked)
    wait_until(lambda: redis.llen("sentiq:interactive:pending"), message="the job is stored")
    return waiting


def test_a_lost_notice_is_not_a_lost_answer(redis: Redis, small_jobs: SmallJobs, interactive: InteractiveLane) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = in_thread(threads, redis, small_jobs, "好")
        redis.client_kill_filter(_type="pubsub")
        for opened in interactive.take("task") or ():
            interactive.record([answered(opened)])
        assert positive(waiting.result(WAIT_S)) == pytest.approx(0.5 + 1 / 2_001, abs=1e-4)


def test_the_end_of_an_erased_job_is_told(redis: Redis, store: JobStore, small_jobs: SmallJobs) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = in_thread(threads, redis, small_jobs, "好")
        (job,), _ = store.list_jobs(1)
        store.erase(job.id)
        with pytest.raises(JobNotFound):
            waiting.result(WAIT_S)


@pytest.mark.parametrize("wait_s", [0.0, 0.01])
def test_who_waits_no_longer_has_a_job_that_is_stored(small_jobs: SmallJobs, store: JobStore, wait_s: float) -> None:
    assert classified(small_jobs, "好", wait_s) is None
    assert [job.state for job in store.list_jobs(10)[0]] == [JobState.QUEUED]
    assert small_jobs._waiting == {}


@pytest.mark.parametrize("waits", [True, False])
def test_nobody_waits_for_a_thread_that_is_held_up(
    small_jobs: SmallJobs, store: JobStore, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    go_on, held_up, submit_all = threading.Event(), threading.Event(), store.submit_all

    def slow(submitted: Sequence[SmallJob]) -> list[str | Exception | None]:
        if threading.current_thread().name == "small jobs: send":
            held_up.set()
            go_on.wait(WAIT_S)
        return submit_all(submitted)

    monkeypatch.setattr(store, "submit_all", slow)
    first, other = (small_job(new(Lane.INTERACTIVE), answers_to=small_jobs.channel if waits else "") for _ in range(2))
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(small_jobs.submit, first)
        assert held_up.wait(WAIT_S)
        ticket, _ = small_jobs.submit(other)
        if waits:
            assert small_jobs.wait_ended(ticket, 0.0) is None
        assert store.get(other.job.id).state is JobState.QUEUED
        go_on.set()
        waiting.result(WAIT_S)
    wait_until(lambda: store.redis.exists(JobKeys.of(first.job.id).job))


def test_the_end_may_be_told_before_the_job_is_known_to_be_stored(
    small_jobs: SmallJobs, store: JobStore, interactive: InteractiveLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit_all = store.submit_all

    def overtaken(submitted: Sequence[SmallJob]) -> list[str | Exception | None]:
        stored = submit_all(submitted)
        for opened in interactive.take("task") or ():
            interactive.record([answered(opened)])
        wait_until(lambda: all(small_jobs._waiting[small.job.id].inbox.qsize() for small in submitted))
        return stored

    monkeypatch.setattr(store, "submit_all", overtaken)
    small = small_job(new(Lane.INTERACTIVE, key="k"), answers_to=small_jobs.channel)
    ticket, earlier = small_jobs.submit(small)
    assert earlier is None
    end = small_jobs.wait_ended(ticket, WAIT_S)
    assert end is not None
    assert end.answers is not None


def test_a_repeated_request_gets_the_first_job(small_jobs: SmallJobs) -> None:
    first, again = (
        small_job(new(Lane.INTERACTIVE, key="k"), payload_digest="d", answers_to=small_jobs.channel) for _ in range(2)
    )
    ticket, earlier = small_jobs.submit(first)
    assert earlier is None
    assert small_jobs.submit(again)[1] == first.job.id
    assert small_jobs._waiting == {first.job.id: ticket}


@pytest.mark.stores("redis")
def test_the_end_is_recorded_where_publishing_is_not_allowed(
    redis: Redis, settings: Settings, small_jobs: SmallJobs
) -> None:
    redis.acl_setuser("worker", enabled=True, nopass=True, keys=["*"], categories=["+@all"], reset_channels=True)
    worker = Redis.from_url(settings.redis_url.get_secret_value(), username="worker", password="")
    with ThreadPoolExecutor(1) as threads, worker:
        waiting = in_thread(threads, redis, small_jobs, "好")
        lane = InteractiveLane(worker, settings)
        for opened in lane.take("task") or ():
            lane.record([answered(opened)])
        assert positive(waiting.result(WAIT_S)) == pytest.approx(0.5 + 1 / 2_001, abs=1e-4)
    redis.acl_deluser("worker")


def test_an_error_of_redis_is_told_to_its_thread(redis: Redis, small_jobs: SmallJobs) -> None:
    for answers_to in (small_jobs.channel, ""):  # one that waits for the end, and one that does not
        broken = small_job(new(Lane.INTERACTIVE), answers_to=answers_to)
        redis.set(JobKeys.of(broken.job.id).input, "of another type", ex=60)
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            small_jobs.wait_ended(small_jobs.submit(broken)[0], WAIT_S)


@pytest.mark.stores("redis")
def test_the_message_in_a_submission_is_what_celery_sends(redis: Redis, settings: Settings) -> None:
    services = Services.create(settings)
    try:
        written = json.loads(services.broker.wakeup("an id", "rows=1 job=job_1"))
        messages.wake(services.broker, "an id", "rows=1 job=job_1")
        sent = json.loads(redis.lindex("interactive", 0) or b"")
    finally:
        services.close()
    assert written["properties"].pop("delivery_tag") == "an id"
    assert sent["properties"].pop("delivery_tag")
    assert written == sent
