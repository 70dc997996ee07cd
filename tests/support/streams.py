"""Jobs that run for as long as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx

from tests.support.cluster import Cluster
from tests.support.processes import READY_S, wait_until

CHUNKS_AHEAD = 8  #: sent before those already answered: the job never runs out of work


class Stream:
    """A bulk job whose rows are sent as they are answered, so that it lasts until it is told to end.

    `chunk` is how many rows are sent at a time, best those of a chunk of the cluster.
    """

    def __init__(self, cluster: Cluster, chunk: int) -> None:
        self._cluster, self._chunk = cluster, chunk
        self._ending = threading.Event()
        self.rows = 0  #: that were sent; all of them once `submit` has returned
        self._job_id = ""

    def submit(self) -> str:
        """Returns the id of the job once all of its rows are sent."""
        headers = {"Content-Type": "application/x-ndjson"}
        with httpx.Client(base_url=self._cluster.url, timeout=READY_S) as http:
            answer = http.post("/api/v1/jobs", content=self._lines(), headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def wait_running(self) -> None:
        """It has the only job so far, and some of its rows are answered."""

        def found() -> bool:
            self._job_id = "".join(job["id"] for job in self._cluster.http.get("/api/v1/jobs").json()["data"])
            return self._completed() > 0

        wait_until(found, message="rows of the stream are answered")

    def end(self) -> None:
        """No more rows but those that are on their way."""
        self._ending.set()

    def _completed(self) -> int:
        return int(self._cluster.job(self._job_id)["counts"]["completed"]) if self._job_id else 0

    def _lines(self) -> Iterator[bytes]:
        while not self._ending.is_set():
            if self.rows - self._completed() > CHUNKS_AHEAD * self._chunk:
                self._ending.wait(0.25)
                yield b"\n"  # an upload that falls silent is given up
            else:
                block = range(self.rows, self.rows + self._chunk)
                yield "".join(f'"房间干净，服务热情，第 {row} 次来"\n' for row in block).encode()
                self.rows += len(block)
