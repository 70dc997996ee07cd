"""As many containers of a worker as its lane asks for: `docker-compose up --scale`, by the policy of worker/autoscale.

    SENTIQ_API_KEY=… python -m deploy.compose.scaler --lane bulk --min 1 --max 4

It reads what the lane asks for from the API (a key with the scope `read`) and what room this host has, and runs beside
docker-compose, in the folder of docker-compose.yml. SENTIQ_SCALE_KEEPALIVE_S, SENTIQ_SCALE_RESERVE_MB and
SENTIQ_SCALE_CPU_SHARE hold for it too. Containers go only when the lane is idle, and docker-compose gives those that go
the service's `stop_grace_period`. SIGTERM or Ctrl-C ends it; the containers stay.

Exit codes: 0 told to end, 2 an option, a setting, the key or docker-compose is wrong.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sentiq.core.errors import SettingsError
from sentiq.core.settings import PREFIX, Settings, current
from sentiq.jobs.types import Lane
from sentiq_client import ApiError, Client, SentiqError
from worker.host_resources import Host
from worker.parent.autoscale_policy import Calm, Limits, Sample, decide

EX_USAGE = 2


class Refused(Exception):
    """What cannot get better by trying again; says why and what to do."""


class Unavailable(Exception):
    """What may be there the next time."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """What the API says of a lane."""

    demand: int  # children that would find work
    in_flight: int  # chunks
    workers: int  # that live, on whatever host


class Cluster:
    """The API, as far as it is needed here."""

    def __init__(self, url: str, key: str | None, lane: str) -> None:
        """Raises Refused for what is no address and no key."""
        self._url, self._lane = url, lane
        try:
            self._client = Client(url, key, timeout_s=10, retries=0, trust_env=False)
        except SentiqError as error:
            raise Refused(str(error)) from None

    def look(self) -> LaneState:
        """Raises Unavailable, and Refused when the key is not enough."""
        try:
            document = self._client.cluster()
        except ApiError as error:
            if error.status in (401, 403):
                raise Refused(
                    f"{self._url} refuses the key ({error.status}). Put one with the scope `read` into "
                    f"{PREFIX}API_KEY: docker-compose exec api python -m sentiq.admin keys create scaler --scopes read"
                ) from None
            raise Unavailable(f"{self._url} answers {error.status}") from None
        except SentiqError as error:
            raise Unavailable(str(error)) from None
        lane = next(lane for lane in document["lanes"] if lane["lane"] == self._lane)
        workers = sum(worker["lane"] == self._lane for worker in document["workers"])
        return LaneState(lane["demand"], lane["in_flight"], workers)


class Compose:
    """One service of docker-compose."""

    def __init__(self, command: Sequence[str], service: str) -> None:
        self._command, self._service = list(command), service

    def count(self) -> int:
        """Containers that run. Raises Unavailable."""
        return len(self._run("ps", "-q", self._service).split())

    def scale(self, count: int) -> None:
        """Waits until the containers have started, or have ended. Raises Unavailable."""
        self._run("up", "-d", "--no-deps", "--no-recreate", "--scale", f"{self._service}={count}", self._service)

    def _run(self, *arguments: str) -> str:
        # In a session of its own: Ctrl-C is for us, and what it has begun it may end.
        done = subprocess.run([*self._command, *arguments], capture_output=True, text=True, start_new_session=True)
        if done.returncode != 0:
            reason = " ".join(done.stderr.strip().splitlines()[-3:])
            raise Unavailable(f"{shlex.join([*self._command, *arguments])} ended with {done.returncode}: {reason}")
        return done.stdout


def find_compose() -> list[str]:
    """Raises Refused when there is neither the plugin of docker nor the program."""
    if shutil.which("docker"):
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True)
        if plugin.returncode == 0:
            return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise Refused("Neither `docker compose` nor docker-compose is here. Install one, or name it with --compose.")


class Scaler:
    """Looks, decides, scales. `children`: how many a worker has at most; `worker_bytes`: what a worker takes."""

    def __init__(
        self, cluster: Cluster, compose: Compose, host: Host, limits: Limits, *, children: int, worker_bytes: int
    ) -> None:
        self._cluster, self._compose, self._host, self._limits = cluster, compose, host, limits
        self._children, self._worker_bytes = children, worker_bytes
        self._calm: Calm | None = None
        self._said = ""

    def step(self, now_s: float) -> None:
        """Raises Refused."""
        try:
            lane, count = self._cluster.look(), self._compose.count()
            decision = decide(self._limits, self._sample(now_s, lane, count), self._calm)
            self._calm = decision.calm
            self._say(f"{count} containers: {decision.reason}")
            if decision.wanted != count:
                self._say(f"{count} -> {decision.wanted} containers: {decision.reason}")
                self._compose.scale(decision.wanted)
        except Unavailable as error:
            self._calm = None  # who knows what happened meanwhile
            self._say(f"everything stays as it is: {error}")

    def _sample(self, now_s: float, lane: LaneState, count: int) -> Sample:
        idle = lane.demand == 0 and lane.in_flight == 0
        return Sample(
            now_s=now_s,
            units=count,
            settled=lane.workers >= count,
            busy=0 if idle else count,  # docker-compose chooses who goes: so nobody goes before all are idle
            demand=-(-lane.demand // self._children),
            available_bytes=self._host.available_bytes(),
            unit_bytes=self._worker_bytes,
            cpu_share=self._host.cpu_share(),
        )

    def _say(self, message: str) -> None:
        if message != self._said:
            print(f"{time.strftime('%H:%M:%S')} {message}", flush=True)
        self._said = message


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lane", choices=[str(lane) for lane in Lane], default="bulk")
    parser.add_argument("--service", help="of docker-compose.yml; by default worker-LANE")
    parser.add_argument("--min", type=int, default=1, help="containers there always are")
    parser.add_argument("--max", type=int, required=True)
    parser.add_argument("--children", type=int, default=2, help="a worker has at most (its --autoscale or -c)")
    parser.add_argument("--worker-mb", type=int, default=1_024, help="memory that one more worker takes")
    parser.add_argument("--url", default=os.environ.get(f"{PREFIX}URL", "http://127.0.0.1:8000"), help="of the API")
    parser.add_argument("--compose", type=shlex.split, help='such as "docker-compose -p sentiq"')
    parser.add_argument("--interval", type=float, default=2.0, metavar="SECONDS", help="between two looks")
    args = parser.parse_args(argv)
    if not 1 <= args.min <= args.max:
        parser.error(f"1 <= --min <= --max must hold, got {args.min} and {args.max}")
    if args.children < 1 or args.worker_mb < 1 or args.interval <= 0:
        parser.error("--children, --worker-mb and --interval must be more than 0")
    return args


def make(args: argparse.Namespace, settings: Settings) -> Scaler:
    """Raises Refused."""
    return Scaler(
        Cluster(args.url, os.environ.get(f"{PREFIX}API_KEY"), args.lane),
        Compose(args.compose or find_compose(), args.service or f"worker-{args.lane}"),
        Host(niced=args.lane == Lane.BULK),
        Limits(
            args.min,
            args.max,
            settings.scale_keepalive_s,
            settings.scale_reserve_mb * 2**20,
            settings.scale_cpu_share,
        ),
        children=args.children,
        worker_bytes=args.worker_mb * 2**20,
    )


def main(argv: Sequence[str] | None = None) -> int:
    args = arguments(argv)
    ended = threading.Event()
    try:
        scaler = make(args, current())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        while not ended.is_set():
            scaler.step(time.monotonic())
            ended.wait(args.interval)
    except (Refused, SettingsError) as error:
        print(error, file=sys.stderr)
        return EX_USAGE
    return 0


if __name__ == "__main__":
    sys.exit(main())
