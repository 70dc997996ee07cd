"""The Celery app. Importing it loads no model: Flower and the inspection commands import it too."""

from __future__ import annotations

import logging
import sys
from typing import Any

import billiard.util
from celery import Celery
from celery.signals import celeryd_init, setup_logging

from jobs import logs
from jobs.errors import SettingsError
from jobs.settings import current
from worker import lifecycle
from worker.alive import Alive
from worker.degraded import DegradedMode
from worker.exposition import Exposition
from worker.keeper import Keeper
from worker.stopping import Stopping
from worker.sweeper import Sweeper
from worker.watchdog import Watchdog

try:
    settings = current()
except SettingsError as error:
    print(f"sentiq: the settings are wrong.\n{error}", file=sys.stderr)
    sys.exit(lifecycle.EX_CONFIG)

app = Celery("sentiq", include=["worker.tasks"])
app.config_from_object("celeryconfig")
app.steps["worker"] |= {Alive, DegradedMode, Exposition, Keeper, Stopping, Sweeper}
app.steps["consumer"].add(Watchdog)
lifecycle.connect_signals()


@celeryd_init.connect(weak=False)
def _configure_logs(instance: Any, **_: object) -> None:
    logs.configure(settings)  # Celery asks for it only after the model is loaded
    instance.quiet = not logs.readable(settings)  # its banner is for people


@setup_logging.connect(weak=False)
def _keep_logs(**_: object) -> None:
    """That there is a handler keeps Celery from logging in its own way."""
    logs.configure(settings)
    billiard.util.get_logger().propagate = True  # or Python writes what the pool warns of in its own way
    for per_task in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(per_task).setLevel(logging.WARNING)  # Flower shows each task; a log line each is noise
