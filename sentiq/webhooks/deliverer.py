"""From ended jobs to delivered messages."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from sentiq.core.errors import JobNotFound, WebhookNotFound
from sentiq.core.version import VERSION
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import Job
from sentiq.webhooks.sending import Sender
from sentiq.webhooks.signing import signature
from sentiq.webhooks.store import Delivery, Webhook, WebhookStore

#: Seconds to the next try after each failed one; then it is given up.
RETRIES_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.2  #: a delay is up to so much longer
AT_ONCE = 64  #: messages sent at the same time
SHARE = 8  #: of them, to one receiver, so that a slow one delays nobody else

log = structlog.get_logger(__name__)


class Deliverer:
    """One pass after another; safe to run in several processes."""

    def __init__(
        self,
        jobs: JobStore,
        webhooks: WebhookStore,
        sender: Sender,
        retries_s: tuple[float, ...] = RETRIES_S,
    ) -> None:
        self._jobs, self._webhooks, self._sender, self._retries_s = jobs, webhooks, sender, retries_s
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        self._running: dict[Future[None], str] = {}  # the receiver of each

    def close(self) -> None:
        """Messages on their way arrive or time out."""
        self._pool.shutdown()

    def step(self) -> int:
        """Queue what jobs have ended, send what is due. Returns how many messages were begun or put aside."""
        for job_id in self._webhooks.ended_jobs():
            self._announce(job_id)
        self._running = {future: receiver for future, receiver in self._running.items() if not future.done()}
        moved = 0
        for receiver in self._webhooks.deferred():
            for delivery in self._claim(self._room(receiver), receiver):
                self._begin(delivery, receiver)
                moved += 1
        for delivery in self._claim(AT_ONCE - len(self._running)):
            receiver = self._receiver(delivery)
            if self._room(receiver) > 0:
                self._begin(delivery, receiver)
            else:
                self._webhooks.defer(delivery, receiver)
            moved += 1
        return moved

    def rest(self, at_most_s: float) -> None:
        """Until a message on its way has ended, or for so long."""
        if self._running:
            wait(self._running, at_most_s, FIRST_COMPLETED)
        else:
            time.sleep(at_most_s)

    def _room(self, receiver: str) -> int:
        """How many messages to it may be begun."""
        to_it = sum(other == receiver for other in self._running.values())
        return min(SHARE - to_it, AT_ONCE - len(self._running))

    def _claim(self, limit: int, receiver: str = "") -> list[Delivery]:
        return self._webhooks.claim(limit, receiver) if limit > 0 else []

    def _receiver(self, delivery: Delivery) -> str:
        try:
            return self._webhooks.get(delivery.webhook_id).receiver
        except WebhookNotFound:
            return ""  # it is not sent

    def _begin(self, delivery: Delivery, receiver: str) -> None:
        self._running[self._pool.submit(self._guarded, self._deliver, delivery)] = receiver

    def _announce(self, job_id: str) -> None:
        try:
            job = self._jobs.get(job_id)
            webhook = self._webhooks.get(job.options.webhook)
        except (JobNotFound, WebhookNotFound):
            self._webhooks.forget_job(job_id)
            return
        event = f"job.{job.state}"
        if not job.state.has_ended:
            return  # it is tried again; its next end is told
        if event not in webhook.events:
            self._webhooks.forget_job(job_id)
            return
        self._webhooks.enqueue(job_delivery(job, webhook, event), job_id)

    def _deliver(self, delivery: Delivery) -> None:
        now_ms = self._webhooks.now_ms()
        try:
            webhook = self._webhooks.get(delivery.webhook_id)
        except WebhookNotFound:
            self._webhooks.delivered(delivery, {"at_ms": now_ms, "error": "the webhook was deleted"})
            return
        if webhook.disabled:
            self._webhooks.delivered(delivery, {"at_ms": now_ms, "error": f"disabled: {webhook.disabled}"})
            return
        body, now_s = delivery.body.encode(), now_ms // 1000
        headers: dict[bytes | str, bytes | str] = {
            "Content-Type": "application/json",
            "User-Agent": f"sentiq-webhooks/{VERSION}",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(now_s),
            "webhook-signature": signature(webhook.signing_secrets(now_ms), delivery.id, now_s, body),
        }
        sent = self._sender.post(webhook.url, headers, body)
        tried = replace(delivery, attempt=delivery.attempt + 1)
        entry = {"at_ms": now_ms, "status": sent.status, "error": sent.error, "took_ms": sent.took_ms}
        if sent.gone:
            self._webhooks.save(replace(webhook, disabled="the receiver answered 410 Gone"))
        if not sent.error or sent.gone or tried.attempt > len(self._retries_s):
            self._webhooks.delivered(tried, entry)
            return
        delay_ms = round(self._retries_s[tried.attempt - 1] * random.uniform(1, 1 + JITTER) * 1000)
        self._webhooks.try_again(tried, entry | {"next_at_ms": now_ms + delay_ms}, now_ms + delay_ms)

    def _guarded(self, what: Callable[[Delivery], None], delivery: Delivery) -> None:
        try:
            what(delivery)
        except Exception:  # its lease ends, and it is tried again
            log.exception("a delivery broke off", delivery=delivery.id)


def job_delivery(job: Job, webhook: Webhook, event: str) -> Delivery:
    """The message of one end of a job; the same end gives the same id."""
    ended_at = datetime.fromtimestamp((job.ended_at_ms or 0) / 1000, UTC).isoformat(timespec="milliseconds")
    base = f"/api/v1/jobs/{job.id}"
    body = {
        "type": event,
        "timestamp": ended_at.replace("+00:00", "Z"),
        "data": {
            "id": job.id,
            "name": job.options.name or None,
            "metadata": dict(job.options.metadata),
            "state": job.state,
            "counts": {
                "total": job.total,
                "completed": job.completed,
                "failed": job.failed,
                "without_text": job.without_text,
            },
            "links": {"self": base, "results": f"{base}/results"},
        },
    }
    named = hashlib.sha256(f"{webhook.id} {job.id} {job.ended_at_ms}".encode()).hexdigest()[:24]
    return Delivery(f"msg_{named}", webhook.id, event, json.dumps(body, ensure_ascii=False), job.ended_at_ms or 0)
