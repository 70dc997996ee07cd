"""Webhooks as API and deliverer share them: endpoints, deliveries, the log.

An endpoint is asked for by a job (`webhook`); when the job ends, its script notes that in `sentiq:webhooks:due`. A
deliverer makes a delivery of it, sends it, and tries again while that fails. Deliveries are at least once: a claimed
one whose deliverer dies is due again when its lease is over. Its id stays the same, so receivers recognise it.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlsplit

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.documents import dump, load
from sentiq.core.errors import FieldError, InvalidInput, WebhookNotFound
from sentiq.core.redis import text
from sentiq.core.redis_clock import now_ms
from sentiq.jobs.scripts import Script
from sentiq.jobs.types import JobState, new_id

EVENTS = tuple(f"job.{state}" for state in JobState if state.has_ended)
TEST_EVENT = "webhook.test"
ROTATION_MS = 24 * 3_600_000  #: how long the secret before still signs
LEASE_MS = 60_000  #: longer than one try takes at most
LOG_ENTRIES = 100  #: kept of each webhook
KEPT_MS = 7 * 24 * 3_600_000  #: deliveries and log


@dataclass(frozen=True, slots=True)
class Webhook:
    """One endpoint. Secrets are kept as they are, since signing needs them."""

    id: str
    url: str
    description: str
    events: tuple[str, ...]
    secret: str  # whsec_ and base64 (Standard Webhooks)
    created_at_ms: int
    former_secret: str = ""
    former_until_ms: int = 0
    disabled: str = ""  # why nothing is sent any more

    @property
    def receiver(self) -> str:
        """The name of the host that gets its messages."""
        return (urlsplit(self.url).hostname or "").lower()

    def signing_secrets(self, now_ms: int) -> list[str]:
        return [self.secret, *([self.former_secret] if now_ms < self.former_until_ms else [])]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint."""

    id: str  # `webhook-id`, the same at each try
    webhook_id: str
    event: str
    body: str
    created_at_ms: int
    attempt: int = 0  # tries so far


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class WebhookStore:
    """All endpoints and deliveries of one Redis."""

    def __init__(self, redis: Redis, shard: str = "") -> None:
        self.redis = redis
        self._shard = shard
        self._enqueue = Script(redis, "webhook_enqueue")
        self._claim = Script(redis, "webhook_claim")
        self._defer = Script(redis, "webhook_defer")
        self._end_try = Script(redis, "webhook_end_try")
        self._redeliver = Script(redis, "webhook_redeliver")

    def now_ms(self) -> int:
        return now_ms(self.redis)

    # -- endpoints ----------------------------------------------------------------------------------------------

    def create(self, url: str, description: str, events: tuple[str, ...]) -> Webhook:
        made = Webhook(new_id("wh", self._shard, 8), url, description, events, new_secret(), self.now_ms())
        self.save(made)
        return made

    def save(self, webhook: Webhook) -> None:
        self.redis.hset(redis_keys.WEBHOOKS, webhook.id, dump(webhook))

    def all(self) -> list[Webhook]:
        """Return all endpoints, oldest first."""
        found = [load(Webhook, v) for v in self.redis.hvals(redis_keys.WEBHOOKS)]
        return sorted(found, key=lambda webhook: webhook.created_at_ms)

    def get(self, webhook_id: str) -> Webhook:
        """Raises WebhookNotFound."""
        document = self.redis.hget(redis_keys.WEBHOOKS, webhook_id)
        if document is None:
            raise WebhookNotFound(f"There is no webhook {webhook_id}; GET /api/v1/webhooks lists them.")
        return load(Webhook, document)

    def check(self, webhook_id: str) -> None:
        """Raises InvalidInput unless a job may name it."""
        if not self.redis.hexists(redis_keys.WEBHOOKS, webhook_id):
            detail = f"There is no webhook {webhook_id!r}; GET /api/v1/webhooks lists them."
            raise InvalidInput(detail, errors=(FieldError("unknown_webhook", detail, pointer="/webhook"),))

    def delete(self, webhook_id: str) -> None:
        """Delete an endpoint; its deliveries are dropped when their turn comes. Raises WebhookNotFound."""
        self.get(webhook_id)
        self.redis.hdel(redis_keys.WEBHOOKS, webhook_id)
        self.redis.delete(redis_keys.webhook_log(webhook_id))

    def rotate(self, webhook_id: str) -> Webhook:
        """Give an endpoint a new secret; the old one signs as well for a day. Raises WebhookNotFound."""
        old, now_ms = self.get(webhook_id), self.now_ms()
        new = replace(old, secret=new_secret(), former_secret=old.secret, former_until_ms=now_ms + ROTATION_MS)
        self.save(new)
        return new

    # -- deliveries ---------------------------------------------------------------------------------------------

    def ended_jobs(self, limit: int = 100) -> list[str]:
        """List jobs that have ended and whose webhook has no delivery yet."""
        return [text(i) for i in self.redis.zrangebyscore(redis_keys.WEBHOOKS_DUE, "-inf", "+inf", 0, limit)]

    def enqueue(self, delivery: Delivery, job_id: str = "") -> None:
        """Make a delivery due now, once, and take the end of its job off the list, in one step."""
        self._enqueue(
            webhooks_due=redis_keys.WEBHOOKS_DUE,
            deliveries=redis_keys.DELIVERIES,
            delivery=redis_keys.delivery(delivery.id),
            job_id=job_id,
            delivery_id=delivery.id,
            document=dump(delivery),
            ttl_ms=KEPT_MS,
        )

    def forget_job(self, job_id: str) -> None:
        self.redis.zrem(redis_keys.WEBHOOKS_DUE, job_id)

    def claim(self, limit: int, receiver: str = "") -> list[Delivery]:
        """Claim deliveries that are due, for `LEASE_MS`; only those deferred for `receiver`, where one is named."""
        found = self._claim(
            deliveries=redis_keys.DELIVERIES,
            source=redis_keys.deferred(receiver) if receiver else redis_keys.DELIVERIES,
            deferred=redis_keys.DEFERRED,
            limit=limit,
            lease_ms=LEASE_MS,
            delivery_prefix=redis_keys.delivery(""),
            receiver=receiver,
        )
        return [load(Delivery, document) for document in found]

    def defer(self, delivery: Delivery, receiver: str) -> None:
        """Put a claimed delivery aside, until the deferred ones of its receiver are claimed."""
        self._defer(
            deliveries=redis_keys.DELIVERIES,
            deferred=redis_keys.DEFERRED,
            deferred_for_receiver=redis_keys.deferred(receiver),
            delivery=redis_keys.delivery(delivery.id),
            delivery_id=delivery.id,
            receiver=receiver,
            ttl_ms=KEPT_MS,
        )

    def deferred(self) -> list[str]:
        """List receivers with deferred deliveries, the one that waits longest first."""
        return [text(receiver) for receiver in self.redis.zrange(redis_keys.DEFERRED, 0, -1)]

    def delivered(self, delivery: Delivery, entry: Mapping[str, Any]) -> None:
        """End a delivery that needs no further try: it arrived, or is given up."""
        self._log(delivery, entry)
        self._end(delivery, "", "")

    def try_again(self, delivery: Delivery, entry: Mapping[str, Any], at_ms: int) -> None:
        """Send it again at `at_ms`, Unix time."""
        self._end(delivery, str(at_ms), dump(delivery))
        self._log(delivery, entry)

    def log(self, webhook_id: str) -> list[dict[str, Any]]:
        """List the last tries, newest first."""
        return [
            json.loads(text(e)) for e in cast(list[bytes], self.redis.lrange(redis_keys.webhook_log(webhook_id), 0, -1))
        ]

    def delivery(self, delivery_id: str) -> Delivery:
        """Raises WebhookNotFound."""
        document = self.redis.hget(redis_keys.delivery(delivery_id), "delivery")
        if document is None:
            raise WebhookNotFound(f"There is no delivery {delivery_id}; deliveries are kept for a week.")
        return load(Delivery, document)

    def redeliver(self, delivery_id: str) -> None:
        """Send it again, with the same id, when no try of it runs any more. Raises WebhookNotFound."""
        again = replace(self.delivery(delivery_id), attempt=0)
        receiver = self.get(again.webhook_id).receiver
        self._redeliver(
            deliveries=redis_keys.DELIVERIES,
            delivery=redis_keys.delivery(delivery_id),
            deferred_for_receiver=redis_keys.deferred(receiver),
            delivery_id=delivery_id,
            document=dump(again),
        )

    def _end(self, delivery: Delivery, due_at_ms: str, document: str) -> None:
        self._end_try(
            deliveries=redis_keys.DELIVERIES,
            delivery=redis_keys.delivery(delivery.id),
            delivery_id=delivery.id,
            due_at_ms=due_at_ms,
            document=document,
        )

    def _log(self, delivery: Delivery, entry: Mapping[str, Any]) -> None:
        key = redis_keys.webhook_log(delivery.webhook_id)
        line = {"delivery_id": delivery.id, "event": delivery.event, "attempt": delivery.attempt, **entry}
        pipe = self.redis.pipeline(transaction=True)
        pipe.lpush(key, json.dumps(line, ensure_ascii=False))
        pipe.ltrim(key, 0, LOG_ENTRIES - 1)
        pipe.pexpire(key, KEPT_MS)
        pipe.execute()
