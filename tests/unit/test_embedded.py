"""The parts of `sentiq serve --embedded` that need no running service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from redis import Redis

from embedded.broker import MemoryBroker
from embedded.defaults import DEFAULTS, FITTING, UNFIT, unfit_settings
from embedded.lane import LaneThread
from sentiq.core.settings import Settings
from sentiq.jobs import messages
from sentiq.jobs.types import ChunkRef, Lane, Priority
from tests.support.paths import REPOSITORY
from tests.support.processes import WAIT_S, wait_until


def test_messages_come_in_the_order_in_which_celery_would_bring_them(redis: Redis) -> None:
    broker = MemoryBroker(redis)
    low, normal, high = (ChunkRef(f"job_{p}", 1, 10, p.level) for p in (Priority.LOW, Priority.NORMAL, Priority.HIGH))
    messages.publish(broker, [low, normal, high])
    messages.wake(broker, "a wake-up", "because")
    assert messages.count_messages(redis, Lane.BULK) == 3
    fetched = [broker.fetch(Lane.BULK, WAIT_S) for _ in range(3)]
    assert [ChunkRef(*message[1]) for message in fetched if message] == [high, normal, low]
    assert broker.fetch(Lane.INTERACTIVE, WAIT_S) == ("a wake-up", [])
    assert broker.fetch(Lane.INTERACTIVE, 0.01) is None


def test_what_a_script_sends_is_what_the_broker_sends(redis: Redis) -> None:
    broker = MemoryBroker(redis)
    redis.lpush("interactive", broker.wakeup("an id", "because"))
    assert broker.fetch(Lane.INTERACTIVE, WAIT_S) == ("an id", [])


def test_a_task_that_fails_leaves_the_thread_at_work(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    worked, released = Event(), []

    def work(self: LaneThread, task_id: str, args: list[Any]) -> None:
        assert self.running == (task_id,)
        if task_id == "broken":
            raise ValueError("a bug")
        worked.set()

    monkeypatch.setattr(LaneThread, "_work", work)
    monkeypatch.setattr(LaneThread, "_release", lambda self, task_id: released.append(task_id))
    broker = MemoryBroker(redis)
    thread = LaneThread(Lane.INTERACTIVE, broker)
    thread.start()
    for task_id in ("broken", "sound"):
        messages.wake(broker, task_id, "because")
    assert worked.wait(WAIT_S)
    thread.stop()
    wait_until(lambda: not thread.is_alive(), message="the thread ends")
    assert (released, thread.running) == (["broken"], ())


def test_settings_that_ask_for_more_are_refused_and_their_defaults_are_not() -> None:
    assert unfit_settings({}) == unfit_settings(FITTING) == unfit_settings(DEFAULTS) == []
    asked = dict.fromkeys(UNFIT, "something")
    assert [line.partition(":")[0] for line in unfit_settings(asked)] == list(UNFIT)


def test_its_names_are_settings_and_its_fitting_values_their_defaults() -> None:
    fields = {f"SENTIQ_{name.upper()}": field.default for name, field in Settings.model_fields.items()}
    assert {*DEFAULTS, *UNFIT, *FITTING} <= fields.keys()
    assert {name: float(value) if value.isdigit() else value for name, value in FITTING.items()} == {
        name: fields[name] for name in FITTING
    }


def test_it_needs_neither_celery_nor_what_draws_on_it() -> None:
    code = (
        "import sys\n"
        "for name in 'celery kombu billiard hiredis onnxruntime flower'.split():\n"
        "    sys.modules[name] = None\n"
        "import api.app, embedded.lane, embedded.process, embedded.server, embedded.upkeep\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)


def test_without_its_packages_it_says_what_installs_them(tmp_path: Path) -> None:
    python = [sys.executable, "-S", "-m", "embedded", "--embedded"]
    env = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(python, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (69, "", 1)
    assert "pip install -r requirements/embedded.txt" in done.stderr
