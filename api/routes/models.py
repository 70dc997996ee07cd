"""Lists the models of the workers, and activates another one."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import Tag

from api.http.auth import operator_only
from api.http.blueprint import Blueprint
from api.http.bodies import parse_json
from api.schemas.common import body_of, problems
from api.schemas.models import ActivationDocument, ActivationRequest, ModelList, StoredModelDocument
from api.services import services
from sentiq.jobs import model_activation
from sentiq.jobs.types import StoredModel
from sentiq.jobs.workers import Heartbeat, live_workers

blueprint = Blueprint("models", __name__, url_prefix="/api/v1/models", abp_tags=[Tag(name="models")])


@blueprint.get("", responses={200: ModelList, **problems(422, 503)})
def list_models() -> Response:
    """Every model that a live worker could load, by id, the newest version first."""
    listed = ModelList(data=_documents(live_workers(services().redis)))
    return Response(listed.model_dump_json(), mimetype="application/json")


@blueprint.get("/activation", responses={200: ActivationDocument, **problems(422, 503)})
def get_activation() -> Response:
    """The active model, the candidate being tried, and why the last candidate was dropped."""
    return _activation()


@blueprint.post(
    "/activation",
    responses={202: ActivationDocument, **problems(400, 413, 415, 422, 503)},
    openapi_extensions=body_of(ActivationRequest),
)
def activate_model() -> Response:
    """Go over to another model: every live worker tries it, then all serve it. For operators, with a bearer token."""
    operator_only()
    asked = parse_json(ActivationRequest)
    model_activation.propose(services().redis, asked.model, live_workers(services().redis))
    return _activation(202)


def _activation(status: int = 200) -> Response:
    decided = model_activation.read(services().redis)
    document = ActivationDocument(
        active=decided.active or None, candidate=decided.candidate or None, error=decided.error or None
    )
    return Response(document.model_dump_json(), status, mimetype="application/json")


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
            accuracy=model.accuracy,
            tested_on=model.tested_on,
            active=(model.id, model.version) in active,
            workers=names,
        )
        for model, names in sorted(holders.items(), key=lambda item: item[0].id)  # stable: workers list newest first
    ]
