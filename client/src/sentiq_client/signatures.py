"""Signatures of Standard Webhooks 1.0 (https://www.standardwebhooks.com): whether a message is of the service."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from sentiq_client.errors import InvalidSignature

TOLERANCE_S = 300.0


def verify_webhook(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    tolerance_s: float = TOLERANCE_S,
    now_s: float | None = None,
) -> dict[str, Any]:
    """The document of a message that was signed with the secret (`whsec_…`) within the last `tolerance_s` seconds.

    `body` are the bytes as they came. A message may come twice: its `webhook-id` is the same then. Raises
    InvalidSignature.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"].split()
    except KeyError as error:
        raise InvalidSignature(f"The message has no header {error}: it is of no webhook.") from None
    if not timestamp.isascii() or not timestamp.isdigit():
        raise InvalidSignature("The header webhook-timestamp is no time.")
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in signatures):
        raise InvalidSignature("The message was not signed with this secret, or was changed on its way.")
    off_s = (time.time() if now_s is None else now_s) - int(timestamp)
    if abs(off_s) > tolerance_s:
        raise InvalidSignature(
            f"The message is {off_s:,.0f} s old, or a clock is wrong: {tolerance_s:,.0f} s are taken."
        )
    document: dict[str, Any] = json.loads(body)
    return document


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise InvalidSignature("The secret is none of a webhook: it begins with whsec_.") from None
