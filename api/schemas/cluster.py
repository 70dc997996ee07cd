"""The cluster at one moment."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from sentiq.core.version import VERSION
from sentiq.jobs.workers import Heartbeat


class LaneDocument(BaseModel):
    lane: str = Field(examples=["bulk"])
    waiting: int = Field(description="chunks without a child")
    in_flight: int = Field(description="chunks that children work on")
    demand: int = Field(description="children that would find work now, the busy ones included: what scalers follow")
    children: int
    busy: int = Field(description="children that work")
    oldest_waiting_s: float = Field(description="age of the oldest chunk that nobody has begun; 0 where none waits")
    texts_per_second: float | None = Field(description="of all its children at the speed of late; null: not known")


class WorkerDocument(BaseModel):
    name: str
    lane: str
    children: int
    busy: int
    model: str = Field(description="`id@version` it has loaded")
    degraded: bool = Field(description="the bundled model, or the student of a pair, stands in for it now")
    memory_bytes: int | None = Field(
        description="parent and children, what they share counted once; up to ten seconds old; null: not known"
    )
    started_at: str
    seen_at: str


class JobCounts(BaseModel):
    all: int = Field(description="jobs that are kept")
    receiving: int
    waiting: int = Field(description="bulk jobs that have not started")
    timed: int = Field(description="jobs with a start, a window or a deadline to come")


class RedisDocument(BaseModel):
    used_memory_bytes: int
    max_memory_bytes: int | None = Field(description="null: no limit")


class CacheDocument(BaseModel):
    hits: int
    misses: int
    entries: int


class ClusterDocument(BaseModel):
    object: str = "cluster"
    lanes: list[LaneDocument]
    workers: list[WorkerDocument]
    texts_per_second: float | None = Field(description="of all bulk children at the speed of late; null: not known")
    rows_waiting: int = Field(description="rows of bulk jobs that have arrived and have no outcome yet")
    jobs: JobCounts
    redis: RedisDocument
    cache: CacheDocument


class LiveDocument(BaseModel):
    status: str = Field(examples=["ok"])


class ReadyDocument(BaseModel):
    status: str = Field(description="ok or unavailable")
    missing: list[str] = Field(
        description="redis: the job store does not answer; redis memory: it is full; redis writes: it takes none, "
        "since its disk fails or it is no master; interactive worker, bulk worker: the lane has no warm one",
        examples=[["bulk worker"]],
    )


class LaneHealth(BaseModel):
    waiting: int = Field(description="chunks without a child")
    in_flight: int = Field(description="chunks that children work on")
    demand: int = Field(description="children that would find work now, the busy ones included: what scalers follow")


class HealthDocument(BaseModel):
    status: Literal["healthy", "degraded", "unavailable"] = Field(
        description="healthy; degraded: a lane has no warm worker, its jobs wait; unavailable: nothing is accepted"
    )
    timestamp: str = Field(examples=["2026-01-31T08:00:00.000Z"])
    version: str = Field(description="of the service", examples=[VERSION])
    model_loaded: bool = Field(description="a live worker has its model in memory")
    memory_usage_mb: float = Field(description="MiB, resident, of all API processes")
    total_requests: int = Field(
        description="answered by the API processes that run now, since each of them started, probes and `/metrics` "
        "left out; what other processes than the asked one have done is up to 5 s old"
    )
    avg_response_time_ms: float = Field(description="of the same requests; uploads and waiting included")
    model: str = Field(description="of the settings")
    redis: Literal["ok", "away", "refuses"] = Field(description="refuses: it takes no writes, being full or no master")
    lanes: dict[str, LaneHealth] = Field(description="by name: interactive and bulk; empty while Redis is not ok")
    workers: list[Heartbeat] = Field(description="their heartbeats")
