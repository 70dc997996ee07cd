"""The Celery app that Flower looks through. It knows no task: Flower needs neither workers nor engine."""

from __future__ import annotations

import sys

from celery import Celery

from deploy.flower import reconciliation, stopping
from sentiq.core import logs
from sentiq.core.errors import SettingsError
from sentiq.core.settings import current

try:
    settings = current()
except SettingsError as error:
    print(f"sentiq: the settings are wrong.\n{error}", file=sys.stderr)
    sys.exit(78)  # EX_CONFIG of sysexits.h

logs.configure(settings)  # before Flower would do so in its own way
app = Celery("sentiq")
app.config_from_object("celeryconfig")
reconciliation.install()
stopping.install()
