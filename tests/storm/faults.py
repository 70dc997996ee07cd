"""The faults themselves. Each is a generator: it does its harm, yields while the fault lasts, and takes it back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
from redis import RedisError

from sentiq.core import redis_keys
from tests.storm.answers import HANGS, KILLS, Order
from tests.storm.client import Client
from tests.storm.parts import Parts
from tests.storm.plan import KINDS, Fault


@dataclass
class Harm:
    """What a fault has done, for those who wait until it is mended."""

    parts: Parts
    client: Client
    fault: Fault
    killed: set[int] = field(default_factory=set)  # processes that must be replaced
    job_id: str = ""  # a job that must end


Action = Callable[[Harm], Generator[None, None, None]]


def _kill(harm: Harm, number: int, *pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            harm.killed.add(pid)


def _a_child(harm: Harm) -> int:
    parts, worker = harm.parts, harm.fault.target
    family = [child.pid for child in parts.children(worker)] or [parts.pid(worker)]  # one that starts has no children
    return int(family[harm.fault.pick % len(family)])


def kill_child(harm: Harm) -> Generator[None, None, None]:
    _kill(harm, signal.SIGKILL, _a_child(harm))
    yield


def kill_parent(harm: Harm) -> Generator[None, None, None]:
    _kill(harm, signal.SIGKILL, harm.parts.pid(harm.fault.target))
    yield


def kill_host(harm: Harm) -> Generator[None, None, None]:
    children = [child.pid for child in harm.parts.children(harm.fault.target)]
    _kill(harm, signal.SIGKILL, harm.parts.pid(harm.fault.target), *children)
    yield


def terminate(harm: Harm) -> Generator[None, None, None]:
    _kill(harm, signal.SIGTERM, harm.parts.pid(harm.fault.target))
    yield


def stop(pid: int) -> Generator[None, None, None]:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    yield
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def stop_child(harm: Harm) -> Generator[None, None, None]:
    return stop(_a_child(harm))


def stop_parent(harm: Harm) -> Generator[None, None, None]:
    return stop(harm.parts.pid(harm.fault.target))


def cut(harm: Harm) -> Generator[None, None, None]:
    harm.parts.proxies[harm.fault.target].cut()
    yield


def forget(harm: Harm) -> Generator[None, None, None]:
    harm.parts.proxies[harm.fault.target].forget()
    yield


def tear(harm: Harm) -> Generator[None, None, None]:
    harm.parts.proxies[harm.fault.target].hold()
    yield
    harm.parts.proxies[harm.fault.target].release()


def slow(harm: Harm) -> Generator[None, None, None]:
    harm.parts.proxies[harm.fault.target].delay_s = 0.02 + harm.fault.pick / 10_000
    yield
    harm.parts.proxies[harm.fault.target].delay_s = 0.0


def kill_api_worker(harm: Harm) -> Generator[None, None, None]:
    _kill(harm, signal.SIGKILL, *(child.pid for child in psutil.Process(harm.parts.pid("api")).children()))
    yield


def kill_clients(harm: Harm) -> Generator[None, None, None]:
    harm.parts.redis.client_kill_filter(_type="normal", skipme=True)
    yield


def delete_messages(harm: Harm) -> Generator[None, None, None]:
    for queue in ("bulk", "interactive"):  # each has a list for each priority
        names = list(harm.parts.redis.scan_iter(f"{queue}*"))
        if names:
            harm.parts.redis.delete(*names)
    yield


def delete_wakeups(harm: Harm) -> Generator[None, None, None]:
    harm.parts.redis.delete("interactive", redis_keys.WAKEUPS)
    yield


def flush_scripts(harm: Harm) -> Generator[None, None, None]:
    for _ in range(20):  # also between the look and the leap of a pipeline
        harm.parts.redis.script_flush()
        time.sleep(0.01)
    yield


def poison(harm: Harm) -> Generator[None, None, None]:
    return _send(harm, KILLS, rows=2 + harm.fault.pick % 9)


def hang(harm: Harm) -> Generator[None, None, None]:
    return _send(harm, HANGS, rows=2)


def _send(harm: Harm, mark: str, rows: int) -> Generator[None, None, None]:
    lane = harm.fault.target
    order = Order(f"poison-{harm.fault.number}", rows, lane, {harm.fault.pick % rows: mark})
    harm.job_id = harm.client.submit(order, high=lane == "bulk")["id"]
    yield


def starve(harm: Harm) -> Generator[None, None, None]:
    used = harm.parts.redis.info("memory")["used_memory"]
    harm.parts.redis.config_set("maxmemory", max(used // 2, 1))
    yield
    while True:
        with suppress(RedisError):
            harm.parts.redis.config_set("maxmemory", 0)
            return
        time.sleep(0.1)


ACTIONS: dict[str, Action] = dict(
    zip(
        KINDS,
        (
            *(kill_child, kill_child, kill_parent, kill_host, terminate, stop_child, stop_parent),
            *(kill_parent, terminate, stop_parent),
            *(cut, tear, forget, slow),
            *(kill_parent, kill_api_worker),
            *(kill_clients, delete_messages, delete_wakeups, flush_scripts),
            *(poison, hang, starve),
        ),
        strict=True,
    )
)
