"""Puts the process together: the store, the model, a thread for each lane, the upkeep and the API."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from embedded.broker import MemoryBroker
from embedded.defaults import DEFAULTS, unfit_settings
from sentiq.core import logs, memory_store
from sentiq.core.errors import SettingsError
from sentiq.core.redis import connect
from sentiq.core.redis_address import IN_MEMORY
from sentiq.core.settings import Settings, current
from sentiq.core.version import VERSION
from sentiq.jobs.types import Lane
from worker.metrics import metrics
from worker.serving import model_of_settings, serving, unmap_code

EX_CONFIG = 78  #: exit code for settings that cannot be used, and for a model that cannot (sysexits.h)
STOP_WITHIN_S = 5.0  #: of each thread


def run(port: int | None, store_bytes: int) -> int:
    """Serve until a signal ends it. Returns the exit code."""
    try:
        settings = _configure(port, store_bytes)
    except SettingsError as error:
        return _say(f"the settings are wrong.\n{error}", EX_CONFIG)
    try:
        listener = socket.create_server((settings.host, settings.port), backlog=2_048)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        return _say(f"cannot listen on {settings.host}:{settings.port}: {reason}. Choose another --port.", 1)
    with listener:
        return _serve(settings, listener)


def _configure(port: int | None, store_bytes: int) -> Settings:
    """Open the store and read the settings. Raises SettingsError, also for what only the whole service has."""
    if unfit := unfit_settings(os.environ):
        raise SettingsError("\n".join(unfit))
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    os.environ["SENTIQ_REDIS_URL"] = IN_MEMORY
    if port is not None:
        os.environ["SENTIQ_PORT"] = str(port)
    memory_store.open_store(store_bytes)
    return current()


def _serve(settings: Settings, listener: socket.socket) -> int:
    """Load the model while the API is imported, and serve. Returns the exit code."""
    logs.configure(settings)
    model = _Model()
    model.start()
    from api.app import create_app  # here and below: while the model loads
    from api.routes.metrics import REGISTRY
    from embedded.server import Server

    broker = MemoryBroker(connect(settings.redis_address))
    app = create_app(settings, broker)
    app.extensions[REGISTRY].register(metrics().registry)
    server = Server(app)
    model.join()
    if model.error is not None:
        return _say(f"the model cannot be used: {model.error}", EX_CONFIG)
    with _at_work(broker):
        gc.freeze()  # what there is stays: to look for garbage in it once takes a tenth of the start
        gc.enable()
        unmap_code()
        _say(
            f"version {VERSION} at http://{settings.host}:{settings.port}\n"
            "Jobs are kept in the memory of this process: when it ends, they are lost. Ctrl-C ends it."
        )
        server.serve(listener)
    return 0


@contextmanager
def _at_work(broker: MemoryBroker) -> Iterator[None]:
    """Run the threads that classify, and that keep things in order."""
    from embedded.lane import LaneThread
    from embedded.upkeep import Upkeep

    lanes = [LaneThread(lane, broker) for lane in Lane]
    threads: list[LaneThread | Upkeep] = [*lanes, Upkeep(lanes, broker)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.join(STOP_WITHIN_S)


class _Model(Thread):
    """Loads the model of the settings, and proves it."""

    def __init__(self) -> None:
        super().__init__(name="load-model", daemon=True)
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            serving.start(model_of_settings(), warm=False)
            serving.prove()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the main thread says it and ends
            self.error = error


def _say(words: str, code: int = 0) -> int:
    sys.stderr.write(f"sentiq: {words}\n")
    return code
