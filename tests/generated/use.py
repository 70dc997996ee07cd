"""A program on a client that openapi-python-client made: `python use.py URL KEY`. mypy --strict checks it as well."""

from __future__ import annotations

import sys
import time
from io import BytesIO

from sentiq_api import AuthenticatedClient
from sentiq_api.api.health import health
from sentiq_api.api.jobs import get_job, get_results, list_jobs, submit_job
from sentiq_api.api.results import download_csv, download_json, get_summary
from sentiq_api.api.synchronous_shortcuts import analyze, sentiment
from sentiq_api.api.uploads import create_upload
from sentiq_api.api.webhooks import list_webhooks
from sentiq_api.models import (
    Analysis,
    AnalyzeRequest,
    HealthDocument,
    Item,
    JobDocument,
    JobRequest,
    JobWithResults,
    NoText,
    Problem,
    ResultsPage,
    Summary,
    UploadDocument,
    UploadRequest,
)
from sentiq_api.types import File

PRAISE, BLAME = "房间干净，服务热情，下次还来", "物流太慢，很失望"
TABLE = f"编号,评论\n1,{PRAISE}\n2,{BLAME}\n"


def main(url: str, key: str) -> None:
    client = AuthenticatedClient(url, token=key)

    answer = analyze.sync(client=client, body=AnalyzeRequest(text=PRAISE))
    assert isinstance(answer, Analysis), answer
    assert (answer.label, answer.text) == ("positive", PRAISE)
    refusal = sentiment.sync(client=client, body=AnalyzeRequest(text=" "))
    assert isinstance(refusal, NoText), refusal
    assert refusal.code == "empty_text"

    asked = JobRequest(items=[Item(text=PRAISE, custom_id="a"), Item(text=BLAME)], name="two reviews")
    job = submit_job.sync(client=client, body=asked, idempotency_key="once")
    assert isinstance(job, JobDocument), job
    again = submit_job.sync(client=client, body=asked, idempotency_key="once", prefer="wait=10")
    assert isinstance(again, JobWithResults), again
    assert (again.id, [row.label for row in again.results.data]) == (job.id, ["positive", "negative"])
    page = get_results.sync(job.id, client=client, include="text")
    assert isinstance(page, ResultsPage), page
    first = page.data[0]
    assert (first.custom_id, first.text, first.error, page.next_) == ("a", PRAISE, None, None)
    listed = list_jobs.sync(client=client, limit=1)
    assert listed is not None
    assert not isinstance(listed, Problem)
    assert [one.id for one in listed.data] == [job.id]

    upload = create_upload.sync(client=client, body=File(BytesIO(TABLE.encode("gb18030"))), filename="reviews.csv")
    assert isinstance(upload, UploadDocument), upload
    assert (upload.format_.encoding, upload.format_.text_column) == ("gb18030", "评论")
    bulk = submit_job.sync(client=client, body=UploadRequest(upload=upload.id, keep_columns=True))
    assert isinstance(bulk, JobDocument), bulk
    ended = wait(client, bulk.id)
    assert (ended.state, ended.counts.completed, ended.counts.failed) == ("completed", 2, 0)
    summary = get_summary.sync(bulk.id, client=client)
    assert isinstance(summary, Summary), summary
    assert summary.counts["positive"] == 1
    rows = download_json.sync(bulk.id, client=client)
    assert isinstance(rows, list), rows
    assert [row.label for row in rows] == ["positive", "negative"]
    table = download_csv.sync(bulk.id, client=client)
    assert isinstance(table, str), table
    assert len(table.splitlines()) == 3

    state = health.sync(client=client)
    assert isinstance(state, HealthDocument), state
    assert (state.status, state.model_loaded) == ("healthy", True)

    for refused, status, code in (
        (get_job.sync("job_none", client=client), 404, "job_not_found"),
        (list_jobs.sync(client=AuthenticatedClient(url, token="none")), 401, "not_authorised"),
        (list_webhooks.sync(client=client), 403, "forbidden"),
        (submit_job.sync(client=client, body=JobRequest()), 422, "invalid_input"),
    ):
        assert isinstance(refused, Problem), refused
        assert (refused.status, refused.code) == (status, code)


def wait(client: AuthenticatedClient, job_id: str) -> JobDocument:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job = get_job.sync(job_id, client=client)
        assert isinstance(job, JobDocument), job
        if job.ended_at is not None:
            return job
        time.sleep(0.1)
    raise TimeoutError(job_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
