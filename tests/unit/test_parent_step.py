"""A step of the parent has one timer while it runs, and none after its end. With kombu's own timer."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from kombu.asynchronous.timer import Timer

from worker.app import app
from worker.parent.parent_step import ParentStep


class Step(ParentStep):
    interval_s = 0.001

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.ticks = 0

    def tick(self, parent: Any) -> None:
        self.ticks += 1


class Hub:
    """The part of kombu's hub that steps use; it has no file descriptors."""

    def __init__(self) -> None:
        self._timer: Any = Timer()  # type: ignore[no-untyped-call]

    def call_repeatedly(self, interval_s: float, function: Any, *arguments: object) -> Any:
        return self._timer.call_repeatedly(interval_s, function, arguments)

    def live_timers(self) -> int:
        return sum(not scheduled.entry.canceled for scheduled in self._timer.queue)

    def turn(self) -> None:
        """Call what is due, a few times."""
        for _ in range(3):
            time.sleep(0.002)
            for _, entry in self._timer:
                if entry is None:
                    break
                entry()


@pytest.mark.parametrize("end", ["stop", "terminate", "shutdown"])
def test_it_ticks_until_its_end(end: str) -> None:
    hub, step = Hub(), Step(None)
    step.register_with_event_loop(None, hub)
    hub.turn()
    ticks = step.ticks
    assert ticks > 1

    getattr(step, end)(None)
    hub.turn()

    assert step.ticks == ticks
    assert hub.live_timers() == 0


def test_a_reconnect_leaves_one_timer() -> None:
    hub, step = Hub(), Step(None)
    for _ in range(3):
        step.register_with_event_loop(None, hub)
    assert hub.live_timers() == 1


def test_it_ends_without_having_begun() -> None:
    Step(None).stop(None)


@pytest.mark.parametrize("step", sorted(app.steps["worker"] | app.steps["consumer"], key=str), ids=str)
def test_each_step_of_the_worker_cancels_its_timer_when_it_stops(step: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert issubclass(step, ParentStep)
    hub, made = Hub(), step.__new__(step)
    ParentStep.__init__(made, None)
    ParentStep.register_with_event_loop(made, SimpleNamespace(), hub)
    assert hub.live_timers() == 1

    try:
        made.stop(SimpleNamespace())
    except AttributeError:
        pass  # what the step does besides needs a worker: the timer must be gone by then

    assert hub.live_timers() == 0
