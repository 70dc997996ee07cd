"""When a worker counts as stalled."""

from __future__ import annotations

from worker.parent.watchdog import LOOK_COUNTS_S, StallTimer


def test_it_lasts_while_messages_wait_beside_idle_children() -> None:
    stall = StallTimer(0)

    assert stall.elapsed_s(1, waiting=3, idle=2, received=7) == 0, "it has just begun seven tasks"
    assert stall.elapsed_s(2, waiting=3, idle=2, received=7) == 1
    assert stall.elapsed_s(4, waiting=1, idle=1, received=7) == 3


def test_a_slow_event_loop_is_no_stall() -> None:
    stall = StallTimer(0)
    stall.elapsed_s(1, waiting=3, idle=1, received=7)

    for look in range(1, 5):
        assert stall.elapsed_s(1 + 9 * look, waiting=3, idle=1, received=7) == look * LOOK_COUNTS_S


def test_progress_or_no_reason_to_fetch_ends_it() -> None:
    for better in ({"waiting": 0}, {"idle": 0}, {"received": 8}):
        stall = StallTimer(0)
        stall.elapsed_s(1, waiting=3, idle=2, received=7)
        stall.elapsed_s(2, waiting=3, idle=2, received=7)
        assert stall.elapsed_s(3, **{"waiting": 3, "idle": 2, "received": 7} | better) == 0
