"""Signatures of Standard Webhooks 1.0 (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable


def signature(secrets: Iterable[str], message_id: str, timestamp_s: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, once for each secret, with spaces between."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return " ".join(f"v1,{_hmac(secret, signed)}" for secret in secrets)


def _hmac(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
