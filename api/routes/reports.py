"""Serves what a job says to people: what to mend first."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from api.export.report.asking import Asking
from api.routes.views import slice_of
from api.schemas.common import problems
from api.schemas.findings import Findings
from api.schemas.jobs import JobPath
from api.schemas.results import SliceQuery
from api.services import services
from sentiq.core.errors import JobNotEnded

blueprint = APIBlueprint("reports", __name__, url_prefix="/api/v1/jobs/<job_id>", abp_tags=[Tag(name="results")])


@blueprint.get(
    "/findings", summary="Read what to mend first", responses={200: Findings, **problems(404, 409, 422, 503)}
)
def get_findings(path: JobPath, query: SliceQuery) -> Response:
    """The three aspects that most negative texts speak of, or phrases where there are none, each with such texts.

    Only of a job that has ended. It takes some seconds, the second time none.
    """
    return Response(_asking(path.job_id, query).findings().model_dump_json(), mimetype="application/json")


def _asking(job_id: str, query: SliceQuery) -> Asking:
    job = services().store.get(job_id)
    if not job.state.has_ended:
        raise JobNotEnded(f"Job {job.id} is {job.state}: there is a report of it when it has ended.")
    return Asking(services().results, job, slice_of(query, job))
