"""The load under which the storm passes: it is spread over the storm, however long that takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from tests.storm.answers import Order
from tests.storm.client import Client, Ledger, NoAnswer
from tests.storm.plan import Plan
from tests.storm.verify import check_rows

REQUEST_THREADS = 8
JOB_THREADS = 3


class Load:
    """Threads that send what the plan has, when `progress()`, from 0 to 1, says that its time has come."""

    def __init__(self, plan: Plan, url: str, ledger: Ledger, progress: Callable[[], float]) -> None:
        self._url, self._ledger, self._progress = url, ledger, progress
        self.took_s: list[float] = []  # of each request, until it was accepted or answered
        self._threads = [
            *self._start(JOB_THREADS, plan.jobs, lambda client, order: client.submit(order)),
            *self._start(REQUEST_THREADS, plan.requests, self._request),
        ]

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _start(
        self, count: int, orders: Iterable[Order], send: Callable[[Client, Order], object]
    ) -> list[threading.Thread]:
        shared = _Shared(iter(orders))
        threads = [threading.Thread(target=self._run, args=(shared, send), daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads

    def _run(self, orders: _Shared, send: Callable[[Client, Order], object]) -> None:
        client = Client(self._url, self._ledger)
        for order in orders:
            while self._progress() < order.at:
                time.sleep(0.05)
            try:
                send(client, order)
            except NoAnswer as error:
                self._ledger.complain(f"no answer: {error}")
        client.close()

    def _request(self, client: Client, order: Order) -> None:
        started = time.monotonic()
        job = client.submit(order, wait_s=10)
        self.took_s.append(time.monotonic() - started)
        if "results" in job:
            for fault in check_rows(order, job["results"]["data"]):
                self._ledger.complain(fault)


class _Shared:
    """An iterator for several threads."""

    def __init__(self, orders: Iterator[Order]) -> None:
        self._orders, self._lock = orders, threading.Lock()

    def __iter__(self) -> Iterator[Order]:
        while True:
            with self._lock:
                order = next(self._orders, None)
            if order is None:
                return
            yield order
