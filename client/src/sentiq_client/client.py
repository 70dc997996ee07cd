# Made of aio/client.py by client/unasync.py: change that file, then run it.
"""The entry: `Client()` knows the service, submits and lists."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sentiq_client import inputs, waiting
from sentiq_client.aspect_sets import AspectSets
from sentiq_client.definitions import Definition, definition_of
from sentiq_client.errors import SentiqError
from sentiq_client.jobs import JobHandle
from sentiq_client.models import Analysis, Job, JobPage, as_list
from sentiq_client.retry import LONGEST_WAIT_S, RETRIES, UPLOAD_RETRIES, OnWait, tell
from sentiq_client.transport import OnBytes, Transport
from sentiq_client.waiting import Texts
from sentiq_client.webhooks import Webhooks

DEFAULT_URL = "http://127.0.0.1:8000"


class Client:
    """A service by its address; a context manager. Threads, or the tasks of one loop, may share it."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = 60.0,
        retries: int = RETRIES,
        longest_wait_s: float = LONGEST_WAIT_S,
        on_wait: OnWait = tell,
        trust_env: bool = True,
    ) -> None:
        """`url` and `api_key` are those of SENTIQ_URL and SENTIQ_API_KEY unless given.

        `retries`: how often a request that failed is sent again; an upload is sent more often, unless it is 0. When the
        service asks to wait longer than `longest_wait_s` seconds, the error is raised at once. Longer waits are told to
        `on_wait`, with their seconds and the reason; they are logged unless it is given. With `trust_env` False the
        service is asked directly: the proxies and certificates that the environment names (HTTP_PROXY, SSL_CERT_FILE
        and the like) are not used. Raises SentiqError for what is no address.
        """
        address = url or os.environ.get("SENTIQ_URL") or DEFAULT_URL
        key = api_key or os.environ.get("SENTIQ_API_KEY")
        self._transport = Transport(address, key, timeout_s, retries, longest_wait_s, on_wait, trust_env)
        self.webhooks = Webhooks(self._transport)
        self.aspect_sets = AspectSets(self._transport)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._transport.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._transport.http.close()

    def analyze(self, text: str, *, aspects: str | Definition | None = None, **options: Any) -> Analysis:
        """Classify one text now; with `aspects`, as `submit` takes them, also what it says of each."""
        named = aspects if aspects is None or isinstance(aspects, str) else waiting.call(definition_of, aspects)
        asked = inputs.as_json({"text": text, "aspects": named, **options})
        return self._transport.ask(Analysis.read, "POST", "/analyze", json=asked)

    def submit(
        self,
        data: Texts,
        *,
        on_bytes: OnBytes | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> JobHandle:
        """Create a job of texts, of a frame or of a file. Options are those of the service.

        Texts are an iterable (a list, a Series, a generator) of texts, or of mappings with `text`, `custom_id`, `date`
        and `language`; a missing text (None, NaN, NA) fails its row alone. A frame (pandas, polars, or what gives an
        Arrow stream) and a file (a Path, or one that is open) are read as the service reads files: `text_column`,
        `id_column`, `keep_columns`. Everything is sent again from its beginning, under the same idempotency key, when
        an upload breaks; what can be read but once is kept in a temporary file for that. `aspects`: the `id` of a set
        of aspects, `id@version`, a set itself (a mapping), or a file of one (a Path; YAML or JSON). Raises TypeError
        and ValueError for what is none of these, OSError and SentiqError.
        """
        found = self._send(data, on_bytes, idempotency_key or str(uuid.uuid4()), options)
        job = Job.read(found)
        return JobHandle(self._transport, job.id, job)

    def submit_file(
        self,
        path: str | Path,
        *,
        on_bytes: OnBytes | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> JobHandle:
        """Create a job of a file: CSV, TSV, TXT, JSON, a workbook, gzipped or not. It is streamed from the disk."""
        return self.submit(Path(path), on_bytes=on_bytes, idempotency_key=idempotency_key, **options)

    def dry_run(self, data: str | Texts, *, on_bytes: OnBytes | None = None, **options: Any) -> dict[str, Any]:
        """What a file (a path may be a str) or anything else would be as a job: rows, bad rows, duplicates, its format.

        Nothing is stored.
        """
        source = Path(data) if isinstance(data, str) else data
        return self._send(source, on_bytes, "", options | {"dry_run": True})

    def job(self, job_id: str) -> JobHandle:
        """Return an existing job by its id. No request is made yet."""
        return JobHandle(self._transport, job_id)

    def jobs(self, state: str | None = None) -> Iterator[Job]:
        """Iterate over the jobs, newest first; `state` may name several states, separated by commas."""
        after: str | None = None
        while True:
            params = inputs.as_params({"limit": 100, "state": state, "after": after})
            page = self._transport.ask(JobPage.read, "GET", "/api/v1/jobs", params=params)
            yield from page.jobs
            after = page.next
            if after is None:
                return

    def models(self) -> list[dict[str, Any]]:
        """Return the prepared models that live workers have."""
        return self._transport.ask(as_list(dict), "GET", "/api/v1/models")

    def cluster(self) -> dict[str, Any]:
        """Return the lanes, workers, speed and memory of the service now."""
        return self._transport.ask(dict, "GET", "/api/v1/cluster")

    def _send(
        self, data: Texts, on_bytes: OnBytes | None, idempotency_key: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        aspects = options.get("aspects")
        if aspects is not None and not isinstance(aspects, str):
            whole = waiting.call(definition_of, aspects)
            return self._send_with(whole, data, on_bytes, idempotency_key, options)
        retries = self._transport.retries
        source = waiting.source(data, options)
        try:
            return self._transport.ask(
                _job_or_dry_run,
                "POST",
                "/api/v1/jobs",
                params=inputs.as_params(_beside(source, options)),
                headers={"Idempotency-Key": idempotency_key} if idempotency_key else {},
                source=source,
                on_bytes=on_bytes,
                retries=max(retries, UPLOAD_RETRIES) if retries else 0,
            )
        finally:
            source.close()

    def _send_with(
        self,
        aspects: dict[str, Any],
        data: Texts,
        on_bytes: OnBytes | None,
        idempotency_key: str,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        """Send a job whose set of aspects goes along: a query is too short for one, so the data are uploaded before."""
        retries = self._transport.retries
        source = waiting.source(data, options)
        asked = _beside(source, options)
        try:
            upload = self._transport.ask(
                _id,
                "POST",
                "/api/v1/uploads",
                params=inputs.as_params({name: asked[name] for name in inputs.READING if name in asked}),
                source=source,
                on_bytes=on_bytes,
                retries=max(retries, UPLOAD_RETRIES) if retries else 0,
            )
        finally:
            source.close()
        try:
            return self._transport.ask(
                _job_or_dry_run,
                "POST",
                "/api/v1/jobs",
                headers={"Idempotency-Key": idempotency_key} if idempotency_key else {},
                json=inputs.as_json(asked | {"upload": upload, "aspects": aspects}),
            )
        finally:
            with suppress(SentiqError):  # it would be forgotten by itself, but later
                self._transport.ask(dict, "DELETE", f"/api/v1/uploads/{upload}")


def _beside(source: inputs.Source, options: dict[str, Any]) -> dict[str, Any]:
    """Return what a source says of itself, and what was asked for."""
    return {**source.params, **{name: value for name, value in options.items() if value is not None}}


def _id(document: dict[str, Any]) -> str:
    return str(document["id"])


def _job_or_dry_run(document: dict[str, Any]) -> dict[str, Any]:
    """The same document. Raises KeyError for what is neither."""
    if document["object"] != "dry_run":
        Job.read(document)
    return document
