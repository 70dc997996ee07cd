"""Manages webhooks, which are called when jobs end. Changing them needs the operator's token, if one is set."""

from __future__ import annotations

import json
import secrets
from urllib.parse import urlsplit

from flask import Response
from flask_openapi3 import Tag
from pydantic import BaseModel

from api.http.auth import operator_only
from api.http.blueprint import Blueprint
from api.http.bodies import parse_json
from api.http.times import instant
from api.schemas.common import body_of, problems
from api.schemas.webhooks import (
    AttemptDocument,
    AttemptList,
    DeliveryPath,
    WebhookDocument,
    WebhookList,
    WebhookPath,
    WebhookRequest,
    WebhookWithSecret,
)
from api.services import services
from sentiq.core.errors import FieldError, InvalidInput
from sentiq.core.networks import parse_networks
from sentiq.webhooks.addresses import AddressRefused, resolve_permitted
from sentiq.webhooks.store import TEST_EVENT, Delivery, Webhook

blueprint = Blueprint("webhooks", __name__, url_prefix="/api/v1/webhooks", abp_tags=[Tag(name="webhooks")])


@blueprint.post(
    "",
    summary="Register a webhook",
    responses={201: WebhookWithSecret, **problems(400, 413, 415, 422, 503)},
    openapi_extensions=body_of(WebhookRequest),
)
def create_webhook() -> Response:
    """The answer has the secret, this once. A job names the webhook by its id: `"webhook": "wh_…"`."""
    operator_only(open_without_token=True)
    asked = parse_json(WebhookRequest)
    _check_url(asked.url)
    made = services().webhooks.create(asked.url, asked.description, tuple(asked.events))
    return _answer(WebhookWithSecret(**_fields(made), secret=made.secret), 201)


@blueprint.get("", summary="List webhooks", responses={200: WebhookList, **problems(422, 503)})
def list_webhooks() -> Response:
    operator_only(open_without_token=True)
    return _answer(WebhookList(data=[WebhookDocument(**_fields(w)) for w in services().webhooks.all()]))


@blueprint.get("/<webhook_id>", summary="Read a webhook", responses={200: WebhookDocument, **problems(404, 422, 503)})
def get_webhook(path: WebhookPath) -> Response:
    operator_only(open_without_token=True)
    return _answer(WebhookDocument(**_fields(services().webhooks.get(path.webhook_id))))


@blueprint.delete("/<webhook_id>", summary="Delete a webhook", responses={204: None, **problems(404, 422, 503)})
def delete_webhook(path: WebhookPath) -> Response:
    """What is due is not sent any more."""
    operator_only(open_without_token=True)
    services().webhooks.delete(path.webhook_id)
    return Response(status=204)


@blueprint.post(
    "/<webhook_id>/rotate",
    summary="Change the secret",
    responses={200: WebhookWithSecret, **problems(404, 422, 503)},
)
def rotate_secret(path: WebhookPath) -> Response:
    """For a day messages carry two signatures, one of each secret."""
    operator_only(open_without_token=True)
    made = services().webhooks.rotate(path.webhook_id)
    return _answer(WebhookWithSecret(**_fields(made), secret=made.secret))


@blueprint.post("/<webhook_id>/test", summary="Send a test", responses={202: None, **problems(404, 422, 503)})
def send_test(path: WebhookPath) -> Response:
    """A message of the type `webhook.test`; the log of deliveries shows what became of it."""
    operator_only(open_without_token=True)
    store = services().webhooks
    webhook, now_ms = store.get(path.webhook_id), store.now_ms()
    body = json.dumps({"type": TEST_EVENT, "timestamp": instant(now_ms), "data": {}})
    store.enqueue(Delivery(f"msg_{secrets.token_hex(12)}", webhook.id, TEST_EVENT, body, now_ms))
    return Response(status=202)


@blueprint.get(
    "/<webhook_id>/deliveries", summary="Read the log", responses={200: AttemptList, **problems(404, 422, 503)}
)
def list_deliveries(path: WebhookPath) -> Response:
    """The last hundred tries, newest first."""
    operator_only(open_without_token=True)
    store = services().webhooks
    store.get(path.webhook_id)
    data = [
        AttemptDocument(
            delivery_id=entry["delivery_id"],
            event=entry["event"],
            attempt=entry["attempt"],
            at=instant(entry["at_ms"]),
            status=entry.get("status"),
            error=entry["error"] or None,
            took_ms=entry.get("took_ms"),
            next_at=instant(entry["next_at_ms"]) if "next_at_ms" in entry else None,
        )
        for entry in store.log(path.webhook_id)
    ]
    return _answer(AttemptList(data=data))


@blueprint.post(
    "/<webhook_id>/deliveries/<delivery_id>/redeliver",
    summary="Send a message again",
    responses={202: None, **problems(404, 422, 503)},
)
def redeliver(path: DeliveryPath) -> Response:
    """With the id it had, and all tries before it is given up."""
    operator_only(open_without_token=True)
    store = services().webhooks
    store.get(path.webhook_id)
    store.redeliver(path.delivery_id)
    return Response(status=202)


def _check_url(url: str) -> None:
    """Raise InvalidInput for an address to which nothing would be sent."""
    allowed = parse_networks(services().settings.webhook_networks)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise _bad_url("This is no URL.") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or parts.fragment:
        raise _bad_url("Give a URL such as https://example.com/hook, without a user name and a fragment.")
    if parts.scheme == "http" and not allowed:
        raise _bad_url("Give an https URL; plain http is for networks that SENTIQ_WEBHOOK_NETWORKS names.")
    try:
        resolve_permitted(host, port, allowed)
    except AddressRefused as error:
        raise _bad_url(f"{error}.") from None
    except (OSError, UnicodeError) as error:
        raise _bad_url(f"The host {host} cannot be found ({error}).") from None


def _bad_url(detail: str) -> InvalidInput:
    return InvalidInput(detail, errors=(FieldError("invalid_url", detail, pointer="/url"),))


def _fields(webhook: Webhook) -> dict[str, object]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "events": list(webhook.events),
        "created_at": instant(webhook.created_at_ms),
        "disabled": webhook.disabled or None,
    }


def _answer(document: BaseModel, status: int = 200) -> Response:
    return Response(document.model_dump_json(), status, mimetype="application/json")
