"""When a worker counts as stalled."""

from __future__ import annotations

from worker.parent.watchdog import StallTimer


def test_it_lasts_while_messages_wait_beside_idle_children() -> None:
    stall = StallTimer(0)

    assert stall.elapsed_s(1, waiting=3, idle=2, received=7) == 0, "it has just begun seven tasks"
    assert stall.elapsed_s(5, waiting=3, idle=2, received=7) == 4
    assert stall.elapsed_s(9, waiting=1, idle=1, received=7) == 8


def test_progress_or_no_reason_to_fetch_ends_it() -> None:
    for better in ({"waiting": 0}, {"idle": 0}, {"received": 8}):
        stall = StallTimer(0)
        stall.elapsed_s(1, waiting=3, idle=2, received=7)
        assert stall.elapsed_s(20, **{"waiting": 3, "idle": 2, "received": 7} | better) == 0
