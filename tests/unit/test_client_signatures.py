"""Messages of webhooks as receivers check them, signed as the service signs them."""

from __future__ import annotations

import json
import time

import pytest

from sentiq.webhooks.signing import signature
from sentiq_client import InvalidSignature, verify_webhook

SECRET, FORMER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
NOW = 1_614_265_330
BODY = json.dumps({"type": "job.completed", "data": {"name": "评论"}}, ensure_ascii=False).encode()


def headers(body: bytes = BODY, at: int = NOW, secrets: tuple[str, ...] = (SECRET,)) -> dict[str, str]:
    signed = signature(secrets, "msg_1", at, body)
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(at), "Webhook-Signature": signed}


def test_the_published_example_is_genuine() -> None:
    given = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": str(NOW),
        "webhook-signature": "v1a,other v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert verify_webhook(SECRET, given, b'{"test": 2432232314}', now_s=NOW) == {"test": 2432232314}


@pytest.mark.parametrize("secrets", [(SECRET,), (FORMER, SECRET), (SECRET, FORMER)])
def test_a_message_of_the_service_is_genuine_also_while_the_secret_changes(secrets: tuple[str, ...]) -> None:
    assert verify_webhook(SECRET, headers(secrets=secrets), BODY, now_s=NOW + 299)["data"] == {"name": "评论"}
    assert verify_webhook(SECRET, headers(at=int(time.time())), BODY)["type"] == "job.completed"


@pytest.mark.parametrize(
    ("given", "body", "now_s", "told"),
    [
        (headers(), BODY + b" ", NOW, "not signed"),
        (headers(secrets=(FORMER,)), BODY, NOW, "not signed"),
        (headers() | {"Webhook-Id": "msg_2"}, BODY, NOW, "not signed"),
        (headers() | {"Webhook-Timestamp": str(NOW + 1)}, BODY, NOW, "not signed"),
        (headers() | {"Webhook-Signature": "v1,签"}, BODY, NOW, "not signed"),
        (headers() | {"Webhook-Signature": ""}, BODY, NOW, "not signed"),
        (headers() | {"Webhook-Timestamp": "soon"}, BODY, NOW, "no time"),
        ({}, BODY, NOW, "no header 'webhook-id'"),
        (headers(), BODY, NOW + 301, "301 s old"),
        (headers(), BODY, NOW - 301, "clock"),
    ],
)
def test_what_is_not_of_the_service_is_refused(given: dict[str, str], body: bytes, now_s: float, told: str) -> None:
    with pytest.raises(InvalidSignature, match=told):
        verify_webhook(SECRET, given, body, now_s=now_s)


def test_a_secret_that_is_none_is_told_without_it() -> None:
    with pytest.raises(InvalidSignature, match="secret") as raised:
        verify_webhook("hunter2!", headers(), BODY, now_s=NOW)
    assert "hunter2" not in str(raised.value)
