"""The whole service, its parts started by their real commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sentiq.core.redis import connect
from sentiq.jobs.workers import Heartbeat, live_workers
from tests.support.models import copy_model
from tests.support.paths import REPOSITORY
from tests.support.processes import Process, wait_until
from tests.support.programs import BROKEN, WORKER
from tests.support.redis_server import RedisServer
from tests.support.service import Service
from tests.support.texts import sentences

LASTING_ROWS = 1_000  #: of a job that keeps two children of `waiting_cluster` at work for ten seconds


class Cluster(Service):
    """Starts parts on demand and stops all of them at the end."""

    app = "worker.app"  #: of the workers that are started from now on

    def __init__(self, directory: Path, redis_server: RedisServer | None = None, **environment: str) -> None:
        super().__init__()
        self.directory = directory
        self.sources = REPOSITORY  # what is started from now on runs these
        self.redis_server = redis_server or RedisServer(directory)
        self.env = os.environ | {
            **{f"SENTIQ_{name.upper()}": value for name, value in self.redis_server.reached_by.items()},
            "SENTIQ_PORT": str(self.port),
            "SENTIQ_LEASE_S": "3",
            "SENTIQ_LOG_FORMAT": "json",
            "PYTHONWARNINGS": "default",
            **environment,
        }
        self.processes: list[Process] = []
        self.settings = self.redis_server.settings
        self.redis = connect(self.settings.redis_address)

    def start(self, *, interactive: int = 2, bulk: int = 2) -> None:
        """Redis, the API and a worker for each lane, all ready."""
        self.redis_server.start()
        self.start_api()
        self.start_workers(interactive=interactive, bulk=bulk)

    def start_workers(self, *, interactive: int = 2, bulk: int = 2) -> None:
        """A worker for each lane with so many children, all ready; none for a lane without children."""
        lanes = {"interactive": interactive, "bulk": bulk}
        started = [(self.start_worker(lane, many, wait=False), many) for lane, many in lanes.items() if many]
        for worker, children in started:
            self._wait_warm(worker, children)

    def start_api(self, *, wait: bool = True) -> Process:
        command = [sys.executable, "-m", "gunicorn", "-c", "api/gunicorn.conf.py", "api.wsgi:app"]
        process = self._start("api", command)
        if wait:
            self._wait(process, lambda: self._get_status("/livez") == 200, "the API answers")
        return process

    def start_worker(
        self,
        lane: str,
        children: int = 2,
        *,
        autoscale: str = "",
        name: str = "",
        app: str = "",
        wait: bool = True,
        **env: str,
    ) -> Process:
        name = name or lane
        pool = ["--autoscale", autoscale] if autoscale else ["-c", str(children)]
        options = ["-Q", lane, "-n", f"{name}@%h", *pool, "--without-gossip", "--without-mingle"]
        app = app or self.app
        if not (self.sources / "worker/__main__.py").exists():  # an older release
            program = ["celery", "-A", app, "worker"]
        else:
            program = ["worker"] if app == "worker.app" else [WORKER, app]
        command = [sys.executable, "-m", *program, *options, "-l", "INFO"]
        process = self._start(name, command, env)
        if wait:
            self._wait_warm(process, int(autoscale.partition(",")[2]) if autoscale else children)
        return process

    def live(self) -> list[Heartbeat]:
        return [worker for worker in live_workers(self.redis) if worker.children > 0]

    def wait_workers(self, count: int) -> None:
        self._wait(self.processes[-1], lambda: len(self.live()) >= count, f"{count} workers are live")

    def _wait_warm(self, worker: Process, children: int) -> None:
        """Wait until so many children of a worker are warm, as its heartbeat tells."""

        def warm() -> bool:
            return any(w.worker.startswith(f"{worker.name}@") and w.children >= children for w in self.live())

        self._wait(worker, warm, f"{worker.name} is live")

    def submit_lasting(self) -> str:
        """Post a job of LASTING_ROWS texts; returns its id."""
        return self.submit(sentences(LASTING_ROWS))

    def keep_api(self) -> None:
        """End all but Redis and the API, and erase all that is stored."""
        while len(self.processes) > 1:
            self.processes.pop().kill()
        self.redis.flushall()

    def restart_dead_workers(self) -> None:
        """As a supervisor does: Celery may give up when Redis goes away or refuses."""
        for process in list(self.processes):
            if process.popen.poll() is not None:
                self.processes.remove(process)
                self.start_worker(process.name, wait=False)

    def supervise(self, job_id: str) -> None:
        """Start again what ends, until the job has."""

        def ended() -> bool:
            self.restart_dead_workers()
            return self.job(job_id).get("ended_at") is not None  # a problem has none

        wait_until(ended, timeout_s=250, message="the job ends")

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()
        self.redis.close()
        for process in reversed(self.processes):
            process.kill()
        self.redis_server.stop(kill=True)

    def _start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> Process:
        process = Process(name, command, self.env | (env or {}), self.directory, self.sources)
        self.processes.append(process)
        return process


def waiting_cluster(directory: Path, redis_server: RedisServer | None = None, **environment: str) -> Cluster:
    """A cluster, not started, whose model waits 20 ms for each text before it computes it.

    A fault meets a job at work, and chunks of half a second in flight, while cores are free for other tests.
    """
    cluster = Cluster(directory, redis_server, **waiting_model(directory), **environment)
    cluster.app = BROKEN
    return cluster


def waiting_model(directory: Path) -> dict[str, str]:
    """Make the model of such a cluster; return the settings by which workers of the app BROKEN use it."""
    models = directory / "models"
    copy_model(models, "slow")
    return {"SENTIQ_MODEL_ROOT": str(models), "SENTIQ_MODEL": "slow", "SENTIQ_CHUNK_TEXTS": "25"}


def check_all_answered(cluster: Cluster, job_id: str, count: int) -> None:
    job = cluster.wait_ended(job_id)
    assert (job["state"], job["counts"]) == (
        "completed",
        {"total": count, "completed": count, "failed": 0, "without_text": 0},
    )
    assert [row["index"] for row in cluster.rows(job_id)] == list(range(count))
