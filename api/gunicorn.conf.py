"""gunicorn: one process of many threads. Its work is waiting for sockets; a second process would double its memory."""

from __future__ import annotations

import sys

from jobs import logs
from jobs.errors import SettingsError
from jobs.settings import current

try:
    _settings = current()
except SettingsError as error:
    print(f"sentiq: the settings are wrong.\n{error}", file=sys.stderr)
    sys.exit(78)  # EX_CONFIG of sysexits.h

bind = f"{_settings.host}:{_settings.port}"
worker_class = "gthread"
workers = 1
threads = _settings.api_threads
timeout = 0  # threads wait for slow uploads and results; a stuck process shows in /livez
graceful_timeout = 30
keepalive = 75  # clients poll: a connection is kept between two polls
control_socket_disable = True  # it would write into the home directory, and two services of one user would share it
limit_request_line = 8190
limit_request_fields = 64
accesslog = None  # requests are counted in /metrics
logconfig_dict = {"version": 1, "disable_existing_loggers": False, "loggers": {"gunicorn.error": {"level": "WARNING"}}}


def on_starting(server: object) -> None:
    logs.configure(_settings)
