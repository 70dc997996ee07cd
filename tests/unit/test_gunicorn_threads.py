"""Requests are given to threads that are idle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from api.http.gunicorn_threads import Threads

WITHIN_S = 60


def noting(done: threading.Semaphore) -> Callable[[], None]:
    return lambda: done.release()


def test_no_request_waits_behind_one_that_takes_long() -> None:
    for _ in range(20):  # whatever the order in which threads come to run
        threads, done, go_on = Threads(3), threading.Semaphore(0), threading.Event()
        threads.submit(noting(done))
        assert done.acquire(timeout=WITHIN_S)
        for _ in range(2):
            threads.submit(partial(go_on.wait, WITHIN_S))
            threads.submit(noting(done))
            assert done.acquire(timeout=WITHIN_S)
        go_on.set()


def test_more_requests_than_threads_are_run_one_after_the_other() -> None:
    threads, done, go_on = Threads(2), threading.Semaphore(0), threading.Event()
    for _ in range(2):
        threads.submit(partial(go_on.wait, WITHIN_S))
    for _ in range(20):
        threads.submit(noting(done))
    assert not done.acquire(timeout=0.05)
    go_on.set()
    for _ in range(20):
        assert done.acquire(timeout=WITHIN_S)
