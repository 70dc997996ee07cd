"""Threads that share an engine take turns."""

from __future__ import annotations

import threading

from sentiq.engine.turns import Turns
from tests.support.processes import WAIT_S, wait_until


def test_who_waits_is_before_who_has_just_had_it() -> None:
    turns, order = Turns(), list[str]()

    def other() -> None:
        with turns:
            order.append("who waits")

    for _ in range(20):
        with turns:
            waiting = threading.Thread(target=other)
            waiting.start()
            wait_until(turns._next.locked, message="the other thread waits")
        with turns:
            order.append("who had it")
        waiting.join(WAIT_S)
    assert order == ["who waits", "who had it"] * 20


def test_an_error_gives_the_turn_away() -> None:
    turns = Turns()
    for _ in range(2):
        try:
            with turns:
                raise ValueError
        except ValueError:
            pass
    with turns:
        assert turns._turn.locked()
    assert not turns._turn.locked()
