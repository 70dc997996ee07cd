"""The entry: `Client()` knows the service, submits and lists."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sentiq_client.jobs import JobHandle
from sentiq_client.models import Analysis, Job
from sentiq_client.transport import RETRIES, Transport

DEFAULT_URL = "http://127.0.0.1:8000"
UPLOAD_RETRIES = 4
PIECE_BYTES = 1 << 16

OnBytes = Callable[[int, int], None]  #: bytes sent, bytes in all


class Client:
    """A service by its address; usable as a context manager. Not to be shared by threads."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = 60.0,
        retries: int = RETRIES,
    ) -> None:
        """`url` and `api_key` are those of SENTIQ_URL and SENTIQ_API_KEY unless given."""
        address = (url or os.environ.get("SENTIQ_URL") or DEFAULT_URL).rstrip("/")
        self._transport = Transport(address, api_key or os.environ.get("SENTIQ_API_KEY"), timeout_s, retries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._transport.http.close()

    def analyze(self, text: str, **options: Any) -> Analysis:
        """Classify one text now."""
        answer = self._transport.request("POST", "/analyze", json={"text": text} | _given(options)).json()
        return Analysis(answer["text"], answer["label"], answer["score"])

    def submit(
        self, texts: Iterable[str | Mapping[str, str]], *, idempotency_key: str | None = None, **options: Any
    ) -> JobHandle:
        """Make a job of texts, or of mappings with `text` and `custom_id`. Options are those of the service."""
        items = [{"text": item} if isinstance(item, str) else dict(item) for item in texts]
        return self._submitted({"items": items} | _given(options), idempotency_key)

    def submit_file(
        self,
        path: str | Path,
        *,
        on_bytes: OnBytes | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> JobHandle:
        """Make a job of a file: CSV, TSV, TXT, JSONL or XLSX, gzipped or not. It is streamed from the disk.

        A broken upload is sent again from the start, under the same idempotency key.
        """
        document = self._send_file(path, on_bytes, idempotency_key or str(uuid.uuid4()), options)
        return JobHandle(self._transport, document["id"], Job.read(document))

    def dry_run(self, path: str | Path, *, on_bytes: OnBytes | None = None, **options: Any) -> dict[str, Any]:
        """What a file would be as a job: rows, bad rows, duplicates, its format. Nothing is stored."""
        return self._send_file(path, on_bytes, "", options | {"dry_run": True})

    def job(self, job_id: str) -> JobHandle:
        """A job of before, by its id."""
        return JobHandle(self._transport, job_id)

    def jobs(self, state: str | None = None) -> Iterator[Job]:
        """Newest first; `state` may be several, with commas."""
        after: str | None = None
        while True:
            params = _given({"limit": 100, "state": state, "after": after})
            page = self._transport.request("GET", "/api/v1/jobs", params=params).json()
            yield from map(Job.read, page["data"])
            after = page["next"]
            if after is None:
                return

    def models(self) -> list[dict[str, Any]]:
        """Prepared models that live workers have."""
        found: list[dict[str, Any]] = self._transport.request("GET", "/api/v1/models").json()["data"]
        return found

    def cluster(self) -> dict[str, Any]:
        """Lanes, workers, speed and memory now."""
        found: dict[str, Any] = self._transport.request("GET", "/api/v1/cluster").json()
        return found

    def _submitted(self, document: dict[str, Any], idempotency_key: str | None) -> JobHandle:
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        answer = self._transport.request("POST", "/api/v1/jobs", json=document, headers=headers).json()
        return JobHandle(self._transport, answer["id"], Job.read(answer))

    def _send_file(
        self, path: str | Path, on_bytes: OnBytes | None, idempotency_key: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        path = Path(path)
        size = path.stat().st_size
        params = {name: str(value).lower() if isinstance(value, bool) else value for name, value in options.items()}
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key

        def body() -> dict[str, Any]:
            return {"content": _pieces(path, size, on_bytes)}

        answer = self._transport.request(
            "POST",
            "/api/v1/jobs",
            params={"filename": path.name} | _given(params),
            headers=headers,
            body=body,
            retries=max(self._transport.retries, UPLOAD_RETRIES),
        )
        found: dict[str, Any] = answer.json()
        return found


def _pieces(path: Path, size: int, on_bytes: OnBytes | None) -> Iterator[bytes]:
    sent = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece
            sent += len(piece)
            if on_bytes:
                on_bytes(sent, size)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
