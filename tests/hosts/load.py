"""Users who never stop asking: single texts all the time, and one bulk job after another."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest

from sentiq.engine import Engine
from sentiq.jobs.types import ChunkRef
from tests.hosts.cluster import HostedCluster
from tests.support.models import expected
from tests.support.processes import wait_until
from tests.support.texts import sentences

BULK_ROWS = 400  #: they keep two children whose model waits at work for four seconds
BULK_ROWS_COMPARED = 50  #: with the engine's own answers; of each job
ASKED_EVERY_S = 0.1
PATIENCE_S = 300.0  #: whoever has no answer after this time has lost it

_seeds = count(1_000)  # no text is ever asked twice: the result cache must not answer


@dataclass(frozen=True, slots=True)
class Answer:
    """One text and what became of it; times are those of the monotonic clock."""

    text: str
    asked_at_s: float
    answered_at_s: float
    positive: float


class Load:
    """Asks from the moment it is made until `check`."""

    def __init__(self, cluster: HostedCluster) -> None:
        self.answers: list[Answer] = []
        self.jobs: dict[str, list[str]] = {}
        self._cluster = cluster
        self._stopping = threading.Event()
        self._user = cluster.user()  # for all texts: a client of one's own takes 20 ms to make
        self._pool = ThreadPoolExecutor(64, "user")
        self._asked: list[Future[None]] = []
        self._threads = [threading.Thread(target=work) for work in (self._ask_texts, self._post_jobs)]
        self._failures: list[BaseException] = []
        for thread in self._threads:
            thread.start()

    def wait_steady(self) -> list[ChunkRef]:
        """Texts are answered, and each bulk child holds a chunk; returns those."""
        answered = len(self.answers)
        wait_until(lambda: len(self.answers) >= answered + 10, message="texts are answered")
        wait_until(lambda: len(self._cluster.held_chunks()) >= 2, message="both bulk children are busy")
        return self._cluster.held_chunks()

    def wait_job(self, rows: int) -> float:
        """Post one more bulk job, and wait for its end. Returns the seconds it took."""
        posted_s = time.monotonic()
        with self._cluster.user() as user:
            job_id = self._post(user, rows)
            ended = lambda: insist(user, "GET", f"/api/v1/jobs/{job_id}").json()["ended_at"]  # noqa: E731
            wait_until(ended, timeout_s=PATIENCE_S, message=f"a job of {rows} rows ends")
        return time.monotonic() - posted_s

    def first_answer_s(self, since_s: float) -> float | None:
        """Seconds from the moment to the first answer to a text that was asked after it; None before there is one."""
        return min((a.answered_at_s - since_s for a in self.answers if a.asked_at_s >= since_s), default=None)

    def longest_wait_s(self, since_s: float) -> float:
        """Seconds that the unluckiest text waited, of those that were waiting at the moment or asked later."""
        return max(a.answered_at_s - max(a.asked_at_s, since_s) for a in self.answers if a.answered_at_s >= since_s)

    def longest_healthy_wait_s(self, until_s: float) -> float:
        """Seconds that the unluckiest text waited of those answered by the moment, before anything was broken."""
        return max(a.answered_at_s - a.asked_at_s for a in self.answers if a.answered_at_s <= until_s)

    def stop(self) -> None:
        """No more questions. Those asked are still answered."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()
        self._user.close()

    def check(self, engine: Engine) -> None:
        """Every text has its own answer, and every job all of its rows, each once."""
        self.stop()
        for asked in self._asked:
            asked.result()
        assert not self._failures, self._failures
        assert len(self.answers) == len(self._asked) > 0
        reference = expected(engine, [a.text for a in self.answers])
        assert {a.text: a.positive for a in self.answers} == pytest.approx(reference, abs=0.002)
        for job_id, texts in self.jobs.items():
            job = self._cluster.wait_ended(job_id, PATIENCE_S)
            total = len(texts)
            assert (job["state"], job["counts"]) == (
                "completed",
                {"total": total, "completed": total, "failed": 0, "without_text": 0},
            )
            rows = self._cluster.rows(job_id, include="text")
            assert [(row["index"], row["text"]) for row in rows] == list(enumerate(texts))
            compared = rows[:: max(1, total // BULK_ROWS_COMPARED)]
            reference = expected(engine, [row["text"] for row in compared])
            assert {r["text"]: r["probabilities"]["positive"] for r in compared} == pytest.approx(reference, abs=0.002)

    def _ask_texts(self) -> None:
        while not self._stopping.wait(ASKED_EVERY_S):
            (text,) = sentences(1, next(_seeds))
            self._asked.append(self._pool.submit(self._ask, text, time.monotonic()))

    def _ask(self, text: str, asked_at_s: float) -> None:
        user = self._user
        answer = insist(user, "POST", "/api/v1/jobs", json={"texts": [text]}, headers={"Prefer": "wait=30"})
        document = answer.json()
        while not document.get("results"):  # it was accepted, so this very job must be answered
            assert time.monotonic() - asked_at_s < PATIENCE_S, f"no answer to {text}: {document}"
            time.sleep(0.05)
            document = insist(user, "GET", f"/api/v1/jobs/{document['id']}").json()
            if document["ended_at"]:
                document["results"] = insist(user, "GET", f"/api/v1/jobs/{document['id']}/results").json()
        (row,) = document["results"]["data"]
        assert row["error"] is None, row
        self.answers.append(Answer(text, asked_at_s, time.monotonic(), row["probabilities"]["positive"]))

    def _post(self, user: httpx.Client, rows: int) -> str:
        texts = sentences(rows, next(_seeds))
        job_id: str = insist(user, "POST", "/api/v1/jobs", json={"texts": texts}).json()["id"]
        self.jobs[job_id] = texts
        return job_id

    def _post_jobs(self) -> None:
        try:
            with self._cluster.user() as user:
                while not self._stopping.is_set():
                    job_id = self._post(user, BULK_ROWS)
                    while not self._stopping.wait(0.2):
                        job = insist(user, "GET", f"/api/v1/jobs/{job_id}").json()
                        if job["counts"]["completed"] >= BULK_ROWS / 2:  # the children never wait for the next job
                            break
        except BaseException as error:  # noqa: BLE001 -- told by `check`
            self._failures.append(error)


def insist(user: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """The first answer that is not 503."""
    deadline_s = time.monotonic() + PATIENCE_S
    while (answer := user.request(method, path, **options)).status_code == 503 and time.monotonic() < deadline_s:
        assert answer.json()["code"] == "store_unavailable", answer.text
        time.sleep(0.2)
    assert answer.status_code in (200, 202), answer.text
    return answer
