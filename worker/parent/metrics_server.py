"""`python -m worker.parent.metrics_server PARENT DIRECTORY SOCKET HOST PORT` serves the metrics of a worker to
Prometheus.

It is a process of its own: a thread of the parent might hold a lock when a child is forked, and the event loop of the
parent must not wait. It loads neither a model nor Celery, and ends when its parent does.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import psutil
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from worker.host_resources import Host, family_memory

PARENT_CHECK_S = 0.5  #: how often it checks that its parent lives
CLIENT_TIMEOUT_S = 10
INFO_FILE = "info.json"  #: labels of sentiq_worker_info, written by the parent


class Memory(Collector):
    """Measures the memory of the worker and of its machine at the moment of the scrape."""

    def __init__(self, directory: Path, parent: int) -> None:
        self._info, self._parent = directory / INFO_FILE, psutil.Process(parent)
        self._started_s = self._parent.create_time()
        self._host = Host(niced=True)

    def collect(self) -> Iterator[Metric]:
        family = list(family_memory(self._parent))
        proportional = sum(pss for _, pss, _ in family)
        unique = [0, *(uss for pid, _, uss in family if pid not in (self._parent.pid, os.getpid()))]
        host = self._host
        yield _gauge("sentiq_worker_started_seconds", "when the worker was started, Unix time", self._started_s)
        yield _gauge("sentiq_worker_memory_bytes", "parent and children, what they share counted once", proportional)
        yield _gauge("sentiq_child_unique_bytes_max", "unique memory of the largest child", max(unique))
        yield _gauge("sentiq_child_unique_bytes_sum", "unique memory of all children", sum(unique))
        yield _gauge("sentiq_host_memory_bytes", "memory of the machine, or the container's limit", host.total_bytes())
        yield _gauge("sentiq_host_memory_available_bytes", "of it, what can still be taken", host.available_bytes())
        yield _gauge("sentiq_host_cpu_share", "busy part of the processors since the last scrape", host.cpu_share())
        labels: dict[str, str] = json.loads(self._info.read_text()) if self._info.exists() else {}
        info = GaugeMetricFamily("sentiq_worker_info", "which model this worker serves", labels=list(labels))
        if labels:
            info.add_metric(list(labels.values()), 1)
        yield info


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, listening: socket.socket, name: str, port: int) -> None:
        super().__init__((name, port), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_name, self.server_port = name, port
        self.setup_environ()
        self.timeout = PARENT_CHECK_S

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that break off are normal


class Handler(WSGIRequestHandler):
    timeout = CLIENT_TIMEOUT_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name in the library
        pass


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


def main(parent_pid: str, directory: str, fd: str, name: str, port: str) -> None:
    parent = int(parent_pid)  # it may have ended already
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process last
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    try:
        registry.register(Memory(Path(directory), parent))
    except psutil.NoSuchProcess:
        return
    with Server(socket.socket(fileno=int(fd)), name, int(port)) as server:
        server.set_app(make_wsgi_app(registry))
        while os.getppid() == parent:
            server.handle_request()


if __name__ == "__main__":
    main(*sys.argv[1:])
