"""Load, warm, freeze, fork, prove: how a worker comes to serve its model.

The parent loads and warms the model before it forks, so that its children share the weights and the kernels, and
freezes the garbage collector, or the first collection in a child would copy every page of Python objects. Each child
then proves with one inference that the model survived the fork; only after that does Celery give it work. Children of
the bulk lane run at a lower priority, so that on a busy machine an interactive text waits for the scheduler, not for a
chunk.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import signal
from typing import TYPE_CHECKING

import structlog
from billiard.process import current_process
from celery import current_app
from celery.exceptions import WorkerShutdown
from celery.signals import worker_init, worker_process_init

from jobs import activation, schema
from jobs.connection import REDIS_AWAY
from jobs.errors import NewerData
from jobs.models import Lane
from jobs.settings import BUNDLED_MODEL, current
from worker import context, metrics, models, renewal

if TYPE_CHECKING:  # importing the engine loads OpenVINO, which Flower does not need
    from engine import Engine, ModelManifest
    from engine.registry import StoredModel

EX_CONFIG = 78  #: exit code for settings, data or a model that cannot be used (sysexits.h)
EX_SOFTWARE = 70  #: exit code of a child that could not prove itself
PROOF_TIMEOUT_S = 20  #: a child that hangs in its first inference is ended after this time
PROOFS_TRIED = 5  #: children in a row that may fail their proof before the worker gives up

log = structlog.get_logger(__name__)
_engine: Engine | None = None
_manifest: ModelManifest | None = None
_next: Engine | None = None  # loaded and warm, in the parent that is to go over to it
_fallback: Engine | None = None  # the bundled model, where it may have to stand in
_preparing = False
_unloaded = False  # in the parent, and in the children it then forks
# Shared with the children: how many in a row began their proof without passing it.
_unproven = ctypes.c_uint64.from_buffer(mmap.mmap(-1, mmap.PAGESIZE))


def engine(model: str = "") -> Engine:
    """The engine of this process for a model: `id`, `id@version`, or "" for the one the worker serves.

    Raises ModelError when another model cannot be loaded.
    """
    if model in ("", manifest().id, manifest().name):
        return _engine or models.another(manifest().name)  # after an idle time the parent has none to share
    return models.another(model)


def manifest() -> ModelManifest:
    """What this worker serves."""
    assert _manifest is not None, "the manifest is read by worker_init"
    return _manifest


def may_degrade() -> bool:
    """This worker's children hold the bundled model beside the one they serve."""
    return lane() is Lane.INTERACTIVE and current().degrade_above_s > 0


def fallback() -> Engine:
    """In a worker that may degrade: the bundled model."""
    return _fallback or models.another(BUNDLED_MODEL)  # children of an idle parent may have loaded none


def prepare(name: str) -> None:
    """Load and warm a model beside the one that serves. Raises ModelError."""
    global _next, _preparing
    _preparing = True
    try:
        _next = _load(models.find(name))
    finally:
        _preparing = False


def preparing() -> bool:
    """A thread loads a model: a child forked now might inherit a lock that nobody opens."""
    return _preparing


def take_over() -> bool:
    """The prepared model replaces the one that served; False when there is none."""
    global _engine, _manifest, _next, _unloaded
    if _next is None:
        return False
    _engine, _manifest, _next, _unloaded = _next, _next.manifest, None, False
    gc.collect()
    gc.freeze()
    return True


def unload() -> None:
    """Give the memory of the model back; children forked from now on load it themselves if they are asked first."""
    global _engine, _unloaded
    _engine, _unloaded = None, True
    gc.unfreeze()
    gc.collect()


def loaded() -> bool:
    """The model was not unloaded."""
    return not _unloaded


def lane() -> Lane:
    """The lane whose queue this worker consumes."""
    return Lane.INTERACTIVE if Lane.INTERACTIVE in current_app.amqp.queues.consume_from else Lane.BULK


def connect_signals() -> None:
    worker_init.connect(_load_in_parent, weak=False)
    worker_process_init.connect(_prove_in_child, weak=False)


def children_keep_failing() -> bool:
    """No child passes its proof: forking more of them is pointless."""
    return _unproven.value >= PROOFS_TRIED


def _load(stored: StoredModel) -> Engine:
    loaded = models.load(stored)
    log.info("model warm", model=loaded.manifest.name, shapes=loaded.warm())
    return loaded


def _chosen() -> StoredModel:
    """The active model of the cluster if it can be told and is here, else that of the settings."""
    from engine import ModelError

    try:
        active = activation.read(context.parent().redis).active
        if active:
            return models.find(active)
    except REDIS_AWAY:
        pass  # the switch brings the active model when Redis is back
    except ModelError as error:
        log.error("the active model is not here; serving that of the settings", reason=str(error))
    return models.find(current().model)


def check_data() -> None:
    """Carry older data in Redis over. Raises REDIS_AWAY, and WorkerShutdown where they are newer than this worker."""
    try:
        schema.ensure(context.parent().redis)
    except NewerData as error:
        log.critical("this worker is too old for the data in Redis", reason=str(error))
        raise WorkerShutdown(EX_CONFIG) from None


def _load_in_parent(**_: object) -> None:
    global _engine, _manifest, _fallback
    settings = current()
    try:
        check_data()
    except REDIS_AWAY:
        pass  # it is checked before the first message is fetched (worker/alive.py)
    try:
        stored = _chosen()
        _manifest = stored.manifest
        if settings.engine_load == "parent":
            _engine = _load(stored)
            if may_degrade():
                _fallback = _load(models.find(BUNDLED_MODEL))
    except Exception as error:  # noqa: BLE001 -- Celery's signals would swallow it, and the worker run without a model
        log.error("the model cannot be used", reason=f"{type(error).__name__}: {error}")
        raise SystemExit(EX_CONFIG) from None
    gc.collect()
    gc.freeze()


def _prove_in_child(**_: object) -> None:
    global _engine, _fallback
    renewal.born()
    metrics.born(current_process().index)
    _unproven.value += 1
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PROOF_TIMEOUT_S)
    try:
        if current().engine_load == "child" and not _unloaded:
            _engine = _load(models.find(manifest().name))
            if may_degrade():
                _fallback = _load(models.find(BUNDLED_MODEL))
        if _engine is not None:  # else it was unloaded
            _engine.prove()
    except Exception as error:  # noqa: BLE001 -- whatever it is, this child must not take work
        log.error("this child cannot use the model", reason=str(error), remedy="set SENTIQ_ENGINE_LOAD=child")
        os._exit(EX_SOFTWARE)
    signal.alarm(0)
    _unproven.value = 0
    if lane() is Lane.BULK:
        os.nice(current().bulk_nice)  # only children step back: the parent renews leases and must be prompt
    metrics.metrics().children_started.labels(lane()).inc()
    log.info("child warm", pid=os.getpid())
