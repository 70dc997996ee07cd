"""What will happen, from the seed alone: the same seed gives the same faults and the same load."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.storm.answers import BLANK, RAISES, Order

BULK, INTERACTIVE = ("bulk-1", "bulk-2"), ("interactive-1", "interactive-2")
WORKERS = BULK + INTERACTIVE

PAUSE_S = 0.3  #: mean pause before a fault
BULK_ROWS_FROM = 70  #: more than the interactive lane takes
BULK_ROWS_TO = 4_000


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of fault."""

    weight: int  # how often, against the others; 0: only when asked for
    targets: tuple[str, ...]
    lasts_s: tuple[float, float] = (0.0, 0.0)


KINDS = {
    "SIGKILL bulk child": Kind(220, BULK),
    "SIGKILL interactive child": Kind(220, INTERACTIVE),
    "SIGKILL worker, children orphaned": Kind(50, WORKERS),
    "SIGKILL worker and children": Kind(50, WORKERS),
    "SIGTERM worker": Kind(45, WORKERS),
    "SIGSTOP child": Kind(60, WORKERS, (0.5, 4)),
    "SIGSTOP worker beyond its lease": Kind(25, WORKERS, (3.5, 7)),
    "SIGKILL Redis": Kind(16, ("redis",)),
    "SIGTERM Redis": Kind(14, ("redis",)),
    "SIGSTOP Redis": Kind(16, ("redis",), (0.5, 5)),
    "connections cut": Kind(85, (*WORKERS, "api")),
    "network torn": Kind(35, (*WORKERS, "api"), (1, 6)),
    "connections forgotten (half-open)": Kind(8, (*WORKERS, "api")),
    "slow network": Kind(30, (*WORKERS, "api"), (1, 4)),
    "SIGKILL API master": Kind(16, ("api",)),
    "SIGKILL API worker": Kind(20, ("api",)),
    "CLIENT KILL all": Kind(25, ("redis",)),
    "messages deleted": Kind(40, ("lanes",)),
    "wake-ups deleted": Kind(35, ("lanes",)),
    "SCRIPT FLUSH": Kind(30, ("lanes",)),
    "text that kills its child": Kind(40, ("bulk", "interactive")),
    "text that hangs": Kind(4, ("bulk", "interactive")),
    "maxmemory below what is used": Kind(10, ("redis",), (1, 2)),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the plan."""

    number: int
    kind: str
    target: str
    pause_s: float  # before it
    lasts_s: float
    pick: int  # chooses one of several processes

    def __str__(self) -> str:
        lasts = f" for {self.lasts_s:.1f} s" if self.lasts_s else ""
        return f"{self.number:4} after {self.pause_s:.2f} s  {self.kind}: {self.target}{lasts}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one storm does."""

    seed: int
    faults: tuple[Fault, ...]
    jobs: tuple[Order, ...]
    requests: tuple[Order, ...]


def plan(seed: int, faults: int, rows: int, requests: int, only: tuple[str, ...] = ()) -> Plan:
    """`only` names the kinds of fault to have, instead of all that have a weight."""
    rng = random.Random(seed)
    kinds = list(only) or [name for name, kind in KINDS.items() if kind.weight]
    weights = [max(KINDS[name].weight, 1) for name in kinds]
    chosen = kinds[:faults] + rng.choices(kinds, weights, k=max(faults - len(kinds), 0))  # each kind at least once
    rng.shuffle(chosen)
    return Plan(
        seed,
        tuple(_fault(rng, number, name) for number, name in enumerate(chosen, 1)),
        tuple(_jobs(rng, rows)),
        tuple(_request(rng, number, requests) for number in range(requests)),
    )


def _fault(rng: random.Random, number: int, name: str) -> Fault:
    kind = KINDS[name]
    pause_s = min(rng.expovariate(1 / PAUSE_S), 5 * PAUSE_S)
    return Fault(number, name, rng.choice(kind.targets), pause_s, rng.uniform(*kind.lasts_s), rng.randrange(1_000))


def _jobs(rng: random.Random, rows: int) -> list[Order]:
    sizes: list[int] = []
    while (left := rows - sum(sizes)) > 0:
        size = min(round(BULK_ROWS_FROM * (BULK_ROWS_TO / BULK_ROWS_FROM) ** rng.random()), left)
        sizes.append(size if left - size >= BULK_ROWS_FROM or size == left else left)
    orders = [
        Order(
            f"job-{number}",
            size,
            "bulk",
            marks={rng.randrange(size): RAISES} if rng.random() < 0.1 else {},
            at=number / len(sizes),
            streamed=rng.random() < 0.5,
        )
        for number, size in enumerate(sizes)
    ]
    # Only lines may be blank: a list in JSON with a blank text is refused.
    return [replace(o, marks={o.rows // 2: BLANK} | o.marks) if o.streamed else o for o in orders]


def _request(rng: random.Random, number: int, requests: int) -> Order:
    marks = {0: RAISES} if rng.random() < 0.01 else {}
    return Order(f"request-{number}", 1, "interactive", marks, at=number / requests)
