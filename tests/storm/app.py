"""The storm's worker app: `celery -A tests.storm.app worker …`. Everything but `Engine.classify` is the real thing.

`STORM_TEXT_S`: seconds that one text takes.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from sentiq.engine import Engine, LongTexts, Prediction
from tests.storm.answers import HANGS, KILLS, RAISES, answer
from worker.app import app

__all__ = ["app"]

_TEXT_S = float(os.environ.get("STORM_TEXT_S", "0.01"))


def _classify(self: Engine, texts: Sequence[str], long_texts: LongTexts = "truncate") -> list[Prediction]:
    time.sleep(len(texts) * _TEXT_S)
    for text in texts:
        if KILLS in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if RAISES in text:
            raise RuntimeError("marked text")
        if HANGS in text:
            time.sleep(3600)
    return [Prediction(answer(text), truncated=False) for text in texts]


Engine.classify = _classify  # type: ignore[method-assign]
