"""Holds the clients that request handlers share: stores, lanes and a broker. One set a process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore

import structlog
from flask import current_app
from redis import Redis, RedisError

from api.admission import Admission
from sentiq.core.api_keys import KeyStore
from sentiq.core.redis import REDIS_AWAY, connect
from sentiq.core.settings import Settings
from sentiq.jobs import messages
from sentiq.jobs.aspect_sets import AspectSetStore
from sentiq.jobs.lanes import BulkLane, InteractiveLane
from sentiq.jobs.results import Results
from sentiq.jobs.small_jobs import SmallJobs
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import ChunkRef
from sentiq.jobs.uploads import UploadStore
from sentiq.webhooks.store import WebhookStore

TIMEOUT_S = 1.2  #: of one try at Redis; there are two, three on a long idle connection: a request fails within 4 s
WAIT_SLICE_S = 2.0  #: one blocking wait; a waiter whose Redis restarted asks again after it

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    redis: Redis
    store: JobStore
    results: Results
    small_jobs: SmallJobs
    waiting: JobStore  # with a client whose socket timeout is longer than a wait
    webhooks: WebhookStore
    uploads: UploadStore
    aspect_sets: AspectSetStore
    interactive: InteractiveLane
    bulk: BulkLane
    keys: KeyStore
    admission: Admission
    broker: messages.Broker
    waiters: BoundedSemaphore

    @property
    def counts_requests(self) -> bool:
        """Tell whether requests are counted: there is a limit, or a key may have one."""
        return bool(self.settings.rate_limit) or self.settings.auth == "keys"

    @classmethod
    def create(cls, settings: Settings, broker: messages.Broker | None = None) -> Services:
        """Return the services of a process. Without a `broker`, messages are Celery's."""
        address = settings.redis_address
        redis = connect(address, timeout_s=TIMEOUT_S)
        waiting = connect(address, timeout_s=WAIT_SLICE_S + TIMEOUT_S)
        if broker is None:
            from api.celery_broker import CeleryBroker  # 5 MB that a process with another broker does without

            broker = CeleryBroker(settings, TIMEOUT_S)
        store = JobStore(redis, settings)
        return cls(
            settings=settings,
            redis=redis,
            store=store,
            results=Results(redis),
            small_jobs=SmallJobs(redis, store, settings.job_ttl_s),
            waiting=JobStore(waiting, settings),
            webhooks=WebhookStore(redis, settings.shard),
            uploads=UploadStore(redis, settings.upload_ttl_s, settings.shard),
            aspect_sets=AspectSetStore(redis),
            interactive=InteractiveLane(redis, settings),
            bulk=BulkLane(redis, settings),
            keys=KeyStore(redis),
            admission=Admission(redis, settings),
            broker=broker,
            waiters=BoundedSemaphore(max(1, settings.api_threads * 7 // 8)),
        )

    def close(self) -> None:
        self.small_jobs.close()
        self.redis.close()
        self.waiting.redis.close()
        self.broker.close()

    def publish(self, chunks: list[ChunkRef]) -> None:
        """Send messages for chunks. If that fails, the sweeper sends them later, since the work is in the store."""
        try:
            messages.publish(self.broker, chunks)
        except RedisError as error:
            log.warning("chunks are left to the sweeper", chunks=len(chunks), reason=str(error))

    @contextmanager
    def place_to_wait(self) -> Iterator[bool]:
        """Yield whether this request may wait for a result: some threads stay free for submitting and polling."""
        place = self.waiters.acquire(blocking=False)
        try:
            yield place
        finally:
            if place:
                self.waiters.release()

    def wait_ended(self, job_id: str, timeout_s: float) -> bool:
        """Block until the job has ended, even across a restart of Redis; return False when the time is over first.

        Only for a request that has a `place_to_wait`.
        """
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                if self.waiting.wait_ended(job_id, min(left_s, WAIT_SLICE_S)):
                    return True
            except REDIS_AWAY:
                time.sleep(min(left_s, 0.2))
        return False


def services() -> Services:
    """Return the services of the current app."""
    found: Services = current_app.extensions["sentiq"]
    return found
