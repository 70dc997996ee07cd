"""How a worker's parent starts: it checks the data in Redis, then loads and warms the model, before it forks."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import structlog
from celery.exceptions import WorkerShutdown

from sentiq.core.errors import NewerData
from sentiq.core.redis import REDIS_AWAY
from sentiq.jobs import model_activation, schema
from worker import context
from worker.serving import find_model, freeze_memory, model_of_settings, serving, unmap_code

if TYPE_CHECKING:  # importing the engine loads OpenVINO, which Flower does not need
    from sentiq.engine import AnyStored

log = structlog.get_logger(__name__)


def start_parent(**_: object) -> None:
    """Get the model ready. Raises SystemExit where the data or the model cannot be used."""
    try:
        check_data()
    except REDIS_AWAY:
        pass  # the consumer checks again before it fetches the first message
    try:
        serving.start(_choose())
    except Exception as error:  # noqa: BLE001 -- Celery's signals would swallow it, and the worker run without a model
        log.error("the model cannot be used", reason=f"{type(error).__name__}: {error}")
        raise SystemExit(os.EX_CONFIG) from None
    freeze_memory()
    gc.enable()
    unmap_code()


def check_data() -> None:
    """Migrate older data in Redis. Raises REDIS_AWAY, and WorkerShutdown where they are newer than this worker."""
    try:
        schema.ensure(context.parent().redis)
    except NewerData as error:
        log.critical("this worker is too old for the data in Redis", reason=str(error))
        raise WorkerShutdown(os.EX_CONFIG) from None


def _choose() -> AnyStored:
    """Return the active model of the cluster if it is known and on this disk, else that of the settings."""
    from sentiq.engine import ModelError

    try:
        active = model_activation.read(context.parent().redis).active
        if active:
            return find_model(active)
    except REDIS_AWAY:
        pass  # model_switch.py brings the active model when Redis is back
    except ModelError as error:
        log.error("the active model is not here; serving that of the settings", reason=str(error))
    return model_of_settings()
