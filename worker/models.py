"""The models on this worker's disk: listed for everybody, loaded when a job asks for another than the one served."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import structlog

from jobs import models
from jobs.settings import current
from worker import metrics

if TYPE_CHECKING:  # importing the engine loads OpenVINO, which Flower does not need
    from engine import Engine
    from engine.registry import StoredModel

#: Other models that a child keeps loaded. Their memory is its own: only the served model is shared.
OTHERS_KEPT = 1

log = structlog.get_logger(__name__)


def find(name: str) -> StoredModel:
    """Raises ModelError that lists what there is."""
    from engine.registry import find_model

    return find_model(current().model_roots, name)


def load(stored: StoredModel) -> Engine:
    """Not yet warm. Raises ModelError."""
    from engine import Engine

    settings = current()
    return Engine.load(
        stored.directory,
        backend=settings.backend,
        token_budget=settings.token_budget,
        observer=metrics.observe,
    )


@lru_cache(maxsize=OTHERS_KEPT)
def another(name: str) -> Engine:
    """A model beside the served one, for the jobs that ask for it. Its shapes warm up as they are met."""
    engine = load(find(name))
    log.info("loaded another model in a child", model=engine.manifest.name)
    return engine


def stored() -> tuple[models.StoredModel, ...]:
    """All models that this worker could load with its backend, the newest version of each id first."""
    from engine.registry import list_models, measured

    settings = current()
    found, problems = list_models(settings.model_roots)
    for problem in problems:
        log.warning("a model is left out", reason=problem)
    proofs = {model.directory: measured(model) for model in found}
    return tuple(
        models.StoredModel(
            id=model.manifest.id,
            version=model.manifest.version,
            labels=model.manifest.labels,
            max_tokens=model.manifest.max_tokens,
            precision=model.manifest.backends[settings.backend],
            source=model.manifest.source,
            accuracy=proof.accuracy if (proof := proofs[model.directory]) else None,
            tested_on=proof.texts if proof else None,
        )
        for model in found
        if settings.backend in model.manifest.backends
    )
