"""How a child starts: it proves with one inference that the model survived the fork, before it is given work.

The model itself is warm already: the parent loaded it before the fork (serving.py).
"""

from __future__ import annotations

import os
import signal

import structlog

from sentiq.core.settings import current
from sentiq.jobs.types import Lane
from worker import context
from worker.child.retirement import after_fork
from worker.metrics import metrics
from worker.serving import serving
from worker.shared_memory import shared

PROOF_TIMEOUT_S = 20  #: a child that hangs in its first inference is ended after this time

log = structlog.get_logger(__name__)


def start_child(**_: object) -> None:
    """Prove the model and join the pool; end the process where it cannot be used.

    Children of the bulk lane run at a lower priority, so that on a busy machine an interactive text waits for the
    scheduler and not for a chunk. The parent keeps its priority, as it must renew leases in time.
    """
    after_fork()
    shared.unproven += 1
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PROOF_TIMEOUT_S)
    try:
        serving.prove()
    except Exception as error:  # noqa: BLE001 -- whatever it is, this child must not take work
        log.error("this child cannot use the model", reason=str(error), remedy="set SENTIQ_ENGINE_LOAD=child")
        os._exit(os.EX_SOFTWARE)
    signal.alarm(0)
    shared.unproven = 0
    lane = context.consumed_lane()
    if lane is Lane.BULK:
        os.nice(current().bulk_nice)
    metrics().children_started.labels(lane).inc()
    log.info("child warm", pid=os.getpid())
