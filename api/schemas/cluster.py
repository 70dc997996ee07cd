"""The cluster at one moment."""

from __future__ import annotations

from pydantic import BaseModel, Field


class LaneDocument(BaseModel):
    lane: str = Field(examples=["bulk"])
    waiting: int = Field(description="chunks without a child")
    in_flight: int = Field(description="chunks that children work on")
    children: int
    busy: int = Field(description="children that work")


class WorkerDocument(BaseModel):
    name: str
    lane: str
    children: int
    busy: int
    model: str = Field(description="`id@version` it has loaded")
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
    jobs: JobCounts
    redis: RedisDocument
    cache: CacheDocument
