"""Configures gunicorn: processes with many threads each, forked from one that has imported the application."""

from __future__ import annotations

import gc
import os
import resource
import socket
import struct
import sys
import time
from threading import Thread
from typing import TYPE_CHECKING

from api.http import shared_counts
from api.http.traffic import Traffic, traffic
from sentiq.core import logs
from sentiq.core.errors import NewerData, SettingsError
from sentiq.core.malloc import share_one_arena
from sentiq.core.redis import REDIS_AWAY, connect
from sentiq.core.settings import current
from sentiq.jobs import schema

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

gc.disable()  # until the application is imported, of which little is garbage: it takes a fifth off the start
share_one_arena()

EX_CONFIG = 78  #: exit code for settings or data that cannot be used (sysexits.h)
REDIS_TIMEOUT_S = 1.0  #: of one try at the start; there are two
SEND_WITHIN_S = 60  #: a client that takes nothing of its answer for so long is given up

try:
    _settings = current()
except SettingsError as error:
    print(f"sentiq: the settings are wrong.\n{error}", file=sys.stderr)
    sys.exit(EX_CONFIG)

if _settings.api_processes > 1:
    shared_counts.share()

bind = f"{_settings.host}:{_settings.port}"
worker_class = "api.http.gunicorn_worker.Worker"
workers = _settings.api_processes
threads = _settings.api_threads
preload_app = True  # before the fork, so that memory is shared; it connects to nothing
timeout = 0  # threads wait for slow uploads and results; a stuck process shows in /livez
graceful_timeout = 30
worker_connections = 10_000  # idle pollers; beyond them, connections wait to be accepted
keepalive = 75  # clients poll: a connection is kept between two polls
control_socket_disable = True  # it would write into the home directory, and two services of one user would share it
limit_request_line = 8190
limit_request_fields = 64
logger_class = "api.http.gunicorn_response.Logger"
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"gunicorn.error": {"level": "WARNING", "propagate": True}},  # to sentiq.core.logs
}


_knows_data = False


def _check_data() -> None:
    global _knows_data
    with connect(_settings.redis_address, timeout_s=REDIS_TIMEOUT_S) as redis:
        schema.ensure(redis)
    _knows_data = True


def _check_data_later(told: Traffic) -> None:
    """Check the data once Redis is back. Until then this process does not announce itself to the others."""
    while not _knows_data:
        time.sleep(1)
        try:
            _check_data()
        except REDIS_AWAY:
            pass
        except NewerData as error:
            print(f"sentiq: {error}", file=sys.stderr, flush=True)
            os._exit(3)  # gunicorn's WORKER_BOOT_ERROR: it ends too, and the next start refuses by itself
    told.start()


def when_ready(server: Arbiter) -> None:
    for (
        listener
    ) in server.LISTENERS:  # accepted connections inherit it: a client that reads nothing must not hold a thread
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_WITHIN_S, 0))


def on_starting(server: object) -> None:
    logs.configure(_settings)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a file for each connection; the usual 1,024 are too few

    try:
        _check_data()
    except REDIS_AWAY:
        pass  # the API waits for Redis instead of ending
    except NewerData as error:
        print(f"sentiq: {error}", file=sys.stderr)
        sys.exit(EX_CONFIG)


def pre_fork(server: Arbiter, worker: Worker) -> None:
    # A collection in one process would write to what all share. What garbage an import leaves is not worth a search.
    gc.freeze()
    gc.enable()


def post_worker_init(worker: Worker) -> None:
    told = traffic(worker.wsgi)
    if _knows_data:
        told.start()
    else:
        Thread(target=_check_data_later, args=(told,), daemon=True).start()


def worker_exit(server: Arbiter, worker: Worker) -> None:
    if worker.booted:
        traffic(worker.wsgi).stop()


def on_exit(server: Arbiter) -> None:
    shared_counts.end()
