"""Measure the ways of a checkout: in how many of its files something runs because of one request, until all is done.

Starts Redis, the API and a worker for each lane from the checkout, with a profile function in each process
(`tools/tracing/sitecustomize.py`), asks for each thing once to have everything loaded, and then measures. A function
that runs while nothing is asked (heartbeats, sweeping) does not count. Lua is run by Redis and is not seen.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from deploy.local.run import redis_server

IDLE_S = 12.0  #: longer than what is done at intervals takes to come round
SETTLE_S = 2.0  #: after an answer: what follows from it, such as the record of a chunk, is done by then
READY_S = 90.0
TEXT = {"texts": ["今天的服务很好"]}
FILE = "text,shop\n今天的服务很好,北京\n".encode()


def ways(root: Path) -> dict[str, str]:
    """Count the files on three ways: a posted text, an uploaded row, a result that is read. Raises TimeoutError."""
    with tempfile.TemporaryDirectory() as folder, _started(root.absolute(), Path(folder)) as (http, log):
        _until(lambda: _is_ready(http))
        requests: dict[str, Callable[[], httpx.Response]] = {
            "files run by a posted text": lambda: http.post("/api/v1/jobs", json=TEXT),
            "files run by an uploaded row": lambda: http.post(
                "/api/v1/jobs", content=FILE, headers={"Content-Type": "text/csv"}
            ),
        }
        job = _ended(http, requests["files run by a posted text"])
        requests["files run by reading a result"] = lambda: http.get(f"/api/v1/jobs/{job}/results")
        for ask in requests.values():
            ask().raise_for_status()
        time.sleep(SETTLE_S)
        idle = _functions(log, lambda: time.sleep(IDLE_S))
        return {name: str(len({file for file, _ in _functions(log, ask) - idle})) for name, ask in requests.items()}


def _functions(log: Path, ask: Callable[[], object]) -> set[tuple[str, str]]:
    """The files and functions that run from now until what `ask` has begun is done."""
    start = log.stat().st_size
    ask()
    time.sleep(SETTLE_S)
    lines = log.read_text(encoding="utf-8")[start:].splitlines()
    return {(file, function) for file, _, function in (line.partition("\t") for line in lines)}


def _ended(http: httpx.Client, submit: Callable[[], httpx.Response]) -> str:
    """The id of a job that is submitted and has ended."""
    job: str = submit().raise_for_status().json()["id"]
    _until(lambda: http.get(f"/api/v1/jobs/{job}").json()["ended_at"])
    return job


def _is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").is_success
    except httpx.TransportError:
        return False


def _until(condition: Callable[[], Any]) -> None:
    deadline_s = time.monotonic() + READY_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"the service is not ready within {READY_S:g} s")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _started(root: Path, folder: Path) -> Iterator[tuple[httpx.Client, Path]]:
    """The service of a checkout, with the file its processes record their calls in."""
    log = folder / "calls"
    log.touch()
    redis, port = _free_port(), _free_port()
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).with_name("tracing")), str(root)]),
        "TRACED_FOLDER": str(root),
        "TRACED_TO": str(log),
        "SENTIQ_REDIS_URL": f"redis://127.0.0.1:{redis}/0",
        "SENTIQ_PORT": str(port),
    }
    server = redis_server()
    python = [sys.executable, "-m"]
    commands = [
        [server, "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction"],
        [*python, "gunicorn", "-c", "api/gunicorn.conf.py", "api.wsgi:app"],
        *([*python, "worker", "-Q", lane, "-n", f"{lane}@%h", "-c", "1"]
          for lane in ("interactive", "bulk")),
    ]  # fmt: skip
    with (folder / "output").open("wb") as output:
        processes = [subprocess.Popen(c, cwd=root, env=env, stdout=output, stderr=output) for c in commands]
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                yield http, log
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                process.wait(60)
