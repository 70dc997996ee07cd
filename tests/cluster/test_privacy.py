"""What users wrote is in the job store, and nowhere else: not in logs, messages, events or problems."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from tests.support.cluster import Cluster
from tests.support.processes import wait_until
from tests.support.programs import BROKEN

pytestmark = pytest.mark.cluster

SECRET = "机密七三一"
OWN_WORD = "metadata-of-mine-731"


@pytest.fixture(scope="module", params=["quiet", "switched on"])
def cluster(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    log_texts = str(request.param == "switched on").lower()
    directory = tmp_path_factory.mktemp("cluster")
    with Cluster(directory, SENTIQ_LOG_TEXTS=log_texts, SENTIQ_LOG_LEVEL="DEBUG") as cluster:
        cluster.app = BROKEN
        cluster.start()
        yield cluster


class Listener:
    """Everything that Flower would see."""

    def __init__(self, broker: str) -> None:
        self.events: list[dict[str, object]] = []
        self._app = Celery(broker=broker)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        self._app.close()

    def _listen(self) -> None:
        with self._app.connection_for_read() as connection:
            receiver = self._app.events.Receiver(connection, handlers={"*": self.events.append})
            while not self._stop.is_set():
                try:
                    receiver.capture(limit=None, timeout=0.5)
                except TimeoutError:
                    pass


def test_texts_are_told_to_nobody(cluster: Cluster) -> None:
    listener = Listener(cluster.redis_server.url)
    try:
        wait_until(lambda: any(event["type"] == "worker-heartbeat" for event in listener.events))
        told = {"metadata": {OWN_WORD: OWN_WORD}}
        small = cluster.wait_ended(cluster.submit([f"{SECRET}，很好", f"{SECRET}【异常】"], **told))
        large = cluster.wait_ended(cluster.submit([f"{SECRET}，第{i}条" for i in range(200)]))
        lines = "\n".join([json.dumps({"text": SECRET}), f'{{"text": "{SECRET}', json.dumps({SECRET: "x"})])
        ndjson = {"Content-Type": "application/x-ndjson"}
        query = {"metadata": json.dumps(told["metadata"])}
        broken = cluster.http.post("/api/v1/jobs", content=lines.encode(), headers=ndjson, params=query)
        cluster.wait_ended(broken.json()["id"])
        wait_until(lambda: [e["type"] for e in listener.events].count("task-succeeded") >= 3)
    finally:
        listener.close()

    assert (small["counts"]["failed"], large["counts"]["failed"]) == (1, 0)
    assert SECRET not in repr(listener.events)
    problems = [row["error"]["detail"] for row in cluster.rows(small["id"]) if row["error"]]
    assert SECRET not in "".join(problems)
    logs = "".join(process.log.read_text() for process in cluster.processes)
    switched_on = cluster.env["SENTIQ_LOG_TEXTS"] == "true"
    assert (SECRET in logs or json.dumps(SECRET)[1:-1] in logs) == switched_on
    assert "a text cannot be classified" in logs
    assert broken.json()["metadata"] == told["metadata"]
    assert OWN_WORD not in logs + repr(listener.events)


def test_a_pickle_from_the_broker_is_never_opened(cluster: Cluster, tmp_path: Path) -> None:
    proof = tmp_path / "opened"

    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (proof,))

    with Celery(broker=cluster.redis_server.url, set_as_current=False) as attacker:
        attacker.conf.update(task_serializer="pickle", accept_content=["pickle"])
        attacker.send_task("sentiq.drain", args=(Bomb(),), queue="interactive", ignore_result=True)

    assert cluster.wait_ended(cluster.submit(["还在工作，很好"]))["counts"]["completed"] == 1
    worker = next(p for p in cluster.processes if p.name == "interactive")
    wait_until(lambda: "pickle" in worker.log.read_text())
    assert not proof.exists()
