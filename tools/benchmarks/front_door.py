"""Many small requests: this build, an older one and a peer in turn, by texts a second, latency and processor time.

    python -m tools.benchmarks.front_door --texts FILE [--old CHECKOUT] [--peer PYTHON] [--model-root DIR --model ID]

PYTHON is that of an environment which make_mosec_env.sh made; mosec_server.py says what the peer does. Each turn starts
a side, warms it with requests, and measures it with every number of clients; the result cache is off. What is sent:

- analyze: `POST /analyze` with one text
- job: `POST /api/v1/jobs` with one text and `Prefer: wait`
- job20: the same with 20 texts; a request to the peer has the same 20, and two requests are a dynamic batch

The peer is asked at `/analyze` for all of them. Each answer is compared: it must have the text or the `custom_id` of
its own request, and the scores that the model gives to these texts. Processor time and memory are those of the
processes that the figures name; the load generator shares the machine with them, and its own time is told.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from sentiq.core.invisible_characters import visible
from sentiq.core.settings import BUNDLED_MODEL, BUNDLED_MODELS
from sentiq.engine import Engine
from sentiq.engine.registry import find_model
from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY
from tests.support.processes import READY_S, Process, free_port, wait_until
from tools.benchmarks.load import Load, drive, post
from tools.benchmarks.mosec_server import WORKERS
from tools.benchmarks.texts import read_texts

CHILDREN = 2  #: of each lane
TEXTS = {"analyze": 1, "job": 1, "job20": 20}  #: of one request
BATCH_TEXTS = 32  #: of a dynamic batch of the peer
WARMING = 400  #: requests at least before the first measurement of a turn
WAIT_S = 300  #: for one answer: as long as a service can be told to
SCORE_DIFFERS = 0.06  #: at most, from the score of the same text in another batch: INT8 rounds

Score = tuple[str, float]  #: label, and its probability


@dataclass(frozen=True, slots=True)
class Running:
    """A side that is ready."""

    port: int
    processes: Mapping[str, list[psutil.Process]]  # by the names that the figures have

    def cpu_s(self) -> dict[str, float]:
        times = {name: [process.cpu_times() for process in group] for name, group in self.processes.items()}
        return {name: sum(time.user + time.system for time in group) for name, group in times.items()}

    def pss_mb(self) -> dict[str, float]:
        return {
            name: sum(process.memory_full_info().pss for process in group) / 1e6
            for name, group in self.processes.items()
        }


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


@dataclass(frozen=True, slots=True)
class Service:
    """A build of ours: Redis, the API and a worker of each lane."""

    checkout: Path
    model_root: Path
    model: str
    clients: int  # at most

    @contextmanager
    def running(self, directory: Path, texts: int) -> Iterator[Running]:
        with Cluster(
            directory,
            SENTIQ_MODEL_ROOT=str(self.model_root.resolve()),
            SENTIQ_MODEL=self.model,
            SENTIQ_CACHE_ENTRIES="0",
            SENTIQ_LEASE_S="8",  # that of users; tests have a shorter one
            SENTIQ_SYNC_TIMEOUT_S=str(WAIT_S),
            SENTIQ_API_THREADS=str(max(128, self.clients * 8 // 7 + 8)),  # or it refuses some of so many clients
        ) as cluster:
            cluster.sources = self.checkout
            cluster.redis_server.start()
            api = cluster.start_api()
            workers = {lane: cluster.start_worker(lane, CHILDREN, wait=False) for lane in ("interactive", "bulk")}
            with httpx.Client(base_url=cluster.url, timeout=WAIT_S) as client:
                client.post("/analyze", json={"text": "好"}).raise_for_status()
            wait_until(
                lambda: all(len(worker.children()) >= CHILDREN for worker in workers.values()), timeout_s=READY_S
            )
            redis = cluster.redis_server.process
            assert redis is not None
            yield Running(
                cluster.port,
                {
                    "API": family(api.ps),
                    "interactive parent": [workers["interactive"].ps],
                    "interactive children": workers["interactive"].children(),
                    "bulk worker": family(workers["bulk"].ps),
                    "Redis": [psutil.Process(redis.pid)],
                },
            )

    def request(self, kind: str, numbered: Sequence[tuple[int, str]]) -> bytes:
        if kind == "analyze":
            ((_, text),) = numbered
            return post("/analyze", packed({"text": text}))
        items = [{"custom_id": f"r{number}", "text": text} for number, text in numbered]
        return post("/api/v1/jobs", packed({"items": items}), f"Prefer: wait={WAIT_S}")


@dataclass(frozen=True, slots=True)
class Peer:
    """mosec with the same model."""

    python: Path
    model: Path

    @contextmanager
    def running(self, directory: Path, texts: int) -> Iterator[Running]:
        port = free_port()
        command = [str(self.python), "-m", "tools.benchmarks.mosec_server", "--model", str(self.model.resolve())]
        command += ["--port", str(port), "--batch", str(max(2, BATCH_TEXTS // texts))]
        env = os.environ | {"MOSEC_PATH": str(directory / "mosec")}
        server = Process("mosec", command, env, directory, REPOSITORY)
        try:
            wait_until(partial(self._is_warm, server), timeout_s=READY_S, message="mosec's workers are warm")
            started = family(server.ps)
            front = [process for process in started if process.name() == "mosec"]
            yield Running(port, {"front": front, "workers": [each for each in started if each not in front]})
        finally:
            server.kill()

    @staticmethod
    def _is_warm(server: Process) -> bool:
        server.check_alive()
        return server.log.read_text().count("this worker is warm") == WORKERS

    def request(self, kind: str, numbered: Sequence[tuple[int, str]]) -> bytes:
        texts = [text for _, text in numbered]
        return post("/analyze", packed({"text": texts[0]} if TEXTS[kind] == 1 else {"texts": texts}))


Side = Service | Peer


def packed(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def scores_of(model: Path, texts: Sequence[str]) -> list[Score]:
    """Return what the engine answers to these texts."""
    engine = Engine.load(model)
    labels = engine.manifest.labels
    found = [prediction.probabilities for prediction in engine.classify(texts)]
    return [(labels[row.index(max(row))], max(row)) for row in found]


def check(body: bytes, numbered: Sequence[tuple[int, str]], scores: Sequence[Score]) -> None:
    """Raise AssertionError unless an answer is that to its own texts."""
    document = json.loads(body)
    rows = document["results"]["data"] if "results" in document else document.get("data", [document])
    assert len(rows) == len(numbered), f"{len(rows)} rows for {len(numbered)} texts"
    for row, (number, text) in zip(rows, numbered, strict=True):
        own = row["custom_id"] == f"r{number}" if "custom_id" in row else row["text"] == text
        label, score = scores[number]
        differs = abs(row["score"] - score) if row["label"] == label else row["score"] + score - 1
        assert own, f"{row} is no answer to r{number}, {text!r}"
        assert differs <= SCORE_DIFFERS, f"{row} to r{number}, {text!r}: {label} {score}"


def measure(
    running: Running, requests: Sequence[bytes], checked: Callable[[Load], int], texts: int, **load: Any
) -> dict[str, Any]:
    """Measure one number of clients."""
    before = running.cpu_s()
    found = drive(running.port, requests, **load)
    after = running.cpu_s()
    answered = checked(found)
    took_ms = sorted(1e3 * answer.took_s for answer in found.answers if answer.status == httpx.codes.OK)
    cuts = statistics.quantiles(took_ms, n=100, method="inclusive")
    cpu_ms = {name: 1e3 * (after[name] - before[name]) / answered for name in before}
    return {
        "texts_per_s": answered * texts / found.elapsed_s,
        "p50_ms": cuts[49],
        "p95_ms": cuts[94],
        "p99_ms": cuts[98],
        "requests": len(found.answers),
        "failed": len(found.answers) - answered,
        "cpu_ms": cpu_ms | {"all": sum(cpu_ms.values())},
        "pss_mb": (pss := running.pss_mb()) | {"all": sum(pss.values())},
        "load_cpu_ms": 1e3 * found.cpu_s / len(found.answers),
    }


def take_turn(
    side: Side, kind: str, texts: Sequence[str], scores: Sequence[Score], options: argparse.Namespace
) -> dict[int, dict[str, Any]]:
    """Start a side and measure it; returns the figures of each number of clients."""
    size = TEXTS[kind]
    numbered = list(enumerate(texts))
    groups = [numbered[at : at + size] for at in range(0, len(texts) - size + 1, size)]
    requests = [side.request(kind, group) for group in groups]

    def checked(load: Load) -> int:
        """Return how many requests were answered; raises AssertionError if one was answered wrongly."""
        answers = [answer for answer in load.answers if answer.status == httpx.codes.OK]
        for answer in answers:
            check(answer.body, groups[answer.request], scores)
        return len(answers)

    with (
        tempfile.TemporaryDirectory(prefix="sentiq-front-door-") as directory,
        side.running(Path(directory), size) as running,
    ):
        measured = partial(measure, running, requests, checked, size, seconds=options.seconds)
        measured(clients=max(options.clients), count=WARMING)
        return {clients: measured(clients=clients, count=options.count) for clients in options.clients}


def median_of(runs: Sequence[Any]) -> Any:
    """Return the medians of the same figures in several runs."""
    if isinstance(runs[0], dict):
        return {name: median_of([run[name] for run in runs]) for name in runs[0]}
    return statistics.median(runs)


def show(figures: Sequence[Mapping[str, Any]], title: str) -> None:
    table = Table("request", "clients", "side", title=title)
    for heading in ("texts/s", "of the peer's", "p50", "p95", "p99 ms", "failed", "CPU ms a request", "PSS MB", "load"):
        table.add_column(heading, justify="right")
    peers = {(each["kind"], each["clients"]): each["texts_per_s"] for each in figures if each["side"] == "peer"}
    for each in figures:
        peer = peers.get((each["kind"], each["clients"]))
        table.add_row(
            *(str(each[name]) for name in ("kind", "clients", "side")),
            f"{each['texts_per_s']:,.1f}",
            f"{each['texts_per_s'] / peer:.2f}" if peer else "",
            *(f"{each[name]:,.1f}" for name in ("p50_ms", "p95_ms", "p99_ms")),
            f"{each['failed']:g}/{each['requests']:g}",
            "\n".join(f"{name} {value:.2f}" for name, value in each["cpu_ms"].items()),
            "\n".join(f"{value:,.0f}" for value in each["pss_mb"].values()),
            f"{each['load_cpu_ms']:.3f}",
            end_section=True,
        )
    Console(width=140).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True, help="one text a line, plain or .gz")
    parser.add_argument("--different", type=int, default=1500, help="texts that are sent (default %(default)s)")
    parser.add_argument("--model-root", type=Path, default=BUNDLED_MODELS, help="folder of prepared models")
    parser.add_argument("--model", default=BUNDLED_MODEL, help="id of the model to serve (default %(default)s)")
    parser.add_argument("--old", type=Path, metavar="CHECKOUT", help="an older build")
    parser.add_argument("--peer", type=Path, metavar="PYTHON", help="of the peer's environment")
    parser.add_argument("--requests", nargs="+", choices=list(TEXTS), default=list(TEXTS), help="(default: all)")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 64, 256], help="(default: 1 16 64 256)")
    parser.add_argument("--count", type=int, default=3000, help="requests of one measurement (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="after which no more are sent (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="of which the medians are shown (default %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("tools/benchmarks/results/front_door.json"))
    options = parser.parse_args()
    model = find_model([options.model_root], options.model).directory
    # The peer does not leave out what is invisible.
    texts = [text for text in read_texts(options.texts, options.different) if text == visible(text)]
    scores = scores_of(model, texts)
    builds = ({"old": options.old.resolve()} if options.old else {}) | {"this": REPOSITORY}
    sides: dict[str, Side] = {
        name: Service(checkout, options.model_root, options.model, max(options.clients))
        for name, checkout in builds.items()
    }
    if options.peer:
        sides["peer"] = Peer(options.peer, model)

    runs: dict[tuple[str, int, str], list[dict[str, Any]]] = {
        (kind, clients, side): [] for kind in options.requests for clients in options.clients for side in sides
    }
    for _ in range(options.repeats):
        for kind in options.requests:
            for name, side in sides.items():
                for clients, found in take_turn(side, kind, texts, scores, options).items():
                    runs[kind, clients, name].append(found)
    figures = [
        {"kind": kind, "clients": clients, "side": side, **median_of(results), "runs": results}
        for (kind, clients, side), results in runs.items()
    ]
    show(figures, f"{options.model}, {len(texts)} texts, medians of {options.repeats}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
