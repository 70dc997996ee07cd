"""A running service, whatever its parts: what tests ask of it by HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from tests.support.processes import READY_S, Process, free_port, wait_until


class Service:
    """The API at a port of its own. Whoever makes it starts it and closes it."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, timeout=READY_S)

    def submit(self, texts: list[str], **options: Any) -> str:
        """Post a job; returns its id."""
        response = self.http.post("/api/v1/jobs", json={"texts": texts, **options})
        assert response.status_code == 202, response.text
        job_id: str = response.json()["id"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        document: dict[str, Any] = self.http.get(f"/api/v1/jobs/{job_id}").json()
        return document

    def wait_ended(self, job_id: str, timeout_s: float = READY_S) -> dict[str, Any]:
        wait_until(
            lambda: self.job(job_id)["ended_at"], timeout_s=timeout_s, message=f"{job_id} ends: {self.job(job_id)}"
        )
        return self.job(job_id)

    def clear(self) -> None:
        """Erase all jobs and webhooks, of a service that asks for no key."""
        for path in ("/api/v1/jobs", "/api/v1/webhooks"):
            while documents := self.http.get(path).json()["data"]:
                for document in documents:
                    self.http.delete(f"{path}/{document['id']}")

    def rows(self, job_id: str, **params: Any) -> list[dict[str, Any]]:
        """All rows of an ended job, by pages."""
        rows: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {"limit": 1000, **params} | ({"cursor": cursor} if cursor else {})
            page = self.http.get(f"/api/v1/jobs/{job_id}/results", params=query).json()
            rows += page["data"]
            cursor = page["next"]
            if cursor is None:
                return rows

    def _wait(self, process: Process, condition: Callable[[], object], message: str) -> None:
        def checked() -> object:
            process.check_alive()
            return condition()

        wait_until(checked, timeout_s=READY_S, message=message)

    def _get_status(self, path: str) -> int:
        try:
            return self.http.get(path).status_code
        except httpx.TransportError:
            return 0
