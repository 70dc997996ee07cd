"""What the result cache costs for texts it does not know, and saves for those it does.

    python -m benchmarks.result_cache --model DIR --texts FILE

One process answers chunks of different texts without the cache, with it (every text unknown) and again with it (every
text known), in turn. Processor seconds, so that a busy machine disturbs less; those of Redis are told apart.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.texts import iterate_texts
from engine import Engine
from jobs import keys
from jobs.cache import ResultCache
from jobs.connection import connect
from jobs.lanes import OpenChunk
from jobs.models import ChunkRef, InputChunk
from jobs.settings import Settings
from tests.support import RedisServer
from worker.classify import answer


class NoIsolation:
    def isolate(self, ref: ChunkRef, state: bytes) -> None:
        raise AssertionError("no chunk crashed")


def different(path: Path, count: int) -> list[str]:
    """The first `count` different texts of a file."""
    found: dict[str, None] = {}
    for text in iterate_texts(path):
        found[text] = None
        if len(found) == count:
            return list(found)
    raise AssertionError("iterate_texts never ends")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models/sentiq-small-zh"), help="model directory")
    parser.add_argument("--texts", type=Path, required=True, help="one text a line, plain or .gz")
    parser.add_argument("--chunks", type=int, default=40, help="chunks answered three times each (default %(default)s)")
    parser.add_argument("--size", type=int, default=512, help="texts of a chunk (default %(default)s)")
    args = parser.parse_args()

    texts = different(args.texts, args.chunks * args.size)
    engine = Engine.load(args.model)
    engine.warm()
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(Path(directory))
        server.start()
        assert server.process is not None
        redis_process = psutil.Process(server.process.pid)
        try:
            with connect(server.url) as redis:
                settings = Settings(redis_url=server.url)
                cache = ResultCache(redis, settings)
                off = ResultCache(redis, settings.model_copy(update={"cache_entries": 0}))
                own: dict[str, list[float]] = {"off": [], "unknown": [], "known": []}
                servers: dict[str, list[float]] = {"off": [], "unknown": [], "known": []}

                def timed(name: str, cache: ResultCache, opened: list[OpenChunk]) -> None:
                    before = redis_process.cpu_times()
                    started = time.process_time()
                    answer(engine, NoIsolation(), cache, opened)
                    own[name].append(1e3 * (time.process_time() - started))
                    after = redis_process.cpu_times()
                    servers[name].append(1e3 * (after.user + after.system - before.user - before.system))

                for number in range(args.chunks):
                    chunk = InputChunk(0, tuple(texts[number * args.size : (number + 1) * args.size]))
                    opened = [OpenChunk(ChunkRef("job", number, args.size), chunk, 0, None, "")]
                    sides = [("off", off), ("unknown", cache)]
                    for name, side in sides if number % 2 else reversed(sides):
                        timed(name, side, opened)
                    timed("known", cache, opened)
                entries = cache.counts().entries
                memory = sum(redis.memory_usage(key) or 0 for key in (keys.CACHE_CURRENT, keys.CACHE_PREVIOUS))
        finally:
            server.stop(kill=True)

    table = Table("figure", "value", title=f"{args.model.name}, {args.chunks} chunks of {args.size} different texts")
    for name, times in own.items():
        table.add_row(f"{name}: ms a chunk, median", f"{statistics.median(times):.2f}")
        table.add_row(f"{name}: ms of Redis a chunk, mean", f"{statistics.mean(servers[name]):.2f}")
    for name in ("unknown", "known"):
        ratios = [on / without for on, without in zip(own[name], own["off"], strict=True)]
        table.add_row(f"{name} / off, median of pairs", f"{statistics.median(ratios):.4f}")
    table.add_row("bytes of Redis an entry", f"{memory / entries:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
