"""A worker app whose engine breaks on marked texts and is slow with models called `slow…`, as no real one is on demand.

Run by `tests.support.programs.worker`; everything but `Engine.classify` is the real thing.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from sentiq.engine import Engine, LongTexts, Prediction
from tests.support.programs import SLOW_TEXT_S
from worker.app import app

__all__ = ["app"]

_classify = Engine.classify
_kept: list[bytes] = []


def _breaking_classify(self: Engine, texts: Sequence[str], long_texts: LongTexts = "truncate") -> list[Prediction]:
    if self.manifest.id.startswith("slow"):
        time.sleep(SLOW_TEXT_S * len(texts))
    for text in texts:
        if "【崩溃】" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "【异常】" in text:
            raise RuntimeError(f"cannot read {text}")  # as libraries do that quote their input
        if "【挂起】" in text:
            time.sleep(3600)
        if "【迟缓】" in text:
            time.sleep(5)
        if "【等待】" in text:
            while not Path(text.partition("【等待】")[2]).exists():
                time.sleep(0.05)
        if "【膨胀】" in text:
            _kept.append(os.urandom(200 * 2**20))
    return _classify(self, texts, long_texts)


Engine.classify = _breaking_classify  # type: ignore[method-assign]
