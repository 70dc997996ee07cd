"""A client as the documents ask for: it sends an Idempotency-Key and tries again until it knows."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from tests.storm.answers import Order

GIVE_UP_S = 120.0
TRY_AGAIN_S = 0.2
STREAM_ROWS = 200  #: rows of one piece of a streamed body


class NoAnswer(Exception):
    """The service did not do in time what it had to do after all."""


class Ledger:
    """What was accepted, and what went wrong on the way. Threads share it."""

    def __init__(self) -> None:
        self.accepted: dict[str, Order] = {}
        self.answers: Counter[str] = Counter()  # statuses and broken connections, by name
        self.wrong: list[str] = []  # each begins with what it counts as
        self._lock = threading.Lock()

    def accept(self, job_id: str, order: Order) -> None:
        with self._lock:
            if self.accepted.setdefault(job_id, order) != order:
                self.wrong.append(
                    f"mixed up: {job_id} was accepted for {order.name} and for {self.accepted[job_id].name}"
                )

    def count(self, answer: str) -> None:
        with self._lock:
            self.answers[answer] += 1

    def complain(self, what: str) -> None:
        with self._lock:
            self.wrong.append(what)


class Client:
    """One connection's worth of requests; for one thread."""

    def __init__(self, url: str, ledger: Ledger) -> None:
        self._http = httpx.Client(base_url=url, timeout=httpx.Timeout(45, connect=5), trust_env=False)
        self._ledger = ledger

    def close(self) -> None:
        self._http.close()

    def submit(self, order: Order, *, wait_s: int = 0, high: bool = False) -> dict[str, Any]:
        """Submit until it is accepted; returns the job, with its results if they came in time. Raises NoAnswer."""
        headers = {"Idempotency-Key": order.name} | ({"Prefer": f"wait={wait_s}"} if wait_s else {})

        def post() -> httpx.Response:
            if order.streamed:
                headers["Content-Type"] = "application/x-ndjson"
                return self._http.post("/api/v1/jobs", content=_lines(order), headers=headers)
            body = {"texts": list(order.texts())} | ({"priority": "high"} if high else {})
            return self._http.post("/api/v1/jobs", json=body, headers=headers)

        job = self._until(post, f"{order.name} is accepted")
        self._ledger.accept(job["id"], order)
        return job

    def job(self, job_id: str) -> dict[str, Any]:
        return self._get(f"/api/v1/jobs/{job_id}")

    def wait_ended(self, job_id: str, timeout_s: float = GIVE_UP_S) -> dict[str, Any]:
        """Poll. Raises NoAnswer."""
        deadline = time.monotonic() + timeout_s
        while (job := self.job(job_id))["ended_at"] is None:
            if time.monotonic() > deadline:
                raise NoAnswer(f"{job_id} has not ended after {timeout_s:.0f} s")
            time.sleep(TRY_AGAIN_S)
        return job

    def rows(self, job_id: str) -> Iterator[dict[str, Any]]:
        """All rows, by pages."""
        query: dict[str, str | int] = {"limit": 1000}
        while True:
            page = self._get(f"/api/v1/jobs/{job_id}/results", query)
            yield from page["data"]
            if page["next"] is None:
                return
            query["cursor"] = page["next"]

    def _get(self, path: str, query: dict[str, str | int] | None = None) -> dict[str, Any]:
        return self._until(lambda: self._http.get(path, params=query), path)

    def _until(self, ask: Callable[[], httpx.Response], what: str) -> dict[str, Any]:
        deadline = time.monotonic() + GIVE_UP_S
        while time.monotonic() < deadline:
            try:
                response = ask()
            except httpx.TransportError as error:
                self._ledger.count(type(error).__name__)
            else:
                document: dict[str, Any] = response.json()
                if response.is_success:
                    self._ledger.count(str(response.status_code))
                    return document
                self._ledger.count(f"{response.status_code} {document['code']}")
                if response.status_code not in (409, 429, 503):
                    self._ledger.complain(f"bad answer: {what}: {response.status_code} {document['code']}")
            time.sleep(TRY_AGAIN_S)
        raise NoAnswer(f"{what}: no success within {GIVE_UP_S:.0f} s")


def _lines(order: Order) -> Iterator[bytes]:
    """NDJSON; between its pieces there is time for something to happen."""
    piece = b""
    for number, text in enumerate(order.texts(), 1):
        piece += json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n"
        if number % STREAM_ROWS == 0:
            yield piece
            piece = b""
            time.sleep(0.1)
    yield piece
