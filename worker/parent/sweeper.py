"""Repairs the job store once a second: work that has lost its message or its worker is given out again.

The parent of every worker tries it, and the first one in each second does it for all, so that many workers cost Redis
no more than one.
"""

from __future__ import annotations

import time
from itertools import cycle
from typing import Any

import psutil
import structlog
from celery.worker import state
from kombu.exceptions import OperationalError

from sentiq.core.redis import REDIS_AWAY
from sentiq.core.settings import current
from sentiq.jobs.lanes import sweep_schedule, sweep_uploads
from sentiq.jobs.types import StoredModel
from sentiq.jobs.workers import Heartbeat, beat, count_children, leave
from worker import context
from worker.host_resources import family_memory
from worker.metrics import metrics
from worker.parent.children import Children
from worker.parent.model_switch import ModelSwitch
from worker.parent.parent_step import OFTEN_S, ParentStep
from worker.parent.pool_maintainer import PoolMaintainer
from worker.serving import serving, stored_models
from worker.shared_memory import shared

STEPS = 4  #: of one round
INTERVAL_S = STEPS * OFTEN_S  #: of a round
SURVEY_INTERVAL_S = 10.0  #: how often the models on the disk are listed and memory is added up: that takes a while
MEMORY_INTERVAL_MOST_S = 60.0  #: while no task comes: the kernel takes 50 ms to add up the memory of a worker

log = structlog.get_logger(__name__)


class Sweeper(ParentStep):
    """Worker bootstep: renews the leases of running tasks, announces the worker, sweeps both lanes and uploads.

    It runs in the parent's event loop rather than in a thread, since a thread may hold a lock when a child is forked.
    A round is divided into steps, one a tick: where Redis is far away a round takes long, and meanwhile leases must be
    renewed and messages fetched.
    """

    requires = (PoolMaintainer,)
    interval_s = OFTEN_S

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._steps = cycle((self._beat, self._sweep_lanes, self._sweep_jobs, self._follow_activation))
        self._renew_at_s = self._resume_at_s = float("-inf")
        self._started_at_s = time.time()
        self._renewal = PoolMaintainer.of(parent).renewal
        self._switch = ModelSwitch(parent.hostname, self._renewal)
        self._served = serving.manifest  # by all children
        self._stored: tuple[StoredModel, ...] = ()
        self._memory_bytes = 0
        self._measure_at_s, self._measure_again_s = float("-inf"), SURVEY_INTERVAL_S / 2
        self._measured_tasks = 0  # received until then
        self._surveyed_at_s = -SURVEY_INTERVAL_S
        self._has_turn = False  # this sweeper repairs the job store in this round, for all
        self._announced = 0  # children

    def register_with_event_loop(self, parent: Any, hub: Any) -> None:
        super().register_with_event_loop(parent, hub)
        self.tick(parent)

    def stop(self, parent: Any) -> None:
        super().stop(parent)
        self._switch.stop()
        try:
            leave(context.parent().redis, parent.hostname)
        except REDIS_AWAY:
            pass  # the heartbeat runs out by itself

    def tick(self, parent: Any) -> None:
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
        if heartbeat.children != self._announced:
            count_children(redis, ttl_s)
            self._announced = heartbeat.children

    def _sweep_lanes(self, parent: Any) -> None:
        ctx = context.parent()
        went_back_ms = ctx.clock.take_turn()
        self._has_turn = went_back_ms is not None
        if not self._has_turn:
            return
        if went_back_ms:
            log.warning("the clock of Redis went back, and deadlines with it", went_back_s=went_back_ms / 1000)
        count_children(ctx.redis, current().job_ttl_s)
        for lane in (ctx.interactive, ctx.bulk):
            swept = lane.sweep(parent.app)
            if swept.sent:
                log.warning("gave out work again", lane=lane.lane, chunks=swept.sent, lost=swept.lost)
            metrics().recoveries.labels(lane.lane, "lease").inc(swept.lost)

    def _sweep_jobs(self, parent: Any) -> None:
        if not self._has_turn:
            return
        store = context.parent().store
        if stalled := sweep_uploads(store):
            log.warning("failed jobs whose upload fell silent", jobs=stalled)
        sweep_schedule(store, parent.app)

    def _follow_activation(self, parent: Any) -> None:
        children = Children(parent.pool)
        self._switch.unload_if_idle(children, state.all_total_count[0], busy=bool(state.active_requests))
        self._switch.step(context.parent().redis, children)

    def _heartbeat(self, parent: Any, busy: int) -> Heartbeat:
        if time.monotonic() - self._surveyed_at_s >= SURVEY_INTERVAL_S:
            self._surveyed_at_s = time.monotonic()
            self._stored = stored_models()
            self._measure_memory(self._surveyed_at_s)
        if not self._renewal.in_progress():
            self._served = serving.manifest
        return Heartbeat(
            worker=parent.hostname,
            lane=context.consumed_lane(),
            children=Children(parent.pool).count_warm(),
            busy=busy,
            model=self._served.id,
            model_version=self._served.version,
            stored=self._stored,
            started_at_s=self._started_at_s,
            seen_at_s=0.0,
            degraded=shared.degraded,
            memory_bytes=self._memory_bytes,
        )

    def _measure_memory(self, now_s: float) -> None:
        """Add up the memory of this worker's processes: more and more rarely while no task comes."""
        tasks = state.all_total_count[0]
        is_idle = tasks == self._measured_tasks
        if is_idle and now_s < self._measure_at_s:
            return
        self._memory_bytes = sum(pss for _, pss, _ in family_memory(psutil.Process()))
        again_s = min(2 * self._measure_again_s, MEMORY_INTERVAL_MOST_S) if is_idle else SURVEY_INTERVAL_S
        self._measure_at_s, self._measure_again_s, self._measured_tasks = now_s + again_s, again_s, tasks
