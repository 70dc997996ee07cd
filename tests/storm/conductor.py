"""Lets the faults happen in the order of the plan, and measures how long each is felt.

Faults overlap wherever they cannot be mistaken for each other: one of a worker waits only for that worker and for the
answer of its lane; one that everybody feels waits until all parts are whole. A worker counts as whole by its processes
and its heartbeat: whether each one fetches work again, the probe of its lane cannot tell.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from redis import RedisError

from tests.storm.answers import Order
from tests.storm.client import Client, Ledger, NoAnswer
from tests.storm.faults import ACTIONS, Harm
from tests.storm.parts import Parts
from tests.storm.plan import WORKERS, Fault
from tests.storm.verify import check_rows

GIVE_UP_S = 120.0
LANES = ("bulk", "interactive")
PARTS = ("redis", "api", *WORKERS)


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds from the beginning of a fault, its own duration included; None when it was given up."""

    fault: Fault
    answers_s: float | None  # until a probe that was sent when it began was answered, on each lane it touches
    whole_s: float | None  # until all processes were there again, and warm


class Conductor:
    def __init__(self, faults: Iterable[Fault], parts: Parts, ledger: Ledger) -> None:
        self._faults = tuple(faults)
        self._parts, self._ledger = parts, ledger
        self.begun = 0
        self.recoveries: list[Recovery] = []
        self._taken: set[str] = set()  # lanes and parts that a fault has for itself
        self._changed = threading.Condition()

    def progress(self) -> float:
        return self.begun / len(self._faults)

    def run(self, tell: Callable[[str], None]) -> None:
        """Returns when the last fault is over. `tell` gets a line now and then."""
        told_at, started = time.monotonic(), time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            futures: list[Future[None]] = []
            for fault in self._faults:
                needed = self._touched(fault)
                self._take(needed)
                time.sleep(fault.pause_s)
                self.begun += 1
                futures.append(pool.submit(self._guarded, fault, needed))
                if time.monotonic() - told_at > 30:
                    told_at = time.monotonic()
                    jobs = len(self._ledger.accepted)
                    tell(f"{self.begun} faults in {told_at - started:.0f} s, {jobs} jobs accepted")
            for future in futures:
                future.result()
        self.begun = len(self._faults)

    @staticmethod
    def _touched(fault: Fault) -> set[str]:
        if fault.target in WORKERS:
            return {fault.target, fault.target.partition("-")[0]}
        if fault.target in LANES:
            return {fault.target}
        if fault.target == "lanes":
            return set(LANES)
        return {*LANES, *PARTS}

    def _take(self, needed: set[str]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not needed & self._taken)
            self._taken |= needed

    def _give_back(self, names: set[str]) -> None:
        with self._changed:
            self._taken -= names
            self._changed.notify_all()

    def _guarded(self, fault: Fault, taken: set[str]) -> None:
        try:
            self._suffer(fault, taken)
        except Exception as error:  # noqa: BLE001 -- the storm goes on, and its verdict tells
            self._ledger.complain(f"not mended: fault {fault}: {type(error).__name__}: {error}")
        finally:
            self._give_back(taken)

    def _suffer(self, fault: Fault, taken: set[str]) -> None:
        client = Client(self._parts.api_url, self._ledger)
        harm = Harm(self._parts, client, fault)
        lanes = sorted(taken & set(LANES))
        with ThreadPoolExecutor(len(lanes)) as pool:
            action = ACTIONS[fault.kind](harm)
            began = time.monotonic()
            next(action)
            probes = [pool.submit(self._probe, fault, lane, began) for lane in lanes]
            time.sleep(fault.lasts_s)
            next(action, None)
            answered = [probe.result() for probe in probes]
        if "redis" not in taken:
            self._give_back(taken & set(LANES))  # the lane answers: another of its workers may suffer now
            taken -= set(LANES)
        whole = self._wait_whole(harm, began, sorted(taken & set(PARTS)))
        client.close()
        answers = max(s for s in answered if s is not None) if None not in answered else None
        self.recoveries.append(Recovery(fault, answers, whole))
        if answers is None or whole is None:
            self._ledger.complain(f"not mended: fault {fault}, within {GIVE_UP_S:.0f} s")

    def _probe(self, fault: Fault, lane: str, began: float) -> float | None:
        order = Order(f"probe-{fault.number}-{lane}", 1, lane)
        client = Client(self._parts.api_url, self._ledger)
        try:
            job = client.submit(order, wait_s=30, high=lane == "bulk")
            if "results" not in job:
                client.wait_ended(job["id"])
                job["results"] = {"data": list(client.rows(job["id"]))}
        except NoAnswer as error:
            self._ledger.complain(f"no answer: fault {fault}: {error}")
            return None
        finally:
            client.close()
        for wrong in check_rows(order, job["results"]["data"]):
            self._ledger.complain(wrong)
        return time.monotonic() - began

    def _wait_whole(self, harm: Harm, began: float, names: list[str]) -> float | None:
        conditions = [self._parts.whole(name, frozenset(harm.killed)) for name in names]
        if harm.job_id:
            conditions.append(lambda: harm.client.job(harm.job_id)["ended_at"] is not None)
        while conditions:
            if time.monotonic() - began > GIVE_UP_S:
                return None
            conditions = [condition for condition in conditions if not self._holds(condition)]
            time.sleep(0.05)
        return time.monotonic() - began

    @staticmethod
    def _holds(condition: Callable[[], bool]) -> bool:
        try:
            return condition()
        except (NoAnswer, RedisError):
            return False
