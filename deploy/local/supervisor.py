"""Keeps the processes of a Procfile running.

A `Supervisor` starts each line in a session of its own, so that Ctrl-C reaches only us and we choose the order of the
end. What dies is started again, since a Celery worker may exit when its broker restarts.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from threading import Event, Thread

from honcho.environ import parse_procfile

POLL_S = 0.2
RESTART_AFTER_S = 1.0
#: A stopping worker lets its chunks end (20 s, `stop_grace_s`); then it is killed.
STOP_WITHIN_S = 25.0


class Service:
    """One line of the Procfile."""

    def __init__(self, name: str, command: str, log: Path | None) -> None:
        self.name = name
        self.command = command
        self.log = log  # None: its output goes to our terminal
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, cwd: Path, env: Mapping[str, str], inherited: tuple[int, ...]) -> None:
        with self.log.open("ab") if self.log else nullcontext() as output:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self.command}"],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
                pass_fds=inherited,
            )

    @property
    def pid(self) -> int | None:
        """Of the process that was started last; None before that."""
        return None if self._process is None else self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs."""
        return None if self._process is None else self._process.poll()

    def signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def kill_all(self) -> None:
        """Kill the whole session: the children of a killed worker outlive it."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # nobody is left
            self._process.wait()

    def last_lines(self, count: int) -> str:
        """The end of its output, as far as it went to a file."""
        if self.log is None:
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


class Supervisor:
    """Starts services in the order of the Procfile, and stops the first one last: the others need Redis."""

    def __init__(
        self,
        procfile: Path,
        env: Mapping[str, str],
        logs: Path | None,
        *,
        without: tuple[str, ...],
        inherited: tuple[int, ...] = (),
    ) -> None:
        """`inherited` are descriptors that stay open in every process."""
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)
            for old in logs.glob("*.log"):
                old.unlink()
        self._cwd, self._env, self._inherited = procfile.parent, dict(env), inherited
        self.services = [
            Service(name, command, logs / f"{name}.log" if logs else None)
            for name, command in parse_procfile(procfile.read_text()).processes.items()
            if name not in without
        ]
        self._stopping = Event()
        self._keeper = Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        for service in self.services:
            service.start(self._cwd, self._env, self._inherited)

    def dead(self) -> Service | None:
        """A service that has ended, if there is one."""
        return next((s for s in self.services if s.exit_code() is not None), None)

    def keep(self) -> None:
        """From now on, start again whatever ends."""
        self._keeper.start()

    def stop(self) -> None:
        """Stop everything. Returns when no process is left."""
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join()
        first, *others = self.services
        for group in (others, [first]):
            for service in group:
                service.signal(signal.SIGTERM)
            deadline = time.monotonic() + STOP_WITHIN_S
            while any(s.exit_code() is None for s in group) and time.monotonic() < deadline:
                time.sleep(0.05)
            for service in group:
                service.kill_all()

    def _keep(self) -> None:
        while not self._stopping.wait(POLL_S):
            service = self.dead()
            if service is not None:
                print(f"{service.name} ended with code {service.exit_code()}; it is started again", file=sys.stderr)
                service.kill_all()
                if not self._stopping.wait(RESTART_AFTER_S):
                    service.start(self._cwd, self._env, self._inherited)
