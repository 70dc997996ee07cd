"""`sentiq serve --embedded`, as a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.support.paths import REPOSITORY
from tests.support.processes import Process
from tests.support.service import Service

COMMAND = [sys.executable, "-m", "sentiq_client", "serve", "--embedded"]


def environment(**settings: str) -> dict[str, str]:
    """Return what the command needs, and these settings."""
    paths = [str(REPOSITORY / "client" / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONWARNINGS": "default",
        "SENTIQ_LOG_FORMAT": "json",
        "SENTIQ_WEBHOOK_NETWORKS": "127.0.0.0/8",
        **settings,
    }


class Embedded(Service):
    """One process. It starts when it is made, and is ready then."""

    def __init__(self, directory: Path, *options: str, **settings: str) -> None:
        super().__init__()
        command = [*COMMAND, "--port", str(self.port), *options]
        self.process = Process("embedded", command, environment(**settings), directory)
        self._wait(self.process, lambda: self._get_status("/readyz") == 200, "the embedded service is ready")

    def close(self) -> None:
        self.http.close()
        self.process.kill()
