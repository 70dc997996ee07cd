"""A file of which no row has a text is no success: the submission is refused, and a job that exists has failed."""

from __future__ import annotations

import gzip
import json

import pytest
from flask.testing import FlaskClient

JOBS = "/api/v1/jobs"
BAD = {
    "text/csv": "评论,城市\n".encode() + ",北京\n,上海\n".encode(),
    "application/x-ndjson": b'{"text": null}\n{"text": ""}\nnull\n',
    "text/plain": b" \n\t\n",
    "application/gzip": gzip.compress(b"text,id\nNULL,1\n#N/A,2\n"),
}


@pytest.mark.parametrize("content_type", BAD)
def test_a_short_file_without_a_text_is_refused_with_its_first_reasons(client: FlaskClient, content_type: str) -> None:
    answer = client.post(JOBS, data=BAD[content_type], content_type=content_type)
    assert answer.status_code == 422
    first, *reasons = answer.json["errors"]
    if content_type == "text/plain":  # blank lines are left out
        assert first["code"] == "no_rows"
    else:
        assert (first["code"], first["pointer"]) == ("no_row_read", "/file")
        assert {reason["code"] for reason in reasons} <= {"empty_text", "ragged_row"}
        assert all(reason["line"] for reason in reasons)
        assert reasons[0]["detail"] in answer.json["detail"]
    assert client.get(JOBS).json["data"] == []


def test_a_long_file_without_a_text_makes_a_job_that_has_failed(client: FlaskClient) -> None:
    content = "评论,城市\n".encode() + ",北京\n".encode() * 350  # more than three chunks of 100
    for _ in range(2):  # its key is free for another try
        answer = client.post(JOBS, data=content, content_type="text/csv", headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "no_row_read")
    for job in client.get(JOBS).json["data"]:
        assert (job["state"], job["error"]["code"]) == ("failed", "no_row_read")
        assert "None of the 350 rows" in job["error"]["detail"]
        assert (job["counts"]["total"], job["counts"]["completed"]) == (300, 0)


def test_how_json_lines_were_read_is_told_too(client: FlaskClient) -> None:
    """They run as texts in JSON do, and yet columns are recognised in them as in any table."""
    lines = '{"评论内容": "好", "店": "甲"}\n{"评论内容": null, "店": "乙"}\n'
    job = client.post(JOBS, data=lines.encode(), content_type="application/x-ndjson").json
    assert (job["file"]["format"], job["file"]["text_column"]) == ("jsonl", "评论内容")
    assert job["counts"]["total"] == 2


@pytest.mark.parametrize("lines", ["null\n" * 300 + '"好"\n', '{"text": null}\n' * 60 + '{"text": "好"}\n'])
def test_the_texts_of_json_lines_may_come_late(client: FlaskClient, lines: str) -> None:
    job = client.post(JOBS, data=lines.encode(), content_type="application/x-ndjson")
    assert (job.status_code, job.json["counts"]["total"]) == (202, lines.count("\n")), job.text


def test_one_row_with_a_text_is_enough(client: FlaskClient) -> None:
    content = "评论,城市\n".encode() + ",北京\n".encode() * 349 + "好,上海\n".encode()
    job = client.post(JOBS, data=content, content_type="text/csv").json
    assert (job["counts"]["total"], job["error"]) == (350, None)


def test_texts_in_json_are_refused_or_taken_as_ever(client: FlaskClient) -> None:
    blank = client.post(JOBS, data=json.dumps({"texts": [" ", ""]}), content_type="application/json")
    assert blank.status_code == 422
    assert blank.json["errors"][0]["code"] != "no_row_read"


def test_a_dry_run_counts_what_a_job_would_be_refused_for(client: FlaskClient) -> None:
    found = client.post(f"{JOBS}?dry_run=true", data=BAD["text/csv"], content_type="text/csv").json
    assert (found["rows"], found["without_text"]) == (2, 2)
    assert {note["code"] for note in found["format"]["notes"]} <= {"rows_without_text", "text_column_recognised"}
