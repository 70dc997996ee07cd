"""One JSON object a line, whoever writes it; and one id leads from the client's request to the child."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY
from tests.support.processes import WAIT_S, Process, free_port, wait_until
from tests.support.programs import BROKEN
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"

Line = dict[str, Any]


def lines(process: Process) -> list[Line]:
    """Read what a process has written; of one that goes on, what it writes at this moment may be half there."""
    written = process.log.read_text()
    if process.popen.poll() is None:
        written = written[: written.rfind("\n") + 1]
    found = []
    for line in written.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            pytest.fail(f"{process.name} wrote a line that is no JSON: {line!r}")
    for line in found:
        assert list(line)[:4] == ["timestamp", "level", "logger", "event"], line
    return found


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path, SENTIQ_LOG_ONE_IN="1", SENTIQ_METRICS_PORT="0") as cluster:
        cluster.redis_server.start()
        yield cluster


def started(cluster: Cluster) -> tuple[Process, Process, Process]:
    """The API and a worker for each lane, whose engines break on marked texts."""
    api = cluster.start_api()
    workers = [
        cluster.start_worker(lane, app=BROKEN, wait=False, SENTIQ_METRICS_PORT=str(free_port()))
        for lane in ("interactive", "bulk")
    ]
    cluster.wait_workers(2)
    return api, workers[0], workers[1]


def noticed(worker: Process) -> bool:
    """It tries to reach its broker again."""
    return "Cannot connect" in worker.log.read_text()


def test_each_line_of_each_process_is_one_json_object(cluster: Cluster) -> None:
    api, interactive, bulk = started(cluster)
    others = {
        "second api": ["gunicorn", "-c", "api/gunicorn.conf.py", "api.wsgi:app"],
        "webhooks": ["sentiq.webhooks"],
        "flower": ["celery", "-A", "deploy.flower.app", "flower", "--conf=deploy/flower/flowerconfig.py"],
    }
    port = {"SENTIQ_FLOWER_PORT": str(free_port())}
    second, *rest = [cluster._start(name, [sys.executable, "-m", *args], port) for name, args in others.items()]
    job = cluster.wait_ended(cluster.submit(["好", "【异常】"]))
    killed = cluster.submit([*sentences(99), "【崩溃】"])
    cluster.wait_ended(killed)
    cluster.wait_ended(cluster.submit(["好"], model="sentiq-small-zh"))
    assert job["counts"]["failed"] == 1
    assert cluster.http.get("/nowhere").status_code == 404
    (server,) = [child for child in bulk.children() if "worker.parent.metrics_server" in child.cmdline()]
    server.kill()
    wait_until(lambda: "server of metrics ended" in bulk.log.read_text())
    cluster.redis_server.signal(9)
    assert cluster.http.get("/api/v1/jobs").status_code == 503
    wait_until(lambda: all(noticed(w) for w in (interactive, bulk)))
    wait_until(lambda: all(lines(process) for process in rest))
    assert second.wait() != 0, "the port is taken"
    for process in (api, interactive, bulk, *rest):
        process.popen.terminate()
    for process in (api, interactive, bulk, *rest):
        process.wait()
    assert "Connection in use" in lines(second)[0]["event"]
    assert all(lines(process) for process in rest)

    of_worker = lines(bulk)
    released = [line for line in of_worker if line["event"] == "released the work of a lost task"]
    assert {(line["job_id"], line["chunk"], line["reason"]) for line in released} == {(killed, 0, "child_lost")}
    loggers = {line["logger"] for line in of_worker}
    assert any(logger.startswith("celery.") for logger in loggers)
    assert any(logger.startswith("worker.") for logger in loggers)
    assert "py.warnings" in loggers or os.geteuid() != 0  # Celery warns of root
    assert any("Traceback" in line.get("exception", "") for line in of_worker + lines(interactive)), "Redis went away"
    assert {line["status"] for line in lines(api) if line["event"] == "request"} >= {200, 202, 404, 503}


def test_an_error_that_nobody_caught_is_one_line(cluster: Cluster) -> None:
    code = """
import threading, warnings
from sentiq.core import logs
from sentiq.core.settings import current
logs.configure(current())
warnings.warn("this will\\nbe removed")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
class Broken:
    def __del__(self):
        [][0]
Broken()
raise RuntimeError("two\\nlines")
"""
    process = cluster._start("crash", [sys.executable, "-c", code])

    assert process.wait() == 1
    warned, in_thread, in_del, last = lines(process)
    assert "this will\nbe removed" in warned["event"]
    assert "ZeroDivisionError" in in_thread["exception"]
    assert (in_del["level"], in_del["code"]) == ("error", "Broken.__del__")
    assert in_del["exception"].endswith("IndexError: list index out of range")
    assert last["level"] == "critical"
    assert last["exception"].endswith("RuntimeError: two\nlines")


def test_one_id_leads_from_the_request_to_the_child(cluster: Cluster) -> None:
    api, interactive, bulk = started(cluster)
    small = {"texts": ["好", "【异常】"]}
    asked: list[tuple[dict[str, str], str, dict[str, list[str]], Process]] = [
        ({"X-Request-Id": "client-7"}, "client-7", small, interactive),
        ({"traceparent": TRACEPARENT}, TRACE, {"texts": [*sentences(1_099), "【异常】"]}, bulk),
        ({"X-Request-Id": "two words", "traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, "", small, interactive),
    ]
    for headers, expected, body, worker in asked:
        response = cluster.http.post("/api/v1/jobs", json=body, headers=headers)
        request_id, job_id = response.headers["X-Request-Id"], response.json()["id"]
        assert request_id == expected or (not expected and re.fullmatch("[0-9a-f]{32}", request_id))
        cluster.wait_ended(job_id)
        wait_until(partial(answered_rows, worker, job_id, len(body["texts"])))

        ids = {"request_id": request_id, "job_id": job_id}
        told = [line for line in requests(api) if ids.items() <= line.items()]
        assert [(line["method"], line["route"], line["status"]) for line in told] == [("POST", "/api/v1/jobs", 202)]
        of_job = [line for line in lines(worker) if ids.items() <= line.items()]
        assert {line["lane"] for line in of_job} == {worker.name}
        assert all(line["task_id"] for line in of_job)
        answered = sorted(line["chunk"] for line in of_job if line["event"] == "chunk answered")
        assert answered == list(range(len(answered)))
        (failure,) = [line for line in of_job if line["event"] == "a text cannot be classified"]
        assert failure["chunk"] == answered[-1]
    polls = [line for line in lines(api) if line.get("route") == "/api/v1/jobs/<job_id>"]
    assert all(line["job_id"] for line in polls)


def answered_rows(worker: Process, job_id: str, rows: int) -> bool:
    """The worker has told of all chunks of a job: it does so after they are recorded."""
    told = [line for line in lines(worker) if line["event"] == "chunk answered" and line["job_id"] == job_id]
    return sum(int(line["rows"]) for line in told) == rows


def test_chunks_that_share_a_batch_are_told_together(cluster: Cluster) -> None:
    api = cluster.start_api()
    answers = [cluster.http.post("/api/v1/jobs", json={"texts": ["好", f"【异常】{n}"]}) for n in range(3)]
    worker = cluster.start_worker("interactive", 1, app=BROKEN)
    for answer in answers:
        cluster.wait_ended(answer.json()["id"])

    failures = [line for line in lines(worker) if line["event"] == "a text cannot be classified"]
    assert [line["job_ids"] for line in failures] == [[answer.json()["id"] for answer in answers]] * 3
    assert failures[0]["request_ids"] == [answer.headers["X-Request-Id"] for answer in answers]
    assert api.popen.poll() is None


def test_polls_are_sampled_and_errors_are_not(tmp_path: Path) -> None:
    with Cluster(tmp_path, SENTIQ_LOG_ONE_IN="20") as cluster:
        cluster.redis_server.start()
        api = cluster.start_api()
        for _ in range(400):
            cluster.http.get("/livez")
        job_id = cluster.submit(["好"])
        for _ in range(30):
            assert cluster.http.get("/readyz").status_code == 503
            assert cluster.http.delete("/api/v1/jobs/none").status_code == 404
        wait_until(lambda: requests(api)[-1]["status"] == 404)  # a line is written when the answer is out

        told = requests(api)
        sampled = [line for line in told if line["route"] == "/livez"]
        assert 2 <= len(sampled) <= 60
        assert {line["one_in"] for line in sampled} == {20}
        others = [line for line in told if line["route"] != "/livez"]
        assert [line["status"] for line in others] == [202, *[503, 404] * 30]
        assert others[0]["job_id"] == job_id
        assert not any("one_in" in line for line in others)
        assert {line["level"] for line in others if line["status"] == 503} == {"warning"}


def requests(api: Process) -> list[Line]:
    return [line for line in lines(api) if line["event"] == "request"]


@pytest.mark.parametrize("terminal", [True, False], ids=["a terminal", "a file"])
def test_people_get_readable_lines_and_colours_only_on_a_terminal(tmp_path: Path, terminal: bool) -> None:
    with Cluster(tmp_path, SENTIQ_LOG_FORMAT="auto" if terminal else "text") as cluster:
        cluster.redis_server.start()
        command = [sys.executable, "-m", "worker", "-Q", "bulk", "-n", "bulk@%h", "-c", "1"]
        output = bytearray()
        ours, theirs = pty.openpty() if terminal else os.pipe()
        worker = subprocess.Popen(command, cwd=REPOSITORY, env=cluster.env, stdout=theirs, stderr=theirs)
        os.close(theirs)
        reader = threading.Thread(target=read_all, args=(ours, output))
        reader.start()
        try:
            wait_until(lambda: b"child warm" in output)
        finally:
            worker.terminate()
            worker.wait(WAIT_S)
            reader.join()
            os.close(ours)
        text = output.decode()
        assert ("\x1b[" in text) == terminal
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert re.search(
            r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[info +\] child warm +\[worker.child.warmup\] pid=\d+",
            plain,
            re.MULTILINE,
        )
        assert "[queues]" in plain, "Celery's banner"


def read_all(descriptor: int, into: bytearray) -> None:
    try:
        while data := os.read(descriptor, 65_536):
            into += data
    except OSError:
        pass  # a terminal whose other side is closed
