"""Replaces a child that ended at once. Celery itself looks only every five seconds."""

from __future__ import annotations

import os
from typing import Any

import structlog

from worker.parent.children import Children
from worker.parent.parent_step import OFTEN_S, ParentStep
from worker.parent.renewal import Renewal
from worker.serving import serving
from worker.shared_memory import shared

PROOFS_TRIED = 5  #: children in a row that may fail their proof before the worker gives up

log = structlog.get_logger(__name__)


class PoolMaintainer(ParentStep):
    """Worker bootstep that keeps as many children as there should be, and renews them when that is asked for."""

    interval_s = OFTEN_S

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self.renewal = Renewal()

    def tick(self, parent: Any) -> None:
        if shared.unproven >= PROOFS_TRIED:  # to fork more of them is pointless
            log.critical("no child can use the model after the fork: giving up", remedy="SENTIQ_ENGINE_LOAD=child")
            raise SystemExit(os.EX_SOFTWARE)
        if serving.is_preparing:
            return
        children = Children(parent.pool)
        self.renewal.step(children)
        children.maintain()
