"""Does once a second what a worker's parent does (worker/parent/sweeper.py), and delivers webhooks."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from threading import Event, Thread

import psutil
import structlog

from embedded.broker import MemoryBroker
from embedded.lane import LaneThread
from sentiq.core.networks import parse_networks
from sentiq.core.settings import current
from sentiq.jobs import model_activation
from sentiq.jobs.lanes import sweep_schedule, sweep_uploads
from sentiq.jobs.types import StoredModel
from sentiq.jobs.workers import Heartbeat, beat, count_children, live_workers
from sentiq.webhooks.deliverer import Deliverer
from sentiq.webhooks.sending import Sender
from sentiq.webhooks.store import WebhookStore
from worker import context
from worker.serving import serving, stored_models, unmap_code

INTERVAL_S = 1.0
SURVEY_INTERVAL_S = 10.0  #: how often the models on the disk are listed
REST_S = 10.0  #: without a task; then the lanes rest

log = structlog.get_logger(__name__)


class Upkeep(Thread):
    """Renews leases, announces both lanes as workers, sweeps, follows an activation and delivers webhooks."""

    def __init__(self, lanes: Sequence[LaneThread], broker: MemoryBroker) -> None:
        super().__init__(name="upkeep", daemon=True)
        self._lanes, self._broker = lanes, broker
        self._ctx = context.parent()
        self._is_stopping = Event()
        self._started_at_s = time.time()
        self._surveyed_at_s = -SURVEY_INTERVAL_S
        self._stored: tuple[StoredModel, ...] = ()
        self._ended, self._worked_at_s = 0, math.inf  # inf: code was unmapped since
        self._deliverer = Deliverer(
            self._ctx.store, WebhookStore(self._ctx.redis), Sender(parse_networks(current().webhook_networks))
        )
        self.announce()

    def stop(self) -> None:
        """Let the round that runs be the last."""
        self._is_stopping.set()

    def run(self) -> None:
        while not self._is_stopping.wait(INTERVAL_S):
            try:
                self._round()
            except Exception:  # whatever it is, the next round may go well
                log.exception("the upkeep failed")
        self._deliverer.close()

    def announce(self) -> None:
        """Report both lanes as workers with one child each."""
        if time.monotonic() - self._surveyed_at_s >= SURVEY_INTERVAL_S:
            self._surveyed_at_s, self._stored = time.monotonic(), stored_models()
        resident = psutil.Process().memory_info().rss
        for lane in self._lanes:
            heartbeat = Heartbeat(
                worker=_worker(lane),
                lane=lane.lane,
                children=1,
                busy=len(lane.running),
                model=serving.manifest.id,
                model_version=serving.manifest.version,
                stored=self._stored,
                started_at_s=self._started_at_s,
                seen_at_s=0.0,
                memory_bytes=resident if lane is self._lanes[0] else 0,  # both are one process
            )
            beat(self._ctx.redis, heartbeat, current().job_ttl_s)
        count_children(self._ctx.redis, current().job_ttl_s)

    def _round(self) -> None:
        self._ctx.clock.take_turn()  # where the clock of the machine went back, deadlines follow
        for lane in self._lanes:
            self._ctx.lane(lane.lane).renew(lane.running)
        self.announce()
        for lane in self._lanes:
            swept = self._ctx.lane(lane.lane).sweep(self._broker)
            if swept.sent:
                log.warning("gave out work again", lane=lane.lane, chunks=swept.sent, lost=swept.lost)
        sweep_uploads(self._ctx.store)
        sweep_schedule(self._ctx.store, self._broker)
        self._deliverer.step()
        self._follow_activation()
        self._unmap_code()

    def _unmap_code(self) -> None:
        """Unmap the code of the libraries once the lanes rest: 35 MB after a large job."""
        ended = sum(lane.ended for lane in self._lanes)
        if ended != self._ended or any(lane.running for lane in self._lanes):
            self._ended, self._worked_at_s = ended, time.monotonic()
        elif time.monotonic() - self._worked_at_s >= REST_S:
            self._worked_at_s = math.inf
            unmap_code()

    def _follow_activation(self) -> None:
        """Load the candidate beside the served model, and serve it where that goes well."""
        redis = self._ctx.redis
        candidate = model_activation.read(redis).candidate
        if not candidate:
            return
        try:
            serving.prepare(candidate)
            verdict = model_activation.IN_FAVOUR
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is the reason against
            log.warning("the candidate cannot be used", model=candidate, reason=str(error))
            verdict = str(error)
        for lane in self._lanes:
            model_activation.vote(redis, candidate, _worker(lane), verdict)
        model_activation.decide(redis, candidate, live_workers(redis))
        if serving.is_prepared:
            serving.take_over()


def _worker(lane: LaneThread) -> str:
    return f"{lane.lane}@embedded"
