"""Reads the results of jobs: finished chunks, failures, speed over time, and values that were computed of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import zstandard
from redis import Redis

from sentiq.core.errors import JobNotFound
from sentiq.core.redis import REDIS_AWAY, text
from sentiq.core.redis_keys import JobKeys
from sentiq.jobs.chunk_result import ChunkResult, Stored
from sentiq.jobs.codec import OutputColumns, decode_columns
from sentiq.jobs.input_codec import InputColumns
from sentiq.jobs.packing import ZSTD_MAGIC
from sentiq.jobs.scripts import Script
from sentiq.jobs.types import Job

CHUNKS_READ = 16  #: chunks read in one round trip
VALUES_CACHED, VALUE_CHARS = 64, 65_536  #: of one job: values computed from its results, and the length of each
PACKED_CHARS = 1_048_576  #: of a longer value, which is kept where it packs into `VALUE_CHARS` bytes


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rows were recorded in each step of time."""

    step_ms: int
    start_ms: int  # of the first step, Unix time of the Redis clock
    rows: tuple[int, ...]  # from the first to the last step that has any; rows that are tried again count again


class Results:
    """The results of all jobs of one Redis. What takes chunk numbers reads `CHUNKS_READ` of them at a time."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._cache_value = Script(redis, "cache_value")

    def check_job(self, job_id: str) -> None:
        """Raises JobNotFound where a job was erased or has expired: what was read of it may be incomplete."""
        if not self._redis.exists(JobKeys.of(job_id).job):
            raise JobNotFound.named(job_id)

    # -- chunks -------------------------------------------------------------------------------------------------

    def chunks(
        self, job_id: str, chunk_numbers: Sequence[int], at_once: int = CHUNKS_READ
    ) -> Iterator[ChunkResult | None]:
        """Yield the result of each of these chunks; None for a chunk that has no result (yet).

        `at_once`: chunks read in one round trip, for callers that expect to stop early.
        """
        for number, given, answered in self._blobs(job_id, chunk_numbers, at_once):
            if given is None or answered is None:
                yield None
            else:
                yield ChunkResult.decoded(number, given, answered)

    def stored_chunks(self, job_id: str, chunk_numbers: Sequence[int]) -> Iterator[Stored]:
        """Yield each of these chunks that is finished, as it is stored."""
        for number, given, answered in self._blobs(job_id, chunk_numbers, CHUNKS_READ):
            if given is not None and answered is not None:
                yield number, given, answered

    def columns(self, job_id: str, chunk_numbers: Sequence[int]) -> Iterator[tuple[int, OutputColumns]]:
        """Yield the number and the answers, as they are stored, of each of these chunks that is finished."""
        for numbers in _batches(chunk_numbers, CHUNKS_READ):
            blobs = self._redis.hmget(JobKeys.of(job_id).output, list(map(str, numbers)))
            for number, blob in zip(numbers, blobs, strict=True):
                if blob is not None:
                    yield number, decode_columns(cast(bytes, blob))

    def columns_with_input(
        self, job_id: str, chunk_numbers: Sequence[int]
    ) -> Iterator[tuple[int, InputColumns, OutputColumns]]:
        """Yield the same as `columns`, and between both the input, of which only what is asked for is decoded."""
        for number, given, answered in self._blobs(job_id, chunk_numbers, CHUNKS_READ):
            if given is not None and answered is not None:
                yield number, InputColumns(given), decode_columns(answered)

    def failed_chunks(self, job_id: str) -> list[int]:
        """Return the numbers of the chunks in which a row has an error, in order."""
        return sorted(int(number) for number in self._redis.hkeys(JobKeys.of(job_id).failures))

    def _blobs(
        self, job_id: str, chunk_numbers: Sequence[int], at_once: int
    ) -> Iterator[tuple[int, bytes | None, bytes | None]]:
        """Yield number, input and output of each of these chunks."""
        k = JobKeys.of(job_id)
        for numbers in _batches(chunk_numbers, at_once):
            fields = list(map(str, numbers))
            pipe = self._redis.pipeline(transaction=False)
            pipe.hmget(k.input, fields)
            pipe.hmget(k.output, fields)
            yield from zip(numbers, *pipe.execute(), strict=True)

    # -- values computed of them --------------------------------------------------------------------------------

    def labels(self, job: Job) -> tuple[str, ...]:
        """Return the labels of all models that have answered rows of the job so far, in order of appearance."""
        cached = self.cached_value(job, "labels")
        if cached is not None:
            return tuple(json.loads(cached))
        found = self._labels(job, range(job.chunks))
        self.cache_value(job, "labels", json.dumps(found))
        return found

    def first_labels(self, job: Job) -> tuple[str, ...]:
        """Return the labels in the first chunks, in one round trip however large the job is."""
        return self._labels(job, range(min(job.chunks, CHUNKS_READ)))

    def pace(self, job_id: str) -> Pace | None:
        """Return at most 120 steps; None where no row of a bulk job has been recorded."""
        found = {text(name): value for name, value in self._redis.hgetall(JobKeys.of(job_id).pace).items()}
        if not found:
            return None
        step_ms, first = int(found["step"]), int(found["first"])
        rows = {int(number): int(count) for number, count in found.items() if number.isdecimal()}
        return Pace(step_ms, first * step_ms, tuple(rows.get(n, 0) for n in range(first, max(rows) + 1)))

    def cached_value(self, job: Job, name: str) -> str | None:
        """Return what `cache_value` stored for the job in its present state; None where there is nothing."""
        ended_at_ms, value = self._redis.hmget(JobKeys.of(job.id).exports, "ended_at", name)
        if value is None or text(ended_at_ms) != str(job.ended_at_ms):
            return None
        kept = value if isinstance(value, bytes) else value.encode()
        return text(zstandard.decompress(kept) if kept.startswith(ZSTD_MAGIC) else kept)

    def cache_value(self, job: Job, name: str, value: str) -> None:
        """Store what was computed of an ended job's results for as long as the job lives.

        Nothing is stored of a job that has not ended, since its results change, nor where Redis takes no writes, the
        value is long, or there are many of the job already: then it is computed again at the next request.
        """
        stored: str | bytes = value
        if VALUE_CHARS < len(value) <= PACKED_CHARS:
            stored = zstandard.compress(value.encode())
        if job.state.has_ended and len(stored) <= VALUE_CHARS:
            k = JobKeys.of(job.id)
            try:
                self._cache_value(
                    job=k.job,
                    exports=k.exports,
                    ended_at_ms=job.ended_at_ms,
                    name=name,
                    value=stored,
                    max_values=VALUES_CACHED,
                )
            except REDIS_AWAY:
                pass

    def _labels(self, job: Job, chunk_numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for _, found in self.columns(job.id, chunk_numbers) for label in found.labels))


def _batches(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))
