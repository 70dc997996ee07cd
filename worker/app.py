"""The Celery app. Importing it loads no model: Flower and the inspection commands import it too."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import billiard.util
from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_init, worker_process_init

from sentiq.core import logs
from sentiq.core.errors import SettingsError
from sentiq.core.settings import current
from worker.child.warmup import start_child
from worker.parent.degraded import DegradedMode
from worker.parent.liveness import LivenessStep
from worker.parent.metrics_server_step import MetricsServerStep
from worker.parent.pool_maintainer import PoolMaintainer
from worker.parent.startup import start_parent
from worker.parent.stopping import GracefulStop
from worker.parent.sweeper import Sweeper
from worker.parent.watchdog import Watchdog

try:
    settings = current()
except SettingsError as error:
    print(f"sentiq: the settings are wrong.\n{error}", file=sys.stderr)
    sys.exit(os.EX_CONFIG)

app = Celery("sentiq", include=["worker.tasks"])
app.config_from_object("celeryconfig")
app.steps["worker"] |= {DegradedMode, GracefulStop, LivenessStep, MetricsServerStep, PoolMaintainer, Sweeper}
app.steps["consumer"].add(Watchdog)
worker_init.connect(start_parent, weak=False)
worker_process_init.connect(start_child, weak=False)


@celeryd_init.connect(weak=False)
def _configure_logs(instance: Any, **_: object) -> None:
    logs.configure(settings)  # Celery asks for it only after the model is loaded
    instance.quiet = not logs.is_for_people(settings)  # its banner is for people


@setup_logging.connect(weak=False)
def _configure_loggers(**_: object) -> None:
    """Log in our way: where this signal has a handler, Celery does not configure logging itself."""
    logs.configure(settings)
    billiard.util.get_logger().propagate = True  # or Python writes what the pool warns of in its own way
    for per_task in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(per_task).setLevel(logging.WARNING)  # Flower shows each task; a log line each is noise
