"""When the interactive lane is overloaded, and when no longer: a policy that reads no clock itself."""

from __future__ import annotations

from dataclasses import dataclass

HALF_LIFE_S = 5.0  #: after which a measured arrival rate has half of its weight
CALM_S = 10.0  #: arrivals must have been bearable for so long
BEARABLE = 0.8  #: share of the model's capacity that leaves it room to catch up
#: The model's capacity is not measured while it is not asked, and may be underestimated: after this time the model is
#: tried again in any case, and when that was too early, after twice the time.
RETRY_S = 120.0
RETRY_MOST_S = 1_920.0


@dataclass(frozen=True, slots=True)
class Load:
    """The interactive lane at one moment."""

    at_s: float  # of one monotonic clock
    waiting: float  # rows that no child has taken
    arrived: int  # rows so far, counted from any fixed moment
    capacity: float | None  # rows a second that all children can answer with the model; None: not known


class Overload:
    """Decides whether texts wait too long, with hysteresis.

    An overload begins when a text that comes now would wait longer than `limit_s` for the model. While it lasts the
    model is not asked, so an empty queue proves nothing: it ends when the model could have borne the arrivals for some
    time, or for a trial.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._last: Load | None = None
        self._arrived = self._span_s = 0.0  # fading sums; their ratio is the rate
        self._unbearable_at_s = float("-inf")
        self._began_at_s, self._retry_s = 0.0, RETRY_S
        self.is_active = False

    def update(self, load: Load) -> bool:
        """Take a new load into account; return whether the lane is overloaded."""
        per_second = self._rate(load)
        if not load.capacity:
            return self.is_active
        wait_s = load.waiting / load.capacity
        if wait_s > self._limit_s / 2 or per_second > BEARABLE * load.capacity:
            self._unbearable_at_s = load.at_s
        if wait_s > self._limit_s:
            self._began_at_s = self._began_at_s if self.is_active else load.at_s
            self.is_active = True
        elif load.at_s - self._unbearable_at_s > CALM_S:
            self.is_active, self._retry_s = False, RETRY_S
        elif self.is_active and load.at_s - self._began_at_s > self._retry_s:
            self.is_active, self._retry_s = False, min(2 * self._retry_s, RETRY_MOST_S)
        return self.is_active

    def _rate(self, load: Load) -> float:
        """Return the recent arrivals, in rows a second."""
        last, self._last = self._last, load
        if last is None or load.at_s <= last.at_s:
            return 0.0
        elapsed_s = load.at_s - last.at_s
        fading = 0.5 ** (elapsed_s / HALF_LIFE_S)
        arrived = max(0, load.arrived - last.arrived)  # Redis may have been emptied
        self._arrived = self._arrived * fading + arrived
        self._span_s = self._span_s * fading + elapsed_s
        return self._arrived / self._span_s
