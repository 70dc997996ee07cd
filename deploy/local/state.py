"""What `make run` keeps between two runs, `.run/` or the folder that RUN_DIR names: the data of Redis, a key, logs.

One run at a time uses it: `make run` locks one file for itself, and another one that all it starts inherit. Where only
the second is locked, a run was killed, and what it has started is ended before anybody opens the data.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sentiq.core import local_run

STOP_WITHIN_S = 25.0  #: as long as a worker may take to end its chunks (sentiq/core/settings.py, stop_grace_s) and more
POLL_S = 0.1


class InUse(Exception):
    """Another `make run` is at work here; its process id is the argument."""


class State:
    """The folder, its lock held. `lock` is the descriptor that what is started here has to inherit."""

    def __init__(self, directory: Path, lock: int) -> None:
        self.directory, self.lock = directory, lock
        self.logs, self.redis = directory / "logs", directory / "redis"
        self._key, self._redis_url = directory / "api-key", directory / local_run.REDIS_URL

    def begin_anew(self) -> None:
        """Erase the jobs, keys and webhooks of earlier runs."""
        shutil.rmtree(self.redis, ignore_errors=True)
        self._key.unlink(missing_ok=True)
        self.redis.mkdir()

    def tell_address(self, redis_url: str) -> None:
        """Let commands of other terminals find our Redis, as long as the folder is held."""
        _write_line(self._redis_url, redis_url)

    def hide_address(self) -> None:
        self._redis_url.unlink(missing_ok=True)

    @property
    def api_key(self) -> str | None:
        """That which an earlier run made and printed."""
        return self._key.read_text().strip() if self._key.exists() else None

    @api_key.setter
    def api_key(self, token: str) -> None:
        _write_line(self._key, token)


@contextmanager
def held(directory: Path, say: Callable[[str], None]) -> Iterator[State]:
    """Hold the folder, made if need be. What a killed run has left there is ended first.

    Raises InUse, and OSError where the folder cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        mine = _opened(directory / "run.lock", stack)
        if not _locked(mine):
            raise InUse(os.pread(mine, 20, 0).decode())
        os.ftruncate(mine, 0)
        os.pwrite(mine, str(os.getpid()).encode(), 0)
        inherited = _opened(directory / "services.lock", stack)
        if not _locked(inherited):
            say("ending what a run that was killed has left")
            _end(directory / "services.lock")
            fcntl.flock(inherited, fcntl.LOCK_EX)
        state = State(directory, inherited)
        state.redis.mkdir(exist_ok=True)
        state.hide_address()  # of a run that was killed
        stack.callback(state.hide_address)
        yield state


def _write_line(file: Path, line: str) -> None:
    """Write it for this user alone; who reads the file finds all of it, or none."""
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    beside.write_text(line + "\n")
    beside.replace(file)


def _opened(path: Path, stack: ExitStack) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    stack.callback(os.close, descriptor)
    return descriptor


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end(path: Path) -> None:
    """End the processes that still hold the lock, as gently as Ctrl-C would have; Redis last, since they need it."""
    holders = _holders(path)
    redis = {pid for pid in holders if b"redis-server" in Path(f"/proc/{pid}/cmdline").read_bytes()}
    for number, group in ((signal.SIGTERM, holders - redis), (signal.SIGTERM, redis), (signal.SIGKILL, holders)):
        for pid in group & _holders(path):
            os.kill(pid, number)
        deadline = time.monotonic() + STOP_WITHIN_S
        while group & _holders(path) and time.monotonic() < deadline:
            time.sleep(POLL_S)


def _holders(path: Path) -> set[int]:
    """Processes beside us that have the file open; those of other people cannot be seen, and had another folder."""
    mark = path.stat()
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            for link in (process / "fd").iterdir():
                there = link.stat()
                if (there.st_dev, there.st_ino) == (mark.st_dev, mark.st_ino):
                    found.add(int(process.name))
                    break
        except OSError:
            continue  # it has ended, or is somebody else's
    return found
