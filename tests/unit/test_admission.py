"""Admission must not make requests wait for one another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from api.admission import Admission
from sentiq.core.redis import REDIS_AWAY
from sentiq.core.settings import Settings
from sentiq.jobs.types import Lane


class SilentRedis(Redis):
    """A Redis that is away, and takes its time to show it."""

    asked = threading.Event()
    given_up = threading.Event()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.asked.set()
        assert self.given_up.wait(20)
        raise REDIS_AWAY[1]


def test_who_comes_while_another_looks_goes_on() -> None:
    redis, settings = SilentRedis(), Settings()
    admission = Admission(redis, settings)
    with ThreadPoolExecutor(1) as first:
        looking = first.submit(admission.check, Lane.INTERACTIVE)
        assert redis.asked.wait(20)

        admission.check(Lane.INTERACTIVE)  # does not wait

        redis.given_up.set()
        with pytest.raises(REDIS_AWAY):
            looking.result()
