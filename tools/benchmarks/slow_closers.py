"""What others wait for while clients keep their side of answered connections open.

    python -m tools.benchmarks.slow_closers --old REVISION

The API of this working tree and that of an older revision (from a git worktree of its own) in turn, in one run, with a
Redis and without workers. Each such client asks with HTTP/1.0, reads its answer and holds its side for 3 s, then begins
again; the others ask for the list of jobs, each time on a new connection.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY
from tests.support.processes import READY_S, wait_until

HELD_S = 3.0
OTHERS = 2  #: threads that ask
PAUSE_S = 0.02  #: of each between two requests


@contextmanager
def old_tree(revision: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sentiq-old-") as directory:
        tree = Path(directory) / "tree"
        git = ["git", "-C", str(REPOSITORY), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


@contextmanager
def serving(tree: Path) -> Iterator[Cluster]:
    """The API of a working tree."""
    with tempfile.TemporaryDirectory() as directory, Cluster(Path(directory)) as cluster, ExitStack() as stack:
        cluster.redis_server.start()
        command = [sys.executable, "-m", "gunicorn", "-c", "api/gunicorn.conf.py", "api.wsgi:app"]
        process = stack.enter_context(subprocess.Popen(command, cwd=tree, env=cluster.env, stderr=subprocess.DEVNULL))
        stack.callback(process.kill)
        wait_until(lambda: cluster._get_status("/livez") == 200, timeout_s=READY_S)
        yield cluster


def hold(port: int, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=HELD_S) as connection:
                connection.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
                connection.recv(65_536)
                stop.wait(HELD_S)
        except OSError:
            stop.wait(0.1)  # it was not answered in time


def ask(port: int, until_s: float, took_ms: list[float]) -> None:
    while time.monotonic() < until_s:
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        connection.request("GET", "/api/v1/jobs", headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 200
        took_ms.append((time.monotonic() - started) * 1000)
        time.sleep(PAUSE_S)


def measure(tree: Path, clients: int, seconds: float) -> list[float]:
    """Milliseconds that each request of others took."""
    took_ms: list[float] = []
    stop = threading.Event()
    with serving(tree) as cluster:
        holding = [threading.Thread(target=hold, args=(cluster.port, stop), daemon=True) for _ in range(clients)]
        for thread in holding:
            thread.start()
        until_s = time.monotonic() + seconds
        asking = [threading.Thread(target=ask, args=(cluster.port, until_s, took_ms)) for _ in range(OTHERS)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        stop.set()
        for thread in holding:
            thread.join()
    return took_ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", required=True, metavar="REVISION", help="the build to compare with")
    parser.add_argument("--clients", type=int, nargs="+", default=[0, 1, 50], help="that hold on (default: 0 1 50)")
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement (default: 10)")
    parser.add_argument("--repeats", type=int, default=3, help="of which the medians are shown (default: 3)")
    options = parser.parse_args()
    print("| clients that hold on | build | others answered | p50 | p95 | p99 | longest |")
    print("|---:|---|---:|---:|---:|---:|---:|")
    with old_tree(options.old) as old:
        for clients in options.clients:
            runs: dict[str, list[list[float]]] = {options.old: [], "this": []}
            for _ in range(options.repeats):
                for build, tree in ((options.old, old), ("this", REPOSITORY)):
                    runs[build].append(measure(tree, clients, options.seconds))
            for build, results in runs.items():
                cuts = [quantiles(took_ms, n=100, method="inclusive") for took_ms in results]
                figures = [median(cut[percent - 1] for cut in cuts) for percent in (50, 95, 99)]
                figures.append(median(map(max, results)))
                cells = " | ".join(f"{figure:,.1f} ms" for figure in figures)
                print(f"| {clients} | {build} | {median(map(len, results)):,.0f} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
