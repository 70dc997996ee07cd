"""Starts the process that shows this worker's metrics, and restarts it when it ends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import structlog

from sentiq.core.settings import REPOSITORY, current
from worker import context, metrics
from worker.parent import metrics_server
from worker.parent.parent_step import ParentStep
from worker.serving import serving

BIND_WITHIN_S = 5.0  #: the server of a worker that was killed needs a moment to notice
RESTART_AFTER_S = 5.0

log = structlog.get_logger(__name__)


class MetricsServerStep(ParentStep):
    """Worker bootstep. Celery makes all steps, then lets all create, then starts them: no child is forked before."""

    requires = ()

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        settings = current()
        self.enabled = settings.metrics_port != 0
        self._address = settings.metrics_host, settings.metrics_port
        self._url = f"http://{settings.metrics_host}:{settings.metrics_port}/metrics"
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at_s = 0.0
        self._labels: dict[str, str] = {}  # as the server knows them
        if self.enabled:
            self._directory = metrics.share()

    def create(self, parent: Any) -> None:
        metrics.reserve(self._directory, map(str, range(parent.max_concurrency or parent.concurrency)))
        metrics.metrics().begin(context.consumed_lane())
        self._write_labels()
        deadline_s = time.monotonic() + BIND_WITHIN_S
        while (error := self._launch()) is not None:
            if time.monotonic() > deadline_s:
                log.critical(
                    "metrics cannot be shown",
                    address=self._url,
                    reason=error.strerror,
                    remedy="give each worker of a host its own SENTIQ_METRICS_PORT, or 0 for none",
                )
                raise SystemExit(os.EX_CONFIG)
            time.sleep(0.1)
        log.info("metrics are shown", address=self._url)

    def tick(self, parent: Any) -> None:
        self._write_labels()
        if self._process is None or time.monotonic() - self._started_at_s < RESTART_AFTER_S:
            return
        status = self._process.poll()
        if status is not None:
            self._started_at_s = time.monotonic()
            error = self._launch()
            log.warning("the server of metrics ended and is started again", status=status, error=error and str(error))

    def stop(self, parent: Any) -> None:
        super().stop(parent)
        if self._process is not None:
            self._process.kill()  # it holds nothing
            self._process.wait()

    def _launch(self) -> OSError | None:
        """Bind the socket here, where a taken port can be logged, and hand it over. Returns why that failed."""
        name, port = self._address
        with socket.socket(socket.AF_INET6 if ":" in name else socket.AF_INET) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind(self._address)
                listening.listen()
            except OSError as error:
                return error
            arguments = map(str, (os.getpid(), self._directory, listening.fileno(), name, port))
            self._started_at_s = time.monotonic()
            self._process = subprocess.Popen(
                [sys.executable, "-m", metrics_server.__name__, *arguments],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                pass_fds=(listening.fileno(),),
            )
        return None

    def _write_labels(self) -> None:
        """Write the labels of sentiq_worker_info for the server, when they have changed."""
        manifest = serving.manifest
        labels = {"lane": str(context.consumed_lane()), "model": manifest.id, "version": manifest.version}
        if labels != self._labels:
            self._labels = labels
            new = Path(self._directory) / "info.new"
            new.write_text(json.dumps(labels))
            new.replace(self._directory / metrics_server.INFO_FILE)
