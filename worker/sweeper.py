"""Once a second some worker parent looks after the job store: whatever has no live message or owner gets one again.

Each is ready to: whoever comes first has the turn, so that many workers cost Redis no more than one.
"""

from __future__ import annotations

import time
from itertools import cycle
from typing import Any

import psutil
import structlog
from celery import bootsteps
from celery.worker import state
from celery.worker.components import Pool
from kombu.exceptions import OperationalError

from jobs.cluster import Heartbeat, beat, count_children, leave
from jobs.connection import REDIS_AWAY
from jobs.lanes import sweep_schedule, sweep_uploads
from jobs.models import StoredModel
from jobs.settings import current
from worker import context, degraded, lifecycle, models, renewal
from worker.host import family_memory
from worker.metrics import metrics
from worker.switch import Switch

INTERVAL_S = 1.0
STEPS = 4  #: of one round
LOOK_INTERVAL_S = 10.0  #: how often the models on the disk are listed anew and memory is added up: that takes a while

log = structlog.get_logger(__name__)


class Sweeper(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Worker bootstep: renews the leases of running tasks, announces the worker, sweeps both lanes and uploads.

    It runs in the parent's event loop rather than in a thread, since a thread may hold a lock when a child is forked.
    It goes step by step: where Redis is far away a whole round takes long, and leases must not run out meanwhile, nor
    messages wait to be fetched.
    """

    requires = (Pool,)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._timer: Any = None
        self._steps = cycle((self._beat, self._sweep_lanes, self._sweep_jobs, self._follow_activation))
        self._renew_at_s = self._resume_at_s = float("-inf")
        self._started_at_s = time.time()
        self.switch = Switch(parent.hostname)
        self._serving = lifecycle.manifest()
        self._stored: tuple[StoredModel, ...] = ()
        self._memory_bytes = 0
        self._looked_at_s = -LOOK_INTERVAL_S
        self._turn = False  # this sweeper looks after the job store in this round, for all
        self._told_of = 0  # children

    def register_with_event_loop(self, parent: Any, hub: Any) -> None:
        # Called again after each reconnect to the broker.
        if self._timer is not None:
            self._timer.cancel()
        self._timer = hub.call_repeatedly(INTERVAL_S / STEPS, self._step, parent)
        self._step(parent)

    def stop(self, parent: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.switch.stop()
        try:
            leave(context.parent().redis, parent.hostname)
        except REDIS_AWAY:
            pass  # the heartbeat runs out by itself

    terminate = stop  # how a worker ends after a soft shutdown

    def _step(self, parent: Any) -> None:
        began_s = time.monotonic()
        try:
            self._renew()
            if began_s < self._resume_at_s:
                return
            next(self._steps)(parent)
            self._resume_at_s = 2 * time.monotonic() - began_s  # at least half of the time is left to the messages
        except (*REDIS_AWAY, OperationalError) as error:
            log.warning("the sweep waits for Redis", reason=str(error))
            self._resume_at_s = self._renew_at_s = time.monotonic() + INTERVAL_S

    def _renew(self) -> None:
        if time.monotonic() < self._renew_at_s:
            return
        running: dict[str, list[str]] = {}
        for request in state.active_requests:
            running.setdefault(request.delivery_info["routing_key"], []).append(request.id)
        for queue, task_ids in running.items():
            context.parent().lane(queue).renew(task_ids)
        self._renew_at_s = time.monotonic() + INTERVAL_S * 0.9  # that is, not in each step

    def _beat(self, parent: Any) -> None:
        heartbeat = self._heartbeat(parent, len(state.active_requests))
        redis, ttl_s = context.parent().redis, current().job_ttl_s
        beat(redis, heartbeat, ttl_s)
        if heartbeat.children != self._told_of:
            count_children(redis, ttl_s)
            self._told_of = heartbeat.children

    def _sweep_lanes(self, parent: Any) -> None:
        ctx = context.parent()
        went_back_ms = ctx.clock.take_turn()
        self._turn = went_back_ms is not None
        if not self._turn:
            return
        count_children(ctx.redis, current().job_ttl_s)
        if went_back_ms:
            log.warning("the clock of Redis went back, and deadlines with it", went_back_s=went_back_ms / 1000)
        for lane in (ctx.interactive, ctx.bulk):
            swept = lane.sweep(parent.app)
            if swept.sent:
                log.warning("gave out work again", lane=lane.lane, chunks=swept.sent, lost=swept.lost)
            metrics().recoveries.labels(lane.lane, "lease").inc(swept.lost)

    def _sweep_jobs(self, parent: Any) -> None:
        if not self._turn:
            return
        store = context.parent().store
        if stalled := sweep_uploads(store):
            log.warning("failed jobs whose upload fell silent", jobs=stalled)
        sweep_schedule(store, parent.app)

    def _follow_activation(self, parent: Any) -> None:
        self.switch.rest(parent.pool._pool, state.all_total_count[0], busy=bool(state.active_requests))
        self.switch.step(context.parent().redis, parent.pool._pool)

    def _heartbeat(self, parent: Any, busy: int) -> Heartbeat:
        if time.monotonic() - self._looked_at_s >= LOOK_INTERVAL_S:
            self._looked_at_s = time.monotonic()
            self._stored = models.stored()
            self._memory_bytes = sum(pss for _, pss, _ in family_memory(psutil.Process()))
        pool = parent.pool._pool
        if not renewal.underway():
            self._serving = lifecycle.manifest()
        return Heartbeat(
            worker=parent.hostname,
            lane=lifecycle.lane(),
            children=len(pool._pool) - len(pool._waiting_to_start),
            busy=busy,
            model=self._serving.id,
            model_version=self._serving.version,
            stored=self._stored,
            started_at_s=self._started_at_s,
            seen_at_s=0.0,
            degraded=degraded.lasts(),
            memory_bytes=self._memory_bytes,
        )
