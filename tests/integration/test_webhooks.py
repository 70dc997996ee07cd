"""Webhooks on a real Redis with a real receiver: signed, tried again, never to a private address unless allowed."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpcore
import pytest
from flask.testing import FlaskClient
from redis import Redis

from api.app import create_app
from sentiq.core import redis_keys
from sentiq.core.networks import parse_networks
from sentiq.core.redis import text
from sentiq.core.settings import Settings
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import JobOptions
from sentiq.webhooks import exchange, sending
from sentiq.webhooks.addresses import AddressRefused, is_permitted, resolve_permitted
from sentiq.webhooks.deliverer import SHARE, Deliverer
from sentiq.webhooks.sending import Sender
from sentiq.webhooks.signing import signature
from sentiq.webhooks.store import LEASE_MS, WebhookStore
from tests.support.jobs import POSITIVE, answer_chunk, chunk_of, create_job
from tests.support.processes import wait_until
from tests.support.receiver import Receiver, SlowReceiver, verified

LOOPBACK = parse_networks("127.0.0.0/8, ::1/128")
HOOKS = "/api/v1/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def open_client(redis: Redis, settings: Settings) -> Iterator[FlaskClient]:
    """An API without a token whose operator allows this machine as a receiver."""
    app = create_app(settings.model_copy(update={"webhook_networks": "127.0.0.0/8"}))
    with app.test_client() as client:
        yield client
    app.extensions["sentiq"].close()


@pytest.fixture
def deliver(redis: Redis, store: JobStore) -> Callable[[], None]:
    """One pass of a deliverer that waits hardly between tries, finished."""

    def step() -> None:
        deliverer = Deliverer(store, WebhookStore(redis), Sender(LOOPBACK), retries_s=(0.01,) * 3)
        deliverer.step()
        deliverer.close()

    return step


def ended_job(store: JobStore, redis: Redis, settings: Settings, webhook: str, how: str = "completed") -> str:
    options = JobOptions(webhook=webhook, name="评论", metadata={"tenant": "t-1"})
    job, [ref] = create_job(store, chunk_of(0, rows=1), options=options)
    if how == "cancelled":
        store.cancel(job.id)
    elif how == "expired":
        store.expire(job.id)
    else:
        answer_chunk(BulkLane(redis, settings), ref, [POSITIVE])
    return job.id


def test_the_published_example_has_the_published_signature() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signed = signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("how", ["completed", "cancelled", "expired"])
def test_the_end_of_a_job_is_told_once_and_signed(
    open_client: FlaskClient,
    receiver: Receiver,
    store: JobStore,
    redis: Redis,
    settings: Settings,
    deliver: Callable[[], None],
    how: str,
) -> None:
    made = open_client.post(HOOKS, json={"url": receiver.url}).json
    job_id = ended_job(store, redis, settings, made["id"], how)
    deliver()
    deliver()
    [(headers, body)] = receiver.got
    document = json.loads(body)
    assert (document["type"], document["data"]["id"], document["data"]["state"]) == (f"job.{how}", job_id, how)
    assert document["data"]["metadata"] == {"tenant": "t-1"}
    assert verified(made["secret"], headers, body)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    [entry] = open_client.get(f"{HOOKS}/{made['id']}/deliveries").json["data"]
    assert (entry["status"], entry["error"], entry["attempt"]) == (200, None, 1)
    assert redis.zcard(redis_keys.DELIVERIES) == redis.zcard(redis_keys.WEBHOOKS_DUE) == 0


def test_only_events_that_were_asked_for(
    open_client: FlaskClient,
    receiver: Receiver,
    store: JobStore,
    redis: Redis,
    settings: Settings,
    deliver: Callable[[], None],
) -> None:
    made = open_client.post(HOOKS, json={"url": receiver.url, "events": ["job.failed"]}).json
    ended_job(store, redis, settings, made["id"])
    deliver()
    assert receiver.got == []
    assert redis.zcard(redis_keys.WEBHOOKS_DUE) == 0


def test_a_receiver_that_fails_is_tried_again_with_the_same_id(
    open_client: FlaskClient,
    receiver: Receiver,
    store: JobStore,
    redis: Redis,
    settings: Settings,
    deliver: Callable[[], None],
) -> None:
    made = open_client.post(HOOKS, json={"url": receiver.url}).json
    receiver.statuses = [500, 302, 503]
    ended_job(store, redis, settings, made["id"])

    def passed() -> bool:
        deliver()
        return len(receiver.got) == 4

    wait_until(passed, message="the fourth try arrives")
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    log = open_client.get(f"{HOOKS}/{made['id']}/deliveries").json["data"]
    assert [entry["status"] for entry in log] == [200, 503, 302, 500]
    assert "redirects are not followed" in log[2]["error"]
    assert log[1]["next_at"] is not None

    open_client.post(f"{HOOKS}/{made['id']}/deliveries/{log[0]['delivery_id']}/redeliver")
    deliver()
    assert receiver.got[-1][0]["webhook-id"] == log[0]["delivery_id"]


def test_tries_end_and_gone_disables(
    open_client: FlaskClient,
    receiver: Receiver,
    store: JobStore,
    redis: Redis,
    settings: Settings,
    deliver: Callable[[], None],
) -> None:
    made = open_client.post(HOOKS, json={"url": receiver.url}).json
    receiver.statuses = [500] * 4
    ended_job(store, redis, settings, made["id"])

    def given_up() -> bool:
        deliver()
        return redis.zcard(redis_keys.DELIVERIES) == 0 and len(receiver.got) == 4

    wait_until(given_up, message="it is given up after the last try")
    receiver.statuses = [410]
    ended_job(store, redis, settings, made["id"])
    deliver()
    assert "410" in open_client.get(f"{HOOKS}/{made['id']}").json["disabled"]
    ended_job(store, redis, settings, made["id"])
    deliver()
    assert len(receiver.got) == 5


def test_a_deliverer_that_died_leaves_its_message_to_the_next(
    open_client: FlaskClient,
    receiver: Receiver,
    store: JobStore,
    redis: Redis,
    settings: Settings,
    deliver: Callable[[], None],
) -> None:
    made = open_client.post(HOOKS, json={"url": receiver.url}).json
    open_client.post(f"{HOOKS}/{made['id']}/test")
    [claimed] = WebhookStore(redis).claim(10)
    deliver()
    assert receiver.got == [], "another has it"
    redis.zincrby(redis_keys.DELIVERIES, -LEASE_MS, claimed.id)  # its time is over
    deliver()
    assert receiver.got[0][0]["webhook-id"] == claimed.id
    assert json.loads(receiver.got[0][1])["type"] == "webhook.test"


def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    open_client: FlaskClient, receiver: Receiver, deliver: Callable[[], None]
) -> None:
    old = open_client.post(HOOKS, json={"url": receiver.url}).json
    new = open_client.post(f"{HOOKS}/{old['id']}/rotate").json
    open_client.post(f"{HOOKS}/{old['id']}/test")
    deliver()
    [(headers, body)] = receiver.got
    assert verified(old["secret"], headers, body)
    assert verified(new["secret"], headers, body)
    assert "secret" not in (open_client.get(f"{HOOKS}/{old['id']}").json or ())


def test_a_job_may_only_name_a_webhook_that_is_there(open_client: FlaskClient) -> None:
    answer = open_client.post("/api/v1/jobs", json={"text": "好", "webhook": "wh_none"})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/webhook")


def test_with_a_token_only_operators_change_webhooks(client: FlaskClient) -> None:
    assert client.post(HOOKS, json={"url": "https://example.com"}).status_code == 401
    assert client.get(HOOKS).status_code == 401


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://localhost/",
        "https://user:password@1.1.1.1/",
        "ftp://1.1.1.1/",
        "https:///nothing",
        "https://1.1.1.1:99999/",
    ],
)
def test_no_private_address_in_any_notation(redis: Redis, settings: Settings, url: str) -> None:
    app = create_app(settings)
    try:
        answer = app.test_client().post(HOOKS, json={"url": url})
    finally:
        app.extensions["sentiq"].close()
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/url"), answer.json


def test_public_addresses_are_permitted() -> None:
    assert is_permitted("1.1.1.1", ())
    assert is_permitted("2606:4700:4700::1111", ())
    assert is_permitted("::ffff:1.1.1.1", ())
    assert is_permitted("10.1.2.3", parse_networks("10.1.0.0/16"))
    assert not is_permitted("10.2.2.3", parse_networks("10.1.0.0/16"))


def test_what_dns_says_later_changes_nothing(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when it is checked and private when it is used (DNS rebinding) is refused when used."""
    answers = iter([["1.1.1.1"], ["127.0.0.1"]])

    def lookup(host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(answers)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert resolve_permitted("rebind.example", 80, ()) == ["1.1.1.1"]
    sent = Sender(()).post(receiver.url.replace("127.0.0.1", "rebind.example"), {}, b"{}")
    assert sent.status is None
    assert "not a public address" in sent.error
    assert receiver.got == []


def test_one_private_address_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        resolve_permitted("mixed.example", 443, ())


@contextmanager
def slow(begin: bytes = b"", drip: bytes = b"", address: str = "127.0.0.1") -> Iterator[SlowReceiver]:
    made = SlowReceiver(begin, drip, address)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def delivering(store: JobStore, redis: Redis) -> Iterator[None]:
    """A deliverer that works until the end; messages on their way are to end by then."""
    deliverer = Deliverer(store, WebhookStore(redis), Sender(LOOPBACK), retries_s=(0.01,) * 3)
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(0.01):
            deliverer.step()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        deliverer.close()


@pytest.mark.parametrize(
    ("begin", "drip"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 ", b"O"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
    ids=["silent", "status line", "headers", "interim answers"],
)
def test_no_receiver_holds_a_message_longer_than_its_time(
    monkeypatch: pytest.MonkeyPatch, begin: bytes, drip: bytes
) -> None:
    monkeypatch.setattr(sending, "TOTAL_S", 0.3)
    sent = sent_to_slow(begin, drip)
    assert (sent.status, sent.error) == (None, "no answer within 0.3 s")


def test_a_body_that_does_not_end_is_left_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    is_read, read = threading.Event(), sending._read

    def read_late(answer: httpcore.Response) -> None:
        is_read.set()
        read(answer)

    monkeypatch.setattr(sending, "_read", read_late)
    monkeypatch.setattr(exchange, "monotonic", lambda: time.monotonic() + 3_600 * is_read.is_set())
    sent = sent_to_slow(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"a")
    assert (sent.status, sent.error) == (200, "")


def sent_to_slow(begin: bytes, drip: bytes) -> sending.Sent:
    """Send a message to a receiver that goes on answering; returns what became of it."""
    answers: list[sending.Sent] = []
    with slow(begin, drip) as receiver:
        sender = threading.Thread(target=lambda: answers.append(Sender(LOOPBACK).post(receiver.url, {}, b"{}")))
        sender.start()
        wait_until(lambda: answers, message="the sender comes back while the receiver goes on")
    sender.join()
    return answers[0]


@pytest.mark.parametrize("held_up", ["TLS", "DNS"])
def test_what_comes_before_the_message_counts_too(monkeypatch: pytest.MonkeyPatch, held_up: str) -> None:
    monkeypatch.setattr(sending, "TOTAL_S", 0.3)
    answers: list[sending.Sent] = []
    ended = threading.Event()
    look_up = socket.getaddrinfo

    def slow_look_up(*arguments: object, **options: object) -> object:
        ended.wait()
        return look_up("127.0.0.1", 80, type=socket.SOCK_STREAM)

    with slow(b"\x16\x03\x03\x40\x00", b"\x00") as receiver:
        if held_up == "DNS":
            monkeypatch.setattr(socket, "getaddrinfo", slow_look_up)
        sender = threading.Thread(
            target=lambda: answers.append(Sender(LOOPBACK).post(f"https://{receiver.address}/", {}, b"{}"))
        )
        sender.start()
        try:
            wait_until(lambda: answers, message="the sender comes back before the look-up does")
        finally:
            ended.set()
            sender.join()
    assert (answers[0].status, answers[0].error) == (None, "no answer within 0.3 s")


def test_a_connection_whose_time_is_up_before_tls_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    with slow() as receiver:
        host, port = receiver.address.split(":")
        stream = exchange.Backend(LOOPBACK, time.monotonic() + 60).connect_tcp(host, int(port))
        connection: socket.socket = stream.get_extra_info("socket")
        monkeypatch.setattr(exchange, "monotonic", lambda: float("inf"))
        with pytest.raises(exchange.TooLong):
            stream.start_tls(ssl.create_default_context())
    assert connection.fileno() == -1, "it was not closed"


def test_a_slow_receiver_delays_nobody_else_and_loses_nothing(
    open_client: FlaskClient, receiver: Receiver, store: JobStore, redis: Redis
) -> None:
    with slow(address="127.0.0.2") as holding:
        its = [open_client.post(HOOKS, json={"url": f"{holding.url}/{n}"}).json["id"] for n in range(2)]
        other = open_client.post(HOOKS, json={"url": receiver.url}).json
        for n in range(200):
            assert open_client.post(f"{HOOKS}/{its[n % 2]}/test").status_code == 202
        with delivering(store, redis):
            wait_until(lambda: holding.held.total() == SHARE, message="it has its share")
            open_client.post(f"{HOOKS}/{other['id']}/test")

            wait_until(lambda: receiver.got, message="another's message arrives")
            assert holding.held.total() == SHARE, "of threads, however many of its messages are due"
            holding.release()
            wait_until(lambda: len(holding.answered) == 200, message="all arrive when it has recovered")
            wait_until(lambda: not redis.zcard(redis_keys.DELIVERIES) and not redis.exists(redis_keys.DEFERRED))
        assert len(set(holding.answered)) == 200


def test_no_message_is_sent_again_while_a_try_of_it_runs(
    open_client: FlaskClient, store: JobStore, redis: Redis
) -> None:
    with slow() as holding:
        made = open_client.post(HOOKS, json={"url": holding.url}).json["id"]
        for _ in range(SHARE + 1):
            open_client.post(f"{HOOKS}/{made}/test")
        with delivering(store, redis):
            wait_until(lambda: holding.held.total() == SHARE)
            wait_until(lambda: redis.exists(redis_keys.DEFERRED), message="one waits")
            ids = [text(key).rpartition(":")[2] for key in redis.scan_iter(redis_keys.delivery("*"))]
            for message_id in ids:
                again = open_client.post(f"{HOOKS}/{made}/deliveries/{message_id}/redeliver")
                assert again.status_code == 202
            with delivering(store, redis):  # another one, which has threads to spare
                wait_until(lambda: holding.held.total() == SHARE + 1, message="what waited is sent by the other")
                assert set(holding.most_held.values()) == {1}
                holding.release()
                wait_until(lambda: len(holding.answered) == 2 * SHARE + 1, message="those that ran are sent again")
                wait_until(lambda: not redis.zcard(redis_keys.DELIVERIES))
        assert set(holding.most_held.values()) == {1}
        assert len(holding.answered) == 2 * SHARE + 1
        assert set(holding.answered) == set(ids)
