"""Switches to another model without stopping: rehearse, vote, load beside the old one, renew the children.

The sweeper calls this at short intervals from the parent's event loop, and each call does only what can be done at
once, so that the parent goes on serving. Only loading needs a thread; no child is forked meanwhile, since the thread
may hold a lock.

`python -m` this module with a model's name is the rehearsal: it loads, warms and proves the model in a process that
serves no jobs. A model that is damaged, crashes or hangs does so there. Exit status 0 when the model can be used, else
1 with the reason on standard error.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from tempfile import TemporaryFile
from typing import IO

import structlog
from redis import Redis

from sentiq.core.settings import REPOSITORY, current
from sentiq.jobs import model_activation
from sentiq.jobs.workers import live_workers
from worker.parent.children import Children
from worker.parent.renewal import Renewal
from worker.serving import find_model, load, serving

REHEARSAL_TIMEOUT_S = 120.0  #: a model that takes longer to load and warm is voted against

log = structlog.get_logger(__name__)


class ModelSwitch:
    """One worker's part in an activation."""

    def __init__(self, worker: str, renewal: Renewal) -> None:
        self._worker = worker
        self._renewal = renewal
        self._rehearsal: Rehearsal | None = None
        self._loading: threading.Thread | None = None
        self._tasks = 0  # received so far
        self._worked_at_s = time.monotonic()
        self._refused = ""  # the active model, when this worker could not load it

    def unload_if_idle(self, children: Children, tasks: int, *, busy: bool) -> None:
        """Give up the model's memory after a time without work; load the model again when work comes.

        `tasks` is how many were received so far. The first task does not wait for the parent: its child loads the model
        by itself, and is replaced by one that shares it later.
        """
        after_s = current().idle_unload_s
        if busy or tasks != self._tasks:
            self._tasks, self._worked_at_s = tasks, time.monotonic()
            if not serving.is_loaded and self._loading is None:
                self._start_loading(serving.manifest.name)
        elif after_s and serving.is_loaded and time.monotonic() - self._worked_at_s > after_s and not self._loading:
            serving.unload()
            self._renewal.begin(children)
            log.info("unloaded the model, as no work comes")

    def step(self, redis: Redis, children: Children) -> None:
        """Do what can be done now for an activation. Raises what Redis raises when it is away."""
        decided = model_activation.read(redis)
        if decided.candidate:
            self._rehearse(redis, decided.candidate)
            model_activation.decide(redis, decided.candidate, live_workers(redis))
        else:
            self.stop()
        self._finish_loading(children)
        if decided.active not in ("", self._refused, serving.manifest.name) and self._loading is None:
            self._start_loading(decided.active)

    def stop(self) -> None:
        """End the rehearsal, if one runs."""
        if self._rehearsal is not None:
            self._rehearsal.stop()
            self._rehearsal = None

    def _rehearse(self, redis: Redis, candidate: str) -> None:
        if self._rehearsal is None or self._rehearsal.model != candidate:
            self.stop()
            self._rehearsal = Rehearsal(candidate)
        verdict = self._rehearsal.verdict()
        if verdict:
            model_activation.vote(redis, candidate, self._worker, verdict)

    def _start_loading(self, name: str) -> None:
        self._loading = threading.Thread(target=self._load, args=(name,), name="load-model")
        self._loading.start()

    def _finish_loading(self, children: Children) -> None:
        if self._loading is not None and not self._loading.is_alive():
            self._loading = None
            if serving.is_prepared:
                serving.take_over()
                self._renewal.begin(children)

    def _load(self, name: str) -> None:
        try:
            serving.prepare(name)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the old model goes on serving
            self._refused = name
            log.error("the active model cannot be loaded; the old one goes on serving", model=name, reason=str(error))


class Rehearsal:
    """The process that tries a candidate."""

    def __init__(self, model: str) -> None:
        self.model = model
        self._deadline_s = time.monotonic() + REHEARSAL_TIMEOUT_S
        # Not a pipe: it could fill up, as it is read only at the end.
        self._output: IO[bytes] = TemporaryFile()  # noqa: SIM115 -- it lives as long as this object
        command = [sys.executable, "-m", __name__, model]
        self._process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stderr=self._output)

    def verdict(self) -> str:
        """Return the vote; "" while the rehearsal runs."""
        status = self._process.poll()
        if status is None:
            late = time.monotonic() > self._deadline_s
            return f"not loaded and warm within {REHEARSAL_TIMEOUT_S:.0f} s" if late else ""
        if status == 0:
            return model_activation.IN_FAVOUR
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if status == 1 and lines else f"its process ended with status {status}"

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()


def rehearse(name: str) -> int:
    """Load, warm and prove a model in this process; return the exit status."""
    try:
        engine = load(find_model(name))
        engine.warm()
        engine.prove()
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the reason
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m worker.parent.model_switch", description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="id, or id@version")
    sys.exit(rehearse(parser.parse_args().model))
