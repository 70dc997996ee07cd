"""The schemas that the API's description refers to by name."""

from __future__ import annotations

from typing import Any

from api.schemas.aspect_definitions import AspectSetDefinition
from api.schemas.aspect_sets import AspectSetDocument
from api.schemas.common import Problem
from api.schemas.jobs import DryRunDocument, JobRequest, JobWithResults, UploadRequest
from api.schemas.models import ActivationRequest
from api.schemas.synchronous_shortcuts import AnalyzeRequest, NoText, SentimentBatchRequest, SentimentRequest
from api.schemas.webhooks import WebhookRequest

#: Models that the documentation refers to by name, beside those of successful answers.
DOCUMENTED = (
    *(ActivationRequest, JobRequest, AnalyzeRequest, SentimentRequest, SentimentBatchRequest, WebhookRequest),
    *(UploadRequest, JobWithResults, DryRunDocument, NoText, Problem),
    *(AspectSetDefinition, AspectSetDocument),
)


def components() -> dict[str, dict[str, Any]]:
    """JSON schemas of `DOCUMENTED` and of what they contain, for OpenAPI's `components`."""
    schemas: dict[str, dict[str, Any]] = {}
    for model in DOCUMENTED:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
    return schemas
