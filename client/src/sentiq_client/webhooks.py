# Made of aio/webhooks.py by client/unasync.py: change that file, then run it.
"""Webhooks: where the end of jobs is told. Where the service has an admin token, changing them needs it as the key."""

from __future__ import annotations

from collections.abc import Sequence

from sentiq_client.errors import ApiError
from sentiq_client.models import Attempt, Webhook, as_list
from sentiq_client.transport import Transport

_PATH = "/api/v1/webhooks"


class Webhooks:
    """Those of a service; `client.webhooks`. What they send is checked by `sentiq_client.verify_webhook`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, url: str, events: Sequence[str] | None = None, description: str = "") -> Webhook:
        """Register an address. The answer has the secret, this once. A job names it: `submit(…, webhook=made.id)`.

        It is not sent again when nobody knows whether it arrived, since there would be two.
        """
        asked = {"url": url, "description": description} | ({} if events is None else {"events": list(events)})
        return self._transport.ask(Webhook.read, "POST", _PATH, json=asked, repeatable=False)

    def list(self) -> Sequence[Webhook]:
        """Oldest first."""
        return self._transport.ask(as_list(Webhook.read), "GET", _PATH)

    def get(self, webhook_id: str) -> Webhook:
        """One of them, without its secret."""
        return self._transport.ask(Webhook.read, "GET", f"{_PATH}/{webhook_id}")

    def delete(self, webhook_id: str) -> None:
        """What is due is not sent any more."""
        try:
            self._transport.ask(dict, "DELETE", f"{_PATH}/{webhook_id}")
        except ApiError as error:
            if not error.sent_before or error.code != "webhook_not_found":
                raise

    def rotate(self, webhook_id: str) -> Webhook:
        """A new secret; for a day messages carry two signatures."""
        return self._transport.ask(Webhook.read, "POST", f"{_PATH}/{webhook_id}/rotate", repeatable=False)

    def test(self, webhook_id: str) -> None:
        """Send a message of the type `webhook.test`; `deliveries` shows what became of it."""
        self._transport.ask(dict, "POST", f"{_PATH}/{webhook_id}/test", repeatable=False)

    def deliveries(self, webhook_id: str) -> Sequence[Attempt]:
        """The last hundred tries, newest first."""
        return self._transport.ask(as_list(Attempt.read), "GET", f"{_PATH}/{webhook_id}/deliveries")

    def redeliver(self, webhook_id: str, delivery_id: str) -> None:
        """Send a message again, under its id."""
        path = f"{_PATH}/{webhook_id}/deliveries/{delivery_id}/redeliver"
        self._transport.ask(dict, "POST", path, repeatable=False)
