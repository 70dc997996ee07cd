"""A job that was submitted: wait for it, read its results, pause, cancel, retry or delete it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

from sentiq_client import frames
from sentiq_client.aio.downloads import AsyncDownload, OnReceived
from sentiq_client.aio.transport import AsyncTransport, new_request_id
from sentiq_client.aio.waiting import call, sleep
from sentiq_client.errors import ApiError, ConnectionFailed, JobNotCompleted, WaitTimeout
from sentiq_client.inputs import as_params
from sentiq_client.models import Evaluation, Job, Page, Row, Summary, Throughput

FIRST_POLL_S, LONGEST_POLL_S = 0.2, 5.0
PATIENCE_S = 600.0  #: how long the service may be away while a job is waited for

FILE_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Progress = Callable[[Job], None]


class AsyncJobHandle:
    """A job by its id. `job` is the last answer of the service about it."""

    def __init__(self, transport: AsyncTransport, job_id: str, job: Job | None = None) -> None:
        self._transport = transport
        self.id = job_id
        self._job = job

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}, not asked for yet>" if self._job is None else repr(self._job)

    @property
    def job(self) -> Job:
        """The last answer of the service. Raises LookupError before the first request about a job known by its id."""
        if self._job is None:
            raise LookupError(f"Nothing was heard of {self.id} yet: call refresh() or wait() first.")
        return self._job

    async def refresh(self) -> Job:
        """Ask the service. Raises ApiError, with status 404 when there is no such job (any more)."""
        return await self._refresh(None)

    async def wait(self, timeout_s: float | None = None, progress: Progress | bool = False) -> Job:
        """Poll until the job has ended, even while the service restarts.

        `progress` is called with each answer; True shows a bar. Raises WaitTimeout, JobNotCompleted when the job did
        not complete, and ConnectionFailed when the service stays away for ten minutes.
        """
        if progress is True:
            from sentiq_client.progress import job_bar

            with job_bar() as show:
                return await self.wait(timeout_s, show)
        ends_at = None if timeout_s is None else time.monotonic() + timeout_s
        heard_at, delay_s = time.monotonic(), FIRST_POLL_S
        request_id = new_request_id()  # one for all polls: the log of the service has them together
        while True:
            pause_s = delay_s
            try:
                job = await self._refresh(request_id)
            except (ConnectionFailed, ApiError) as error:
                if time.monotonic() - heard_at > PATIENCE_S:
                    raise
                pause_s = max(delay_s, self._transport.delay(self._transport.tries(1), error))
            else:
                heard_at = time.monotonic()
                if callable(progress):
                    progress(job)
                if job.state == "completed":
                    return job
                if job.ended:
                    raise JobNotCompleted(job.id, job.state, job.error, request_id)
            if ends_at is not None and time.monotonic() + pause_s > ends_at:
                raise WaitTimeout(f"Job {self.id} did not end within {timeout_s} s; it goes on.", request_id)
            await sleep(pause_s)
            delay_s = min(delay_s * 1.3, LONGEST_POLL_S)

    def results(
        self,
        *,
        label: str | Iterable[str] | None = None,
        only: str | None = None,
        min_score: float | None = None,
        max_score: float | None = None,
        contains: str | None = None,
        include: str | Iterable[str] | None = None,
        neutral_band: float | None = None,
        **more: Any,
    ) -> AsyncResults:
        """Return the finished rows in order: to iterate over, or as a frame.

        `label`: only rows with one of these labels. `only`: "failed" or "without_text". `include`: "text", "columns" or
        both. `more` are other parameters of the service.
        """
        filters = {"label": label, "only": only, "min_score": min_score, "max_score": max_score, "contains": contains}
        return AsyncResults(
            self._transport, self.id, _filters(filters | {"include": include, "neutral_band": neutral_band} | more)
        )

    async def summary(self, by: str | None = None, neutral_band: float | None = None) -> Summary:
        """Return counts by label, shares, a histogram and why rows failed; `by` a kept column: also by its values."""
        params = as_params({"by": by, "neutral_band": neutral_band})
        return await self._transport.ask(dict, "GET", self._path("/summary"), params=params)

    async def evaluation(self, by: str | None = None, neutral_band: float | None = None) -> Evaluation:
        """Return how far the answers agree with the labels in the file of an ended job; `by` a kept column: also by it.

        Raises ApiError, with status 409 where the file has no labels (code `no_labels`) or the job has not ended.
        """
        params = as_params({"by": by, "neutral_band": neutral_band})
        return await self._transport.ask(dict, "GET", self._path("/evaluation"), params=params)

    async def throughput(self) -> Throughput:
        """Return how many rows of a bulk job were finished in each step of time."""
        return await self._transport.ask(Throughput.read, "GET", self._path("/throughput"))

    async def download(
        self, path: str | Path, kind: str | None = None, on_bytes: OnReceived | None = None, **filters: Any
    ) -> Path:
        """Write the results to a file; its name tells the kind (csv, xlsx, json, ndjson) unless given.

        The file appears once it is complete. A broken download continues where it broke.
        Raises SentiqError and OSError.
        """
        path = Path(path)
        ending = path.suffix.lower().removeprefix(".")
        kind = kind or (ending if ending in FILE_TYPES else "ndjson")
        part = path.with_name(path.name + ".part")
        try:
            with await call(_opened, part) as file:
                url, media_type = self._path(f"/results.{kind}"), FILE_TYPES.get(kind, "")
                await AsyncDownload(self._transport, file, url, media_type, _filters(filters), on_bytes).run()
            await call(part.replace, path)
        finally:
            await call(part.unlink, True)
        return path

    async def pause(self) -> Job:
        """Pause the job: no further chunk is started."""
        return await self._do("pause")

    async def resume(self) -> Job:
        """Resume a paused job."""
        return await self._do("resume")

    async def cancel(self) -> Job:
        """Cancel the job; finished rows stay readable."""
        return await self._do("cancel")

    async def retry(self) -> Job:
        """Classify the failed rows again."""
        try:
            return await self._do("retry")
        except ApiError as error:
            if error.sent_before and error.code == "nothing_to_retry":  # they are classified already
                return await self.refresh()
            raise

    async def delete(self) -> None:
        """Delete the job with its texts and results, at once."""
        try:
            await self._transport.ask(dict, "DELETE", self._path())
        except ApiError as error:
            if not error.sent_before or error.code != "job_not_found":
                raise

    async def _refresh(self, request_id: str | None) -> Job:
        self._job = job = await self._transport.ask(Job.read, "GET", self._path(), request_id=request_id)
        return job

    async def _do(self, what: str) -> Job:
        self._job = job = await self._transport.ask(Job.read, "POST", self._path(f"/{what}"))
        return job

    def _path(self, rest: str = "") -> str:
        return f"/api/v1/jobs/{self.id}{rest}"


class AsyncResults:
    """Rows of a job, read page by page each time they are asked for; memory stays flat while one iterates."""

    def __init__(self, transport: AsyncTransport, job_id: str, params: dict[str, Any]) -> None:
        self._transport = transport
        self._job_id = job_id
        self._params = params

    def __repr__(self) -> str:
        chosen = "".join(f", {name}={value!r}" for name, value in self._params.items())
        return f"<{type(self).__name__} of {self._job_id}{chosen}>"

    async def __aiter__(self) -> AsyncIterator[Row]:
        cursor: str | None = None
        while True:
            params = {"limit": 1000} | self._params | ({"cursor": cursor} if cursor else {})
            page = await self._transport.ask(Page.read, "GET", f"/api/v1/jobs/{self._job_id}/results", params=params)
            for row in page.rows:
                yield row
            # A page may be empty because its filter found nothing in the part it looked at: that is not the end.
            if page.next is None or page.next == cursor:
                return
            cursor = page.next

    async def to_pandas(self) -> Any:
        """Return all rows as a pandas DataFrame. Raises MissingPackage where pandas is not installed."""
        frames.require("pandas")
        return frames.to_pandas([row async for row in self])

    async def to_polars(self) -> Any:
        """Return all rows as a polars DataFrame. Raises MissingPackage where polars is not installed."""
        frames.require("polars")
        return frames.to_polars([row async for row in self])


def _opened(path: Path) -> BinaryIO:
    return path.open("wb")


def _filters(asked: dict[str, Any]) -> dict[str, Any]:
    found = as_params(asked)
    if "label" in found and not isinstance(found["label"], str):
        found["label"] = list(found["label"])  # repeated, since a label may have a comma in it
    if "include" in found and not isinstance(found["include"], str):
        found["include"] = ",".join(found["include"])
    return found
