"""A steady mixture of everything that users do, faster than on an ordinary day."""

from __future__ import annotations

import csv
import io
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from tests.support.texts import sentences

DAY_REQUESTS = 100_000  #: of one text each, on an ordinary day
DAY_ROWS = 1_000_000  #: of larger jobs
FASTER = 12  #: ten minutes of this load are two hours of such a day

REQUEST_THREADS = 4
REQUESTS_S = DAY_REQUESTS * FASTER / 86_400
ROWS_S = DAY_ROWS * FASTER / 86_400
JOB_ROWS = 1_400
FILE_ROWS = 700
WAIT_S = 60.0


class Load:
    """Threads that work until `stop`; what they count and what went wrong."""

    def __init__(self, url: str, webhook: str) -> None:
        self._url, self._webhook = url, webhook
        self._stopping = threading.Event()
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        # Half of the rows come as JSON, half as files; each is downloaded in one form or another.
        every_s = {
            self._request: REQUEST_THREADS / REQUESTS_S,
            self._job: 2 * JOB_ROWS / ROWS_S,
            self._file: 2 * FILE_ROWS / ROWS_S,
            self._look_around: 2.0,
        }
        tasks = [self._request] * REQUEST_THREADS + [self._job, self._file, self._look_around]
        self._threads = [
            threading.Thread(target=self._repeat, args=(task, every_s[task], number), daemon=True)
            for number, task in enumerate(tasks)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, task: Callable[[httpx.Client, random.Random], None], every_s: float, number: int) -> None:
        rng = random.Random(number)
        with httpx.Client(base_url=self._url, timeout=60, trust_env=False) as http:
            due = time.monotonic() + rng.random() * every_s
            while not self._stopping.wait(max(due - time.monotonic(), 0)):
                due += every_s
                try:
                    task(http, rng)
                except (httpx.HTTPError, KeyError, AssertionError) as error:
                    self.wrong.append(f"{task.__name__}: {type(error).__name__}: {error}")

    def _request(self, http: httpx.Client, rng: random.Random) -> None:
        text = "".join(sentences(rng.choice((1, 1, 1, 2, 5)), rng.randrange(10**9)))
        if rng.random() < 0.3:
            http.post("/analyze", json={"text": text}).raise_for_status()
        else:
            headers = {"Prefer": "wait=20", "Idempotency-Key": f"{rng.getrandbits(64):x}"}
            http.post("/api/v1/jobs", json={"text": text}, headers=headers).raise_for_status()
        self.counts["requests"] += 1

    def _job(self, http: httpx.Client, rng: random.Random) -> None:
        texts = sentences(JOB_ROWS, rng.randrange(10**9))
        body = {"texts": texts, "webhook": self._webhook}
        job_id = self._ended(http, http.post("/api/v1/jobs", json=body))
        for path in ("results?limit=1000", "summary", f"results.{rng.choice(('csv', 'xlsx', 'ndjson'))}"):
            http.get(f"/api/v1/jobs/{job_id}/{path}").raise_for_status()
        self.counts["rows"] += JOB_ROWS
        self.counts["jobs"] += 1

    def _file(self, http: httpx.Client, rng: random.Random) -> None:
        """Upload, look, try, submit, download; half of the jobs are erased at once."""
        table = io.StringIO()
        csv.writer(table).writerows([["编号", "评论"], *enumerate(sentences(FILE_ROWS, rng.randrange(10**9)))])
        upload = http.post(
            "/api/v1/uploads", params={"filename": "评论.csv"}, content=table.getvalue().encode()
        ).raise_for_status()
        asked = {"upload": upload.json()["id"], "text_column": "评论", "keep_columns": True}
        http.post("/api/v1/jobs", params={"dry_run": True}, json=asked).raise_for_status()
        job_id = self._ended(http, http.post("/api/v1/jobs", json=asked))
        http.get(f"/api/v1/jobs/{job_id}/results.xlsx").raise_for_status()
        if rng.random() < 0.5:
            http.delete(f"/api/v1/jobs/{job_id}").raise_for_status()
            http.delete(f"/api/v1/uploads/{asked['upload']}").raise_for_status()
        self.counts["rows"] += FILE_ROWS
        self.counts["files"] += 1

    def _look_around(self, http: httpx.Client, rng: random.Random) -> None:
        for path in ("/readyz", "/metrics", "/api/v1/jobs", "/api/v1/models"):
            http.get(path).raise_for_status()
        self.counts["looks"] += 1

    def _ended(self, http: httpx.Client, accepted: httpx.Response) -> str:
        job: dict[str, Any] = accepted.raise_for_status().json()
        deadline = time.monotonic() + WAIT_S
        while job["ended_at"] is None:
            assert time.monotonic() < deadline, f"{job['id']} has not ended after {WAIT_S:.0f} s"
            time.sleep(0.5)
            job = http.get(f"/api/v1/jobs/{job['id']}").raise_for_status().json()
        assert job["counts"]["completed"] == job["counts"]["total"], f"{job['id']}: {job['counts']}"
        return str(job["id"])
