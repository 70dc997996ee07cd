"""A worker app whose children need longer for their start than messages may wait beside idle ones.

Run by `tests.support.programs.worker`.
"""

from __future__ import annotations

import time

from worker.app import app
from worker.parent import watchdog
from worker.serving import serving

__all__ = ["app"]

watchdog.STALLED_AFTER_S = 3
_prove = serving.prove


def _prove_late() -> None:
    time.sleep(8)
    _prove()


serving.prove = _prove_late  # type: ignore[method-assign]
