"""Rows without a text are no failures: they are counted apart, in every place that counts, and offer no other try."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from redis import Redis

from sentiq.core.errors import NothingToRetry
from sentiq.core.redis_keys import JobKeys
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import (
    ChunkRef,
    InputChunk,
    JobOptions,
    JobState,
    Outcome,
    RowError,
)
from sentiq.webhooks.deliverer import job_delivery
from sentiq.webhooks.store import Webhook
from tests.support.jobs import POSITIVE, answer_chunk, answered, claim, create_job

JOBS = "/api/v1/jobs"
TABLE = "评论,城市\n好,北京\n,北京\n  ,上海\n很好,上海\n一,二,三\n失败,上海\n".encode()
COUNTS = {"total": 6, "completed": 2, "failed": 2, "without_text": 2}

BLANK = RowError("empty_text", "Line 1: nothing", 1)
RAGGED = RowError("ragged_row", "Line 2: too many cells", 2)
BROKEN = RowError("inference_failed", "why")


@pytest.fixture
def job(client: FlaskClient, bulk: BulkLane) -> dict[str, Any]:
    """Of six rows: two answers, two without a text, one with too many cells, one that the model failed on."""
    made = client.post(f"{JOBS}?keep_columns=true&text_column=评论", data=TABLE, content_type="text/csv").json
    assert made is not None
    bulk.record([answered(claim(bulk, ChunkRef(made["id"], 0, 6)))])
    document: dict[str, Any] = json.loads(client.get(f"{JOBS}/{made['id']}").data)
    return document


def recorded(
    store: JobStore, bulk: BulkLane, redis: Redis, *errors: RowError, older: tuple[str, ...] = ()
) -> tuple[str, list[ChunkRef]]:
    """A completed job of one chunk: a good row and these; `older`: fields of it that an older version does not keep."""
    given = {at: error for at, error in enumerate(errors, 1) if error.line}
    texts = ("好", *("" if error.line else "坏" for error in errors))
    new, refs = create_job(store, InputChunk(0, texts, errors=given), options=JobOptions(webhook="wh"))
    record(bulk, refs[0], *errors)
    if older:
        redis.hdel(JobKeys.of(new.id).job, *older)
    return new.id, refs


def record(bulk: BulkLane, ref: ChunkRef, *errors: RowError) -> None:
    bad = [Outcome(error=error) for error in errors]
    answer_chunk(bulk, ref, [POSITIVE, *bad, *[POSITIVE] * (ref.rows - 1 - len(bad))])


def test_the_counts_of_a_job_are_apart_and_add_up(job: dict[str, Any]) -> None:
    assert (job["state"], job["counts"]) == ("completed", COUNTS)


def test_shares_of_labels_are_of_the_rows_that_have_one(client: FlaskClient, job: dict[str, Any]) -> None:
    summary = client.get(job["links"]["summary"] + "?by=城市").json
    assert summary["counts"] == {"positive": 2, "failed": 2, "without_text": 2}
    third = pytest.approx(1 / 3, abs=1e-5)
    assert summary["shares"] == {"positive": 1.0, "failed": third, "without_text": third, "truncated": 0.0}
    assert {failure["code"]: failure["count"] for failure in summary["failures"]} == {
        "ragged_row": 1,
        "inference_failed": 1,
    }
    assert {group["value"]: group["counts"] for group in summary["groups"]} == {
        "上海": {"positive": 1, "failed": 1, "without_text": 1},
        "北京": {"positive": 1, "failed": 0, "without_text": 1},
        "二": {"failed": 1, "without_text": 0},
    }


def test_either_kind_can_be_asked_for(client: FlaskClient, job: dict[str, Any]) -> None:
    found = {}
    for only in ("failed", "without_text"):
        rows = client.get(f"{job['links']['results']}?only={only}").json["data"]
        assert rows == client.get(f"{job['links']['results.json']}?only={only}").json
        found[only] = {row["index"]: (row["label"], row["error"]["code"], row["error"]["line"]) for row in rows}
    assert found == {
        "failed": {4: (None, "ragged_row", 6), 5: (None, "inference_failed", None)},
        "without_text": {1: (None, "empty_text", 3), 2: (None, "empty_text", 4)},
    }


def test_a_workbook_counts_as_the_summary_does(client: FlaskClient, job: dict[str, Any]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(client.get(job["links"]["results.xlsx"]).data))
    lines = {row[0]: row[1:3] for row in book["summary"].iter_rows(values_only=True) if row[0]}
    assert lines["positive"] == (2, 1)
    assert (lines["failed"][0], lines["without text"][0]) == (2, 2)


def test_a_dry_run_tells_them_apart(client: FlaskClient) -> None:
    asked = f"{JOBS}?dry_run=true&text_column=评论"
    found = client.post(asked, data=TABLE, content_type="text/csv").json
    assert (found["rows"], found["bad_rows"], found["without_text"]) == (6, 1, 2)


def test_a_file_may_have_any_number_of_empty_cells(client: FlaskClient) -> None:
    """They say nothing of the columns or the encoding, as lines do that cannot be read."""
    empty = "评论,城市\n好,北京\n".encode() + ",上海\n".encode() * 500
    assert client.post(JOBS, data=empty, content_type="text/csv").status_code == 202
    ragged = "评论,城市\n好,北京\n".encode() + ",,,上海\n".encode() * 500
    answer = client.post(JOBS, data=ragged, content_type="text/csv")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "too_many_bad_rows")


@pytest.mark.parametrize(
    ("errors", "offered"),
    [
        ((BLANK,), False),
        ((RAGGED,), False),
        ((BLANK, RAGGED), False),
        ((BROKEN,), True),
        ((BLANK, RAGGED, BROKEN), True),
    ],
)
def test_another_try_is_offered_where_it_could_change_something(
    client: FlaskClient, store: JobStore, bulk: BulkLane, redis: Redis, errors: tuple[RowError, ...], offered: bool
) -> None:
    job_id, _ = recorded(store, bulk, redis, *errors)
    assert ("retry" in client.get(f"{JOBS}/{job_id}").json["links"]) == offered
    answer = client.post(f"{JOBS}/{job_id}/retry")
    if offered:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json["code"]) == (409, "nothing_to_retry")
        assert "correct" in answer.json["detail"]
        assert "submit" in answer.json["detail"], "the remedy"


def test_whoever_asks_too_early_or_too_late_is_told_what_to_do(client: FlaskClient) -> None:
    for ending, remedy in (("", "wait until"), ("/cancel", "submit")):
        made = client.post(JOBS, data="好\n坏\n".encode(), content_type="text/plain").json
        if ending:
            client.post(made["links"]["self"] + ending)
        answer = client.post(made["links"]["self"] + "/retry")
        assert answer.status_code == 409
        assert remedy in answer.json["detail"]


def test_counts_stay_right_when_rows_are_tried_again(store: JobStore, bulk: BulkLane, redis: Redis) -> None:
    job_id, _ = recorded(store, bulk, redis, BLANK, RAGGED, BROKEN)
    for errors, failed, retryable in (((BLANK, RAGGED, BROKEN), 2, 1), ((BLANK, RAGGED), 1, 0)):
        [ref] = store.retry(job_id)
        record(bulk, ref, *errors)
        done = store.get(job_id)
        assert (done.state, done.completed, done.failed) == (JobState.COMPLETED, 3 - failed, failed)
        assert (done.without_text, done.retryable, done.finished) == (1, retryable, 4)
    with pytest.raises(NothingToRetry):
        store.retry(job_id)


def test_a_model_that_cannot_be_loaded_leaves_them_what_they_are(bulk: BulkLane, store: JobStore) -> None:
    from worker.child.classify import refuse

    new, [ref] = create_job(store, InputChunk(0, ("好", ""), errors={1: BLANK}))
    bulk.record([refuse(claim(bulk, ref), OSError("it is damaged"))])
    done = store.get(new.id)
    assert (done.failed, done.without_text, done.retryable) == (1, 1, 1)


def test_a_webhook_is_told_of_them(store: JobStore, bulk: BulkLane, redis: Redis) -> None:
    job_id, _ = recorded(store, bulk, redis, BLANK, BROKEN)
    webhook = Webhook("wh", "https://example.com/hook", "", ("job.completed",), "secret", 0)
    body = job_delivery(store.get(job_id), webhook, "job.completed").body
    assert '"counts": {"total": 3, "completed": 1, "failed": 1, "without_text": 1}' in body


def test_a_job_of_an_older_version_is_read_as_it_was(
    client: FlaskClient, store: JobStore, bulk: BulkLane, redis: Redis
) -> None:
    """Its chunks were recorded by workers that count each row with an error as failed."""
    job_id, _ = recorded(store, bulk, redis, BLANK, RAGGED, older=("without_text", "unreadable"))
    document = client.get(f"{JOBS}/{job_id}").json
    assert document["counts"] == {"total": 3, "completed": 1, "failed": 2, "without_text": 0}
    assert client.post(f"{JOBS}/{job_id}/retry").status_code == 409
    summary = client.get(f"{JOBS}/{job_id}/summary").json
    assert summary["counts"] == {"positive": 1, "failed": 1, "without_text": 1}, "of rows that say what they are"


def test_older_and_newer_processes_can_take_turns_at_a_job(
    client: FlaskClient, store: JobStore, bulk: BulkLane, redis: Redis
) -> None:
    """However the two meet, counts add up and none is negative."""
    kept = ("without_text", "unreadable")
    for by_older_worker, by_older_api in ((True, False), (False, True), (True, True)):
        job_id, _ = recorded(store, bulk, redis, BLANK, BROKEN, older=kept if by_older_worker else ())
        [ref] = store.retry(job_id)
        if by_older_api:  # it keeps less of what is replaced
            redis.hset(JobKeys.of(job_id).retry, "0", "1:2")
        record(bulk, ref, BLANK)
        found = client.get(f"{JOBS}/{job_id}").json["counts"]
        assert found == {
            "total": 3,
            "completed": 2,
            "failed": int(by_older_worker),
            "without_text": int(not by_older_worker),
        }
        # What an older API shows of it: as before, all rows with an error.
        assert redis.hmget(JobKeys.of(job_id).job, "completed", "failed") == [b"2", b"1"]


def test_what_is_done_grows_to_all_with_them(client: FlaskClient, answer_bulk: Callable[[str, int, int], None]) -> None:
    lines = "".join("好\n" if n % 2 else '""\n' for n in range(150))
    made = client.post(f"{JOBS}?format=csv&has_header=false", data=lines.encode(), content_type="text/csv").json
    for chunk_no, rows in ((0, 100), (1, 50)):
        answer_bulk(made["id"], chunk_no, rows)
        job = client.get(f"{JOBS}/{made['id']}").json
        done = 100 if chunk_no == 0 else 150
        assert job["counts"] == {"total": 150, "completed": done // 2, "failed": 0, "without_text": done // 2}
    assert (job["eta_s"], job["state"]) == (0, "completed")
