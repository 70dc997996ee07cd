"""Implements Celery's `--autoscale=MAX,MIN` by a policy of our own: from the waiting work and the room on the host.

It runs in the parent's event loop. It only sets how many children there should be; pool_maintainer.py forks them, so
that none is forked while a thread loads a model.
"""

from __future__ import annotations

import os
import time
from typing import Any

import structlog
from celery.worker import state

from sentiq.core.redis import REDIS_AWAY
from sentiq.core.redis_keys import LaneKeys
from sentiq.core.settings import current
from sentiq.jobs.types import Lane
from worker import context
from worker.host_resources import Host, unique_bytes
from worker.metrics import metrics
from worker.parent.autoscale_policy import Calm, Decision, Limits, Sample, decide
from worker.parent.children import Children
from worker.parent.stopping import GracefulStop
from worker.serving import serving

INTERVAL_S = 0.5
AWAY_S = 2.0  #: Redis is away: the next try is later, so that the event loop has time for other work

log = structlog.get_logger(__name__)


class Autoscaler:
    """Decides how many children there should be.

    Celery makes it where the option is given and asks for the public attributes and methods here: its bootstep calls
    `maybe_scale` every `keepalive` seconds and with each message, `celery control autoscale` calls `update`, and
    `celery inspect stats` calls `info`. Celery never cancels that timer; so `maybe_scale` does nothing after a stop.
    """

    keepalive = INTERVAL_S

    def __init__(self, pool: Any, max_concurrency: int, min_concurrency: int, worker: Any, mutex: Any = None) -> None:
        self._task_pool, self._worker = pool, worker
        self.max_concurrency, self.min_concurrency = max_concurrency, min_concurrency
        settings = current()
        self._host = Host(niced=context.consumed_lane() is Lane.BULK)
        self._reserve_bytes = settings.scale_reserve_mb * 2**20
        self._due_s = time.monotonic()
        self._calm: Calm | None = None
        self._last: Decision | None = None
        problem = self._problem()
        if problem:
            log.error("the worker cannot scale", reason=problem)
            raise SystemExit(os.EX_CONFIG)

    def maybe_scale(self, req: Any = None) -> None:
        """Follow the policy, unless it was followed a moment ago or the worker stops."""
        now_s, stop = time.monotonic(), GracefulStop.of(self._worker)
        if now_s < self._due_s or stop.is_requested or stop.is_exiting:
            return
        self._due_s = now_s + INTERVAL_S
        try:
            demand = self._demand()
        except REDIS_AWAY:
            self._due_s = time.monotonic() + AWAY_S
            return
        self._follow(decide(self._limits(), self._sample(now_s, demand), self._calm))

    def update(self, max: int | None = None, min: int | None = None) -> tuple[int, int]:  # noqa: A002 -- Celery's names
        """Set other bounds; raises ValueError where they cannot work."""
        most, least = self.max_concurrency if max is None else max, self.min_concurrency if min is None else min
        if not 1 <= least <= most:
            raise ValueError(f"autoscale needs 1 <= MIN <= MAX, got MIN {least} and MAX {most}")
        self._worker.consumer._update_prefetch_count(most - self.max_concurrency)
        self.max_concurrency, self.min_concurrency = most, least
        return most, least

    def info(self) -> dict[str, int]:
        """Return the bounds and the number of children wanted now, for Celery's statistics."""
        return {
            "max": self.max_concurrency,
            "min": self.min_concurrency,
            "current": self._children().count_wanted(),
            "qty": len(state.reserved_requests),
        }

    def _children(self) -> Children:
        return Children(self._task_pool)

    def _problem(self) -> str:
        """Return why these bounds cannot work; "" where they can."""
        if self.min_concurrency < 1:
            return (
                f"--autoscale={self.max_concurrency},{self.min_concurrency} would leave the lane without a child. "
                f"Write --autoscale={max(self.max_concurrency, 1)},1."
            )
        total = self._host.total_bytes()
        if self._reserve_bytes >= total:
            return (
                f"SENTIQ_SCALE_RESERVE_MB is {self._reserve_bytes >> 20}, and there are {total >> 20} MB in all: "
                "no child could ever be added. Lower it."
            )
        return ""

    def _demand(self) -> int:
        """Return what the lane needs of this worker, in children: what those of other workers cannot do.

        Their number is as old as the heartbeats; that evens out within seconds.
        """
        ctx, lane = context.parent(), context.consumed_lane()
        children = int(ctx.redis.get(LaneKeys.of(lane).children) or 0)
        demand: int = ctx.lane(lane).demand() - max(0, children - self._children().count_wanted())
        return demand

    def _limits(self) -> Limits:
        settings = current()
        return Limits(
            self.min_concurrency,
            self.max_concurrency,
            settings.scale_keepalive_s,
            self._reserve_bytes,
            settings.scale_cpu_share,
        )

    def _sample(self, now_s: float, demand: int) -> Sample:
        children, busy = self._children(), len(state.reserved_requests)
        wanted, pids = children.count_wanted(), children.pids()
        wanting = self.max_concurrency > wanted and busy >= wanted and demand > wanted
        return Sample(
            now_s=now_s,
            units=wanted,
            settled=children.is_settled() and not serving.is_preparing,
            busy=min(busy, wanted),
            demand=demand,
            available_bytes=self._host.available_bytes() if wanting else 0,
            unit_bytes=unique_bytes(pids[0]) if wanting and pids else 0,
            cpu_share=self._host.cpu_share(),
        )

    def _follow(self, decision: Decision) -> None:
        children = self._children()
        before = children.count_wanted()
        self._calm = decision.calm
        if decision.wanted > before:
            children.grow(decision.wanted - before)
        elif decision.wanted < before:
            children.shrink(before - decision.wanted)
        now = children.count_wanted()
        self._fetch_for(now)
        self._count(now, now - before)
        if now != before:
            log.info("scaled", children=now, before=before, reason=decision.reason)
        elif self._last is not None and decision.reason is not self._last.reason:
            log.debug("scaling rests", children=before, reason=decision.reason)
        self._last = decision

    def _count(self, now: int, change: int) -> None:
        for bound, children in (
            ("min", self.min_concurrency),
            ("max", self.max_concurrency),
            ("wanted", now),
        ):
            metrics().scale.labels(bound).set(children)
        for direction, changed in (("up", change > 0), ("down", change < 0)):
            metrics().scalings.labels(direction).inc(changed)

    def _fetch_for(self, children: int) -> None:
        """Leave messages to workers that have an idle child: Celery would fetch for as many as there may be."""
        self._worker.max_concurrency = children
