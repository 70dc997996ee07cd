"""What the storm's engine says: of each text something else, so that a row with the answer of another text shows."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from sentiq.core.labels import DECIMALS
from sentiq.jobs.codec import SCALE

KILLS, RAISES, HANGS = "【崩溃】", "【异常】", "【挂起】"
BLANK = " "  #: of a row without a text

#: The code that a marked row has instead of an answer.
CODES = {KILLS: "killed_worker", HANGS: "killed_worker", RAISES: "inference_failed", BLANK: "empty_text"}


def answer(text: str) -> tuple[float, float]:
    """Two independent numbers of 16 bits: one in four thousand million texts has those of a given other one."""
    first, second = struct.unpack("<HH", hashlib.blake2b(text.encode(), digest_size=4).digest())
    return first / SCALE, second / SCALE


def shown(text: str) -> list[float]:
    """As rows show it."""
    return [round(p, DECIMALS) for p in answer(text)]


@dataclass(frozen=True, slots=True)
class Order:
    """A job of the storm: its texts can be told from its name, so that nobody has to keep them."""

    name: str  # also its idempotency key
    rows: int
    lane: str
    marks: dict[int, str] = field(default_factory=dict)  # of the rows that break something, or are blank
    at: float = 0.0  # share of the storm after which it is sent
    streamed: bool = False  # as NDJSON that arrives bit by bit

    def texts(self) -> Iterator[str]:
        for row in range(self.rows):
            mark = self.marks.get(row, "")
            yield BLANK if mark == BLANK else f"{self.name}的第{row}条评价{mark}"
