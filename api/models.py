"""The models that the workers have: one active, the others for the jobs that ask for them."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from api.schemas import ModelList, StoredModelDocument, problems
from api.services import services
from jobs.cluster import Heartbeat, live_workers
from jobs.models import StoredModel

blueprint = APIBlueprint("models", __name__, url_prefix="/api/v1/models", abp_tags=[Tag(name="models")])


@blueprint.get("", responses={200: ModelList, **problems(503)})
def models() -> Response:
    """Every model that a live worker could load, by id, the newest version first."""
    listed = ModelList(data=_documents(live_workers(services().redis)))
    return Response(listed.model_dump_json(), mimetype="application/json")


def _documents(workers: list[Heartbeat]) -> list[StoredModelDocument]:
    holders: dict[StoredModel, list[str]] = {}
    for worker in workers:
        for model in worker.stored:
            holders.setdefault(model, []).append(worker.worker)
    active = {(worker.model, worker.model_version) for worker in workers}
    return [
        StoredModelDocument(
            id=model.id,
            version=model.version,
            labels=list(model.labels),
            max_tokens=model.max_tokens,
            precision=model.precision,
            source=model.source,
            active=(model.id, model.version) in active,
            workers=names,
        )
        for model, names in sorted(holders.items(), key=lambda item: item[0].id)  # stable: workers list newest first
    ]
