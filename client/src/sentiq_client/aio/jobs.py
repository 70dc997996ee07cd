"""A job that was submitted: wait for it, read its results, pause, cancel, retry or delete it."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Unpack

from sentiq_client.aio.downloads import AsyncDownload, OnReceived
from sentiq_client.aio.results import AsyncResults
from sentiq_client.aio.transport import AsyncTransport, new_request_id
from sentiq_client.aio.waiting import call, sleep
from sentiq_client.errors import ApiError, ConnectionFailed, JobNotCompleted, WaitTimeout
from sentiq_client.filters import Date, Filters, Slice, filter_params
from sentiq_client.groups import Cross, Timeline
from sentiq_client.inputs import as_params
from sentiq_client.insights import Findings, JobAspects, Phrases
from sentiq_client.models import Evaluation, Job, Summary, Throughput
from sentiq_client.outputs import FILE_TYPES, check_page, file_kind

FIRST_POLL_S, LONGEST_POLL_S = 0.2, 5.0
PATIENCE_S = 600.0  #: how long the service may be away while a job is waited for

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
        where: Mapping[str, str | Iterable[str]] | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        aspect: str | None = None,
        include: str | Iterable[str] | None = None,
        neutral_band: float | None = None,
        **more: Any,
    ) -> AsyncResults:
        """Return the finished rows in order: to iterate over, or as a frame.

        `label`: only rows with one of these labels. `only`: "failed" or "without_text". `where`: the cells of kept
        columns, as in {"城市": ["北京", "上海"]}. `from_` and `to`: periods such as "2024-03", or dates.
        `aspect`: only rows that speak of it; label and scores are then about it. `include`: "text", "columns" or both.
        `more` are other parameters of the service, such as `sort`.
        """
        filters: Filters = {
            "label": label,
            "only": only,
            "min_score": min_score,
            "max_score": max_score,
            "contains": contains,
            "where": where,
            "from_": from_,
            "to": to,
            "aspect": aspect,
            "neutral_band": neutral_band,
        }
        return AsyncResults(self._transport, self.id, filter_params({**filters, "include": include, **more}))

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

    async def findings(self, **filters: Unpack[Slice]) -> Findings:
        """Return what to mend first, three things at most, of a job that has ended: aspects, or where it looks for none
        phrases, that most negative texts speak of.

        Raises ApiError, with status 409 where the job has not ended.
        """
        return await self._transport.ask(Findings.read, "GET", self._path("/findings"), params=filter_params(filters))

    async def aspects(self, **filters: Unpack[Filters]) -> JobAspects:
        """Return counts and shares of labels for each aspect, of the rows that the filters take; what to mend first.

        Raises ApiError, with status 409 and the code `no_aspects` where the job was submitted without `aspects`.
        """
        return await self._transport.ask(JobAspects.read, "GET", self._path("/aspects"), params=filter_params(filters))

    async def phrases(
        self, *, against: str | None = None, limit: int | None = None, **filters: Unpack[Filters]
    ) -> Phrases:
        """Return the phrases that set the rows which the filters take apart from others, of a job that has ended.

        `against`: "rest" (the default), "labels" (other labels of the same product or month) or "groups" (the same
        labels in others). `limit`: 1 to 50. Raises ApiError, also where the filters leave nothing to compare with.
        """
        params = filter_params({"against": against, "limit": limit, **filters})
        return await self._transport.ask(Phrases.read, "GET", self._path("/phrases"), params=params)

    async def timeline(self, step: str | None = None, **filters: Unpack[Filters]) -> Timeline:
        """Return labels by time: `step` is "hour", "day", "week", "month" or "auto", the default.

        Raises ApiError, with the code `no_dates` where the file has no column of dates.
        """
        params = filter_params({"step": step, **filters})
        return await self._transport.ask(Timeline.read, "GET", self._path("/timeline"), params=params)

    async def cross(self, rows: str, columns: str, *, limit: int | None = None, **filters: Unpack[Filters]) -> Cross:
        """Return labels by two things: kept columns, "label", "language", "aspect", "hour", "day", "week" or "month".

        `limit`: so many values of each side, 1 to 50; the others are one. Raises ApiError.
        """
        params = filter_params({"rows": rows, "columns": columns, "limit": limit, **filters})
        return await self._transport.ask(Cross.read, "GET", self._path("/cross"), params=params)

    async def throughput(self) -> Throughput:
        """Return how many rows of a bulk job were finished in each step of time."""
        return await self._transport.ask(Throughput.read, "GET", self._path("/throughput"))

    async def download(
        self, path: str | Path, kind: str | None = None, on_bytes: OnReceived | None = None, **filters: Any
    ) -> Path:
        """Write the results to a file; its name tells the kind (csv, xlsx, json, ndjson) unless given.

        The file appears once it is complete. A broken download continues where it broke.
        Raises SentiqError and OSError, and ValueError for a name that means another kind, such as .xls.
        """
        kind = kind or file_kind(path)
        return await self._save(path, f"/results.{kind}", FILE_TYPES.get(kind, ""), filter_params(filters), on_bytes)

    async def report(
        self, path: str | Path, *, lang: str | None = None, by: str | None = None, **filters: Unpack[Slice]
    ) -> Path:
        """Write a report of a job that has ended to a file: one page of HTML that opens offline, and has texts in it.

        `lang`: "zh" or "en", the default. `by`: the kept column of its groups; else the one that tells most apart.
        The file appears once it is complete. Raises SentiqError and OSError, and ValueError for a name that means
        another kind, such as .pdf.
        """
        check_page(path)
        params = filter_params({"lang": lang, "by": by, **filters})
        return await self._save(path, "/report.html", "text/html", params, None)

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

    async def _save(
        self, path: str | Path, url: str, media_type: str, params: dict[str, Any], on_bytes: OnReceived | None
    ) -> Path:
        """Write what the service has there to a file, which gets its name when it is complete."""
        whole = await call(_file_of, Path(path))
        part = whole.with_name(whole.name + ".part")
        try:
            with await call(_opened, part) as file:
                await AsyncDownload(self._transport, file, self._path(url), media_type, params, on_bytes).run()
            await call(part.replace, whole)
        finally:
            await call(part.unlink, True)
        return Path(path)

    def _path(self, rest: str = "") -> str:
        return f"/api/v1/jobs/{self.id}{rest}"


def _file_of(path: Path) -> Path:
    """Return the file that is to be written, which a link only names. Raises OSError for a folder or a pipe."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "This is no file that can be replaced: name another", str(path))
    return path.resolve()


def _opened(path: Path) -> BinaryIO:
    return path.open("wb")
