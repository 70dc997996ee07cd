"""What a query asks for is there, or the answer says what is: a word that is misspelt never just finds nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient
from redis import Redis

from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import ChunkRef, Lane, NewJob, Outcome, RowError, StoredModel
from sentiq.jobs.workers import Heartbeat, beat
from tests.support.jobs import answer_chunk, submitted

JOBS = "/api/v1/jobs"
TWO = ("negative", "positive")
#: A model whose labels have commas in them.
ODD = ("good, cheap", "bad", "good")
KINDS = ("results", "results.ndjson", "results.json", "results.csv", "results.xlsx", "matches")


def started(store: JobStore, chunks: int = 1) -> NewJob:
    """A job of chunks of three rows, complete and unanswered."""
    return submitted(store, Lane.BULK, chunks, rows=3)


def answer(store: JobStore, bulk: BulkLane, labels: tuple[str, ...], chunks: int = 1) -> str:
    """A job whose first chunk is answered: its rows have the first label, the second, the third or the first again."""
    job = started(store, chunks)
    outcomes = [
        Outcome(tuple(0.9 if at == row % len(labels) else 0.1 / (len(labels) - 1) for at in range(len(labels))))
        for row in range(3)
    ]
    answer_chunk(bulk, ChunkRef(job.id, 0, 3), outcomes, labels)
    return f"{JOBS}/{job.id}"


def indexes(client: FlaskClient, job: str, labels: Sequence[str]) -> list[int]:
    found = client.get(f"{job}/results", query_string=[("label", label) for label in labels])
    assert found.status_code == 200, found.json
    return [row["index"] for row in found.json["data"]]


def test_labels_may_be_repeated_and_have_commas(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = answer(store, bulk, ODD)
    assert [row["label"] for row in client.get(f"{job}/results").json["data"]] == list(ODD)
    assert indexes(client, job, ["good, cheap"]) == [0]
    assert indexes(client, job, ["good, cheap", "bad"]) == [0, 1]
    assert indexes(client, job, ["bad,good"]) == [1, 2]
    assert indexes(client, job, [" bad , good "]) == [1, 2]
    assert indexes(client, job, [""]) == [0, 1, 2], "as a form sends what is not chosen"
    two = answer(store, bulk, TWO)
    assert indexes(client, two, ["negative,positive"]) == indexes(client, two, ["positive", "negative"]) == [0, 1, 2]
    assert indexes(client, two, ["neutral"]) == [], "a band may make rows neutral"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("label", ["negativ", "negative,negativ", "Negative", "消极", ","])
def test_a_label_that_no_row_can_have_is_answered_with_those_there_are(
    client: FlaskClient, store: JobStore, bulk: BulkLane, kind: str, label: str
) -> None:
    refused = client.get(f"{answer(store, bulk, TWO)}/{kind}", query_string={"label": label})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/label")
    assert "'negative', 'positive', 'neutral'" in refused.json["detail"]


def test_labels_of_another_kind_of_model_are_no_labels_of_the_job(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    refused = client.get(f"{answer(store, bulk, ODD)}/results?label=neutral")
    assert refused.status_code == 422
    assert "'good, cheap', 'bad', 'good'" in refused.json["detail"]


@pytest.fixture
def five_stars(redis: Redis) -> None:
    """A worker lives, with a model that tells stars."""
    model = StoredModel("stars", "1", ("1", "2", "3", "4", "5"), 512, "int8", "a test")
    beat(redis, Heartbeat("bulk@test", Lane.BULK, 1, 0, "stars", "1", (model,), 0.0, 0.0), ttl_s=60)


@pytest.mark.usefixtures("five_stars")
def test_a_job_that_may_still_be_answered_has_the_labels_of_the_models_that_live(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    waiting = f"{JOBS}/{started(store).id}"
    assert indexes(client, waiting, ["1", "5"]) == []
    assert client.get(f"{waiting}/results?label=positive").status_code == 422
    half_done = answer(store, bulk, TWO, chunks=2)
    assert indexes(client, half_done, ["positive", "5"]) == [1]
    assert client.get(f"{half_done}/results?label=6").status_code == 422
    done = answer(store, bulk, TWO)
    assert client.get(f"{done}/results?label=5").status_code == 422, "none of its rows ever gets one"


def test_where_nobody_can_tell_the_labels_are_those_of_the_bundled_model(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    waiting, cancelled, broken = started(store), started(store), started(store)
    store.cancel(cancelled.id)
    failed = Outcome(error=RowError("model_unavailable", "why"))
    answer_chunk(bulk, ChunkRef(broken.id, 0, 3), [failed] * 3, labels=())
    for job in (waiting, cancelled, broken):
        assert indexes(client, f"{JOBS}/{job.id}", ["negative", "neutral"]) == []
        assert client.get(f"{JOBS}/{job.id}/results?label=negativ").status_code == 422


@pytest.mark.parametrize(
    ("path", "query", "there"),
    [
        ("/results", "only=fail", "'failed' or 'without_text'"),
        ("/results.csv", "only=failed,without_text", "'failed' or 'without_text'"),
        ("/results", "include=texts", "text, columns"),
        ("/results.json", "include=text,", "text, columns"),
        ("/results", "sort=label", "'polarity'"),
        ("/results", "limit=0", "greater than or equal to 1"),
        ("/results", "limit=1001", "less than or equal to 1000"),
        ("/matches", "column=城市&value=北京", "keep_columns"),
        ("/summary", "by=城市", "keep_columns"),
        ("", "state=done", "receiving, queued, running, completed, failed, cancelled, expired, scheduled, paused"),
        ("", "limit=101", "less than or equal to 100"),
    ],
)
def test_an_unknown_value_is_answered_with_those_there_are(
    client: FlaskClient, store: JobStore, bulk: BulkLane, path: str, query: str, there: str
) -> None:
    job = answer(store, bulk, TWO) if path else JOBS
    refused = client.get(f"{job}{path}?{query}")
    assert refused.status_code == 422
    assert there in refused.json["errors"][0]["detail"]
    assert refused.json["errors"][0]["pointer"] == "/" + query.partition("=")[0]


def test_an_unknown_event_of_a_webhook_is_answered_with_those_there_are(client: FlaskClient) -> None:
    asked = {"url": "https://example.com/hook", "events": ["job.done"]}
    refused = client.post("/api/v1/webhooks", json=asked, headers={"Authorization": "Bearer a token of the tests"})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/events/0")
    assert "job.completed, job.failed, job.cancelled, job.expired" in refused.json["errors"][0]["detail"]


READ = ("", "/results", "/results.csv", "/matches", "/summary", "/throughput")


@pytest.mark.parametrize("url", [*(f"JOB{path}" for path in READ), JOBS, "/api/v1/cluster", "/api/v1/models"])
def test_a_parameter_that_nobody_reads_is_refused(
    client: FlaskClient, store: JobStore, bulk: BulkLane, url: str
) -> None:
    refused = client.get(url.replace("JOB", answer(store, bulk, TWO)) + "?lable=negative")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "unknown_parameter")
    assert refused.json["errors"][0]["pointer"] == "/lable"
    if url.endswith("/results"):
        assert "label, min_score" in refused.json["detail"].partition("there are: ")[2]


def test_so_is_one_that_is_given_twice_where_one_value_counts(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    refused = client.get(f"{answer(store, bulk, TWO)}/results?only=failed&only=without_text")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "repeated_parameter")


@pytest.mark.parametrize("action", ["pause", "resume", "cancel", "retry"])
def test_actions_take_no_parameters(client: FlaskClient, store: JobStore, action: str) -> None:
    job = started(store)
    assert client.post(f"{JOBS}/{job.id}/{action}?rows=failed").status_code == 422
    assert not store.get(job.id).state.has_ended, "and nothing was done"


def test_probes_and_the_shapes_of_older_services_take_any(client: FlaskClient) -> None:
    assert client.get("/livez?from=probe").status_code == 200
    answered = client.post("/api/v1/sentiment/analyze?source=app", json={"text": ""})
    assert "unknown_parameter" not in answered.get_data(as_text=True)
    assert "source" not in answered.get_data(as_text=True)
