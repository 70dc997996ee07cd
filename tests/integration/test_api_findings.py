"""What to mend first, of a job of invented reviews with planted complaints."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from api.export.phrases import asking
from sentiq.evaluation.intervals import wilson
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import InputChunk, Outcome
from tests.support.jobs import answer_chunk, create_job
from tests.support.reviews import SHOPS, reviewed

JOBS = "/api/v1/jobs"


def read(client: FlaskClient, job_id: str, **query: str) -> Any:
    answer = client.get(f"{JOBS}/{job_id}/findings", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def matches(client: FlaskClient, job_id: str, **query: str) -> int:
    found: int = client.get(f"{JOBS}/{job_id}/matches", query_string=query).json["matches"]
    return found


def test_the_planted_complaint_comes_first_and_leads_to_its_rows(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    job_id = reviewed(store, bulk)
    found = read(client, job_id)
    assert (found["object"], found["rows"]) == ("findings", 599)
    assert [finding["name"] for finding in found["data"]] == ["物流", "质量", "客服"]
    late = found["data"][0]
    assert late["negative"] == matches(client, job_id, **late["parameters"]) in (129, 130)
    assert late["rows"] == matches(client, job_id, aspect="物流")
    share = wilson(late["negative"], late["rows"])
    assert late["share"] == {name: pytest.approx(getattr(share, name), abs=1e-5) for name in ("value", "low", "high")}
    assert late["of_all"]["value"] == pytest.approx(late["negative"] / 599, abs=1e-5)
    assert late["phrases"][0]["phrase"] == "快递太慢"
    rows = client.get(f"{JOBS}/{job_id}/results?include=text&limit=1000").json["data"]
    assert len(late["examples"]) == 3
    for example in late["examples"]:
        assert "快递太慢了" in rows[example["index"]]["text"]
    assert late["rise"]["difference"] > 0
    rise = {"from": late["rise"]["start"], "to": late["rise"]["end"]}
    assert matches(client, job_id, **late["parameters"], **rise) > 0
    assert found["data"][1]["rise"] is None, "cracks come by chance, in every week"


def test_filters_choose_the_rows(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job_id = reviewed(store, bulk)
    south = {"column": "店铺", "value": SHOPS[0]}
    late = read(client, job_id, **south)["data"][0]
    assert (late["name"], late["negative"]) == ("物流", matches(client, job_id, **late["parameters"], **south))
    early = read(client, job_id, to="2024-01-28")
    assert [finding["name"] for finding in early["data"]] == ["质量", "客服"]
    assert read(client, job_id, contains="没有这样的词")["data"] == []


def test_without_aspects_phrases_say_what_to_mend(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job_id = reviewed(store, bulk, aspects=None, file=None)
    found = read(client, job_id)
    assert found["rows"] == 599
    first = found["data"][0]
    assert (first["kind"], first["rise"]) == ("phrase", None)
    assert first["negative"] == matches(client, job_id, **first["parameters"]) in (129, 130)
    assert first["examples"][0]["text"].endswith("快递太慢了。")
    assert {finding["name"] for finding in found["data"]} >= {"边上有裂缝"}


def test_few_bad_texts_are_no_finding_and_texts_stand_for_missing_phrases(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    job_id = reviewed(store, bulk)
    few = read(client, job_id, contains="alert")
    assert few["data"] == []
    some = read(client, job_id, contains="客服", to="2024-03")["data"]
    assert [finding["name"] for finding in some] == ["客服"]
    assert len({example["text"] for example in some[0]["examples"]}) == 3
    assert all("客服已读不回" in example["text"] for example in some[0]["examples"])


def test_second_request_computes_nothing(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = reviewed(store, bulk)
    first = read(client, job_id)
    monkeypatch.setattr(asking, "work_apart", lambda *_: pytest.fail("a process was started"))
    assert read(client, job_id) == first


def test_model_without_a_negative_label_finds_nothing(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job, issued = create_job(store, InputChunk(0, ("好", "坏")))
    answer_chunk(bulk, issued[0], [Outcome((0.9, 0.1)), Outcome((0.2, 0.8))], labels=("1", "5"))
    assert read(client, job.id)["data"] == []


@pytest.mark.parametrize("query", ["label=negative", "aspect=物流", "only=failed", "min_score=0.5"])
def test_filters_by_what_was_found_are_refused(
    client: FlaskClient, store: JobStore, bulk: BulkLane, query: str
) -> None:
    refused = client.get(f"{JOBS}/{reviewed(store, bulk)}/findings?{query}")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "unknown_parameter")


def test_only_an_ended_job_has_findings(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    made = client.post(JOBS, data="评论\n好".encode(), content_type="text/csv").json
    assert "findings" not in made["links"]
    refused = client.get(f"{JOBS}/{made['id']}/findings")
    assert (refused.status_code, refused.json["code"]) == (409, "job_not_ended")
    job_id = reviewed(store, bulk)
    assert client.get(f"{JOBS}/{job_id}").json["links"]["findings"] == f"{JOBS}/{job_id}/findings"
