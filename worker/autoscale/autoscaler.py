"""Celery's `--autoscale=MAX,MIN` by our policy: what waits on the lane decides, and what room the host has.

It runs in the parent's event loop. It only says how many children there should be; the keeper forks them, so that none
is forked while a thread loads a model.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery.worker import autoscale, state

from jobs.connection import REDIS_AWAY
from jobs.keys import LaneKeys
from jobs.models import Lane
from jobs.settings import current
from worker import context, lifecycle, stopping
from worker.autoscale.policy import Calm, Decision, Limits, Look, decide
from worker.host import Host, unique_bytes
from worker.metrics import metrics

INTERVAL_S = 0.5
AWAY_S = 2.0  #: Redis is away: the next look is later, so that the event loop has time for others

log = structlog.get_logger(__name__)


class Autoscaler(autoscale.Autoscaler):  # type: ignore[misc]  # Celery has no types
    """Made by Celery where the option is given; Celery's timer calls `maybe_scale`, and so does each message."""

    def __init__(self, pool: Any, max_concurrency: int, min_concurrency: int, worker: Any, **kwargs: Any) -> None:
        super().__init__(pool, max_concurrency, min_concurrency, worker, keepalive=INTERVAL_S, **kwargs)
        self.max_concurrency: int
        self.min_concurrency: int
        settings = current()
        self._host = Host(niced=lifecycle.lane() is Lane.BULK)
        self._reserve_bytes = settings.scale_reserve_mb * 2**20
        self._due_s = time.monotonic()
        self._calm: Calm | None = None
        self._last: Decision | None = None
        problem = self._problem()
        if problem:
            log.error("the worker cannot scale", reason=problem)
            raise SystemExit(lifecycle.EX_CONFIG)

    def maybe_scale(self, req: Any = None) -> None:
        now_s = time.monotonic()
        if now_s < self._due_s or stopping.asked():
            return
        self._due_s = now_s + INTERVAL_S
        try:
            demand = self._demand()
        except REDIS_AWAY:
            self._due_s = time.monotonic() + AWAY_S
            return
        self._follow(decide(self._limits(), self._look(now_s, demand), self._calm))

    def update(self, max: int | None = None, min: int | None = None) -> tuple[int, int]:  # noqa: A002 -- Celery's names
        """Other bounds, from `celery control autoscale MAX MIN`."""
        most, least = self.max_concurrency if max is None else max, self.min_concurrency if min is None else min
        if not 1 <= least <= most:
            raise ValueError(f"autoscale needs 1 <= MIN <= MAX, got MIN {least} and MAX {most}")
        self._update_consumer_prefetch_count(most)
        self.max_concurrency, self.min_concurrency = most, least
        return most, least

    def _problem(self) -> str:
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
        """What the lane asks of this worker: what the children of others cannot do.

        The number of children is as old as the heartbeats; that evens out within seconds.
        """
        ctx, lane = context.parent(), lifecycle.lane()
        children = int(ctx.redis.get(LaneKeys.of(lane).children) or 0)
        demand: int = ctx.lane(lane).demand() - max(0, children - self.processes)
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

    def _look(self, now_s: float, demand: int) -> Look:
        pool = self.pool._pool
        children, busy = self.processes, len(state.reserved_requests)
        wanting = self.max_concurrency > children and busy >= children and demand > children
        return Look(
            now_s=now_s,
            units=children,
            settled=len(pool._pool) == children and not pool._waiting_to_start and not lifecycle.preparing(),
            busy=min(busy, children),
            demand=demand,
            available_bytes=self._host.available_bytes() if wanting else 0,
            unit_bytes=unique_bytes(pool._pool[0].pid) if wanting and pool._pool else 0,
            cpu_share=self._host.cpu_share(),
        )

    def _follow(self, decision: Decision) -> None:
        before = self.processes
        self._calm = decision.calm
        if decision.wanted > before:
            self.pool.grow(decision.wanted - before)
        elif decision.wanted < before:
            shrink(self.pool._pool, before - decision.wanted)
        self._fetch_for(self.processes)
        self._count(self.processes - before)
        if self.processes != before:
            log.info("scaled", children=self.processes, before=before, reason=decision.reason)
        elif self._last is not None and decision.reason is not self._last.reason:
            log.debug("scaling rests", children=before, reason=decision.reason)
        self._last = decision

    def _count(self, change: int) -> None:
        for bound, children in (
            ("min", self.min_concurrency),
            ("max", self.max_concurrency),
            ("wanted", self.processes),
        ):
            metrics().scale.labels(bound).set(children)
        for direction, changed in (("up", change > 0), ("down", change < 0)):
            metrics().scalings.labels(direction).inc(changed)

    def _fetch_for(self, children: int) -> None:
        """Celery would fetch messages for as many children as there may be; they are for whoever has a child idle."""
        self.worker.max_concurrency = children


def shrink(pool: Any, count: int) -> None:
    """End so many idle children of a billiard pool, or as many as are idle.

    billiard's own shrinking takes a child for idle until it has accepted the task that was written to it.
    """
    taken = pool._busy_workers | pool._active_writes
    idle = [child for child in pool._pool if child.inqW_fd not in taken and not child._controlled_termination]
    for child in idle[:count]:
        pool._processes -= 1
        pool._putlock.shrink()
        child.terminate_controlled()
