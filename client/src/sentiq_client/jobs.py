"""A job that was submitted: wait for it, read it, steer it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from sentiq_client.errors import ApiError, ConnectionFailed, JobNotCompleted, SentiqError, WaitTimeout
from sentiq_client.models import Job, Row
from sentiq_client.transport import FIRST_DELAY_S, LONGEST_DELAY_S, Transport, pause, problem, worth_another_try

FIRST_POLL_S, LONGEST_POLL_S = 0.2, 5.0
PATIENCE_S = 600.0  #: how long the service may be away while a job is waited for
DOWNLOAD_RETRIES = 8

Progress = Callable[[Job], None]


class JobHandle:
    """A job by its id. `job` is what was last heard of it."""

    def __init__(self, transport: Transport, job_id: str, job: Job | None = None) -> None:
        self._transport = transport
        self.id = job_id
        self._job = job

    @property
    def job(self) -> Job:
        return self._job or self.refresh()

    def refresh(self) -> Job:
        """Ask the service. Raises ApiError, with status 404 when there is no such job (any more)."""
        self._job = Job.read(self._transport.request("GET", self._path()).json())
        return self._job

    def wait(self, timeout_s: float | None = None, progress: Progress | bool = False) -> Job:
        """Poll until the job has ended, over restarts of the service.

        `progress` is called with each answer; True shows a bar. Raises WaitTimeout, JobNotCompleted when the job did
        not complete, and ConnectionFailed when the service stays away for ten minutes.
        """
        if progress is True:
            from sentiq_client.progress import job_bar

            with job_bar() as show:
                return self.wait(timeout_s, show)
        ends_at = None if timeout_s is None else time.monotonic() + timeout_s
        heard_at, delay_s = time.monotonic(), FIRST_POLL_S
        while True:
            try:
                job = self.refresh()
            except (ConnectionFailed, ApiError) as error:
                gone = isinstance(error, ApiError) and error.status < 500 and error.status != 429
                if gone or time.monotonic() - heard_at > PATIENCE_S:
                    raise
            else:
                heard_at = time.monotonic()
                if callable(progress):
                    progress(job)
                if job.state == "completed":
                    return job
                if job.ended:
                    raise JobNotCompleted(job.id, job.state, job.error)
            if ends_at is not None and time.monotonic() + delay_s > ends_at:
                raise WaitTimeout(f"Job {self.id} did not end within {timeout_s} s; it goes on.")
            time.sleep(delay_s)
            delay_s = min(delay_s * 1.3, LONGEST_POLL_S)

    def results(self, **filters: Any) -> Iterator[Row]:
        """All finished rows in order, page by page. Filters are those of the service: label, only, include …"""
        cursor: str | None = None
        while True:
            params = {"limit": 1000} | _given(filters) | ({"cursor": cursor} if cursor else {})
            page = self._transport.request("GET", self._path("/results"), params=params).json()
            yield from map(Row.read, page["data"])
            # A page may be empty because its filter found nothing in the part it looked at: that is not the end.
            if page["next"] is None or page["next"] == cursor:
                return
            cursor = page["next"]

    def summary(self, **options: Any) -> dict[str, Any]:
        """Counts by label, shares, a histogram, why rows failed."""
        found: dict[str, Any] = self._transport.request("GET", self._path("/summary"), params=_given(options)).json()
        return found

    def download(
        self,
        path: str | Path,
        kind: str | None = None,
        on_bytes: Callable[[int, int | None], None] | None = None,
        **filters: Any,
    ) -> Path:
        """Write the results to a file; its name tells the kind (csv, xlsx, json, ndjson) unless given.

        The file appears when it is whole. A broken download goes on where it broke. Raises SentiqError.
        """
        path = Path(path)
        ending = path.suffix.lower().removeprefix(".")
        kind = kind or (ending if ending in ("csv", "json", "xlsx") else "ndjson")
        part = path.with_name(path.name + ".part")
        tag: str | None = None
        left, delay_s = DOWNLOAD_RETRIES, FIRST_DELAY_S
        with part.open("wb") as file:
            while True:
                wait_s: float | None = None
                headers = {"Accept-Encoding": "identity"}  # parts of what a proxy packs cannot be put together
                if tag and file.tell():
                    headers |= {"Range": f"bytes={file.tell()}-", "If-Range": tag}
                url = self._path(f"/results.{kind}")
                try:
                    with self._transport.http.stream(
                        "GET", url, params=_given(filters), headers=headers, timeout=httpx.Timeout(600, connect=5)
                    ) as answer:
                        if not answer.is_success:
                            answer.read()
                            again, wait_s = worth_another_try(answer)
                            error: SentiqError = problem(answer)
                            if not again:
                                raise error
                        else:
                            if answer.status_code != 206:
                                file.seek(0)
                                file.truncate()
                            tag = answer.headers.get("ETag")
                            size = int(answer.headers["Content-Length"]) if "Content-Length" in answer.headers else None
                            for data in answer.iter_bytes():
                                file.write(data)
                                if on_bytes:
                                    on_bytes(file.tell(), size)
                            break
                except httpx.TransportError as failure:
                    error = self._transport.unreachable(failure)
                if left == 0:
                    raise error
                left -= 1
                pause(delay_s, wait_s)
                delay_s = min(delay_s * 2, LONGEST_DELAY_S)
        part.replace(path)
        return path

    def pause(self) -> Job:
        return self._do("pause")

    def resume(self) -> Job:
        return self._do("resume")

    def cancel(self) -> Job:
        return self._do("cancel")

    def retry(self) -> Job:
        """Classify the failed rows again."""
        return self._do("retry")

    def delete(self) -> None:
        """Texts and results are gone at once."""
        self._transport.request("DELETE", self._path())

    def _do(self, what: str) -> Job:
        self._job = Job.read(self._transport.request("POST", self._path(f"/{what}")).json())
        return self._job

    def _path(self, rest: str = "") -> str:
        return f"/api/v1/jobs/{self.id}{rest}"


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
