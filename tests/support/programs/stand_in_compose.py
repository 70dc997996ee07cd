"""Stands in for docker-compose: its containers are workers of this checkout, started and stopped as it would do it.

Their engine is that of broken_engine. Pids are kept in the folder STAND_IN_COMPOSE, one file a container; calls in the
file `calls` there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.programs import BROKEN, WORKER

FOLDER = Path(os.environ["STAND_IN_COMPOSE"])
STOP_GRACE_S = 40


def main(arguments: list[str]) -> int:
    with (FOLDER / "calls").open("a") as calls:
        calls.write(" ".join(arguments) + "\n")
    if (FOLDER / "broken").exists():
        print("Cannot connect to the Docker daemon", file=sys.stderr)
        return 1
    if arguments[0] == "ps":
        print("\n".join(pid.read_text() for pid in containers()))
    elif arguments[0] == "up":
        service, count = arguments[arguments.index("--scale") + 1].split("=")
        scale(service, int(count))
    return 0


def containers() -> list[Path]:
    return sorted(FOLDER.glob("*.pid"))


def scale(service: str, count: int) -> None:
    running = containers()
    for number in range(len(running) + 1, count + 1):
        name = f"{service}-{number}"
        lane = service.removeprefix("worker-")
        options = ["-Q", lane, "-n", f"{name}@%h", "-c", "1", "--without-gossip", "--without-mingle"]
        with (FOLDER / f"{name}.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", WORKER, BROKEN, *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        (FOLDER / f"{name}.pid").write_text(str(worker.pid))
    for pid in running[count:]:
        end(int(pid.read_text()))
        pid.unlink()


def end(pid: int) -> None:
    """SIGTERM, and SIGKILL after the grace period."""
    os.kill(pid, signal.SIGTERM)
    deadline_s = time.monotonic() + STOP_GRACE_S
    while alive(pid):
        if time.monotonic() > deadline_s:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
