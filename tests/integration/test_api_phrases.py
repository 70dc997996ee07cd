"""The phrases of a job, from its rows to the answer; they are found by a process of its own."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.export.phrases import asking
from api.export.phrases.question import Question
from api.export.rows import Filter, View
from sentiq.aspects.sets import parse_set
from sentiq.core.errors import JobNotFound
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.results import Results
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import AspectOutcome, ChunkRef, InputChunk, JobOptions, Outcome, RowError
from tests.support.jobs import answer_chunk, create_job
from tests.support.paths import REPOSITORY

JOBS = "/api/v1/jobs"
CHUNK_ROWS = 100  #: as the settings of these tests have it
COMMON = ("周末用的", "网上下单", "朋友也有一台", "颜色一样", "安装很快", "放在客厅")

Row = tuple[str, str, bool]  #: text, shop, whether it is positive


def rows() -> list[Row]:
    """Two shops: in the south batteries swell, in the north screens leak light; what is liked are the keys."""
    dice = random.Random(1)
    made = []
    for number in range(400):
        shop, is_positive = "南北"[number % 2], number % 4 < 2
        said = "按键手感舒服" if is_positive else "电池鼓包" if shop == "南" else "屏幕漏光"
        clauses = [*dice.sample(COMMON, 2), *([said] if dice.random() < 0.6 else [])]
        made.append((f"{'；'.join(clauses)}。第{number}台", shop, is_positive))
    return made


@pytest.fixture
def job(client: FlaskClient, bulk: BulkLane) -> str:
    """The address of an ended job of these rows, one of which failed."""
    return ended(client, bulk, rows())


def ended(client: FlaskClient, bulk: BulkLane, given: list[Row]) -> str:
    data = "\n".join(["评论,店铺", *(f"{text},{shop}" for text, shop, _ in given)])
    made = client.post(f"{JOBS}?keep_columns=true", data=data.encode(), content_type="text/csv").json
    outcomes = [Outcome((0.1, 0.9) if is_positive else (0.9, 0.1)) for _, _, is_positive in given]
    outcomes[0] = Outcome(error=RowError("inference_failed", "why"))
    for first in range(0, len(outcomes), CHUNK_ROWS):
        part = outcomes[first : first + CHUNK_ROWS]
        answer_chunk(bulk, ChunkRef(made["id"], first // CHUNK_ROWS, len(part)), part)
    return f"{JOBS}/{made['id']}"


def phrases(client: FlaskClient, job: str, query: str) -> Any:
    answer = client.get(f"{job}/phrases?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json


def names(found: Any) -> set[str]:
    return {phrase["phrase"] for phrase in found["data"]}


def test_what_complaints_say_and_every_number_leads_to_its_rows(client: FlaskClient, job: str) -> None:
    found = phrases(client, job, "label=negative")
    assert (found["object"], found["job_id"]) == ("phrases", job.rpartition("/")[2])
    assert found["here"] == {"rows": 200, "looked_at": 200}
    assert found["against"] == {"rows": 199, "looked_at": 199}, "the row that failed has no label"
    assert names(found) == {"电池鼓包", "屏幕漏光"}
    for phrase in found["data"]:
        query = {"label": "negative", "contains": phrase["phrase"]}
        assert client.get(f"{job}/matches", query_string=query).json["matches"] == phrase["rows"]
        assert (phrase["rows_against"], phrase["negative"]["value"]) == (0, 1.0)
        for example in phrase["examples"]:
            page = client.get(f"{job}/results?include=text&limit=1000").json["data"]
            assert page[example["index"]]["text"] == example["text"]
            assert phrase["phrase"] in example["text"]


def test_filters_and_sides_combine(client: FlaskClient, job: str) -> None:
    south = "label=negative&column=店铺&value=南"
    assert names(phrases(client, job, f"{south}&against=labels")) == {"电池鼓包"}
    assert names(phrases(client, job, f"{south}&against=groups")) == {"电池鼓包"}
    labels, groups = (
        phrases(client, job, f"{south}&against={side}")["against"]["rows"] for side in ("labels", "groups")
    )
    assert (labels, groups) == (99, 100)
    assert names(phrases(client, job, "column=店铺&value=北")) == {"屏幕漏光"}
    assert names(phrases(client, job, "contains=电池&against=rest&limit=1")) == {"电池鼓包"}


def test_of_an_aspect_its_clauses_are_read(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    aspects = parse_set({"id": "test", "aspects": [{"name": "物流", "words": ["物流"]}]})
    late, early, other = "物流太慢", "物流很快", "外壳有裂纹"
    texts = [f"{other}，{late if number % 2 else early}，第{number}单" for number in range(90)]
    texts += [f"按键舒服，第{number}单" for number in range(90, 120)]
    outcomes = [
        Outcome(
            (0.9, 0.1),
            aspects=(AspectOutcome(0, (0.9, 0.1) if late in text else (0.1, 0.9), 6, 10),) if "物流" in text else (),
        )
        for text in texts
    ]
    made, issued = create_job(store, InputChunk(0, tuple(texts)), options=JobOptions(aspects=aspects.dumps()))
    answer_chunk(bulk, issued[0], outcomes)
    found = phrases(client, f"{JOBS}/{made.id}", "aspect=物流&label=negative&against=labels")
    assert (found["here"]["rows"], found["against"]["rows"]) == (45, 45)
    assert names(found) == {"物流太慢"}
    (phrase,) = found["data"]
    assert (phrase["rows"], phrase["negative"]["value"]) == (45, 1.0)
    assert {example["text"] for example in phrase["examples"]} == {late}
    assert names(phrases(client, f"{JOBS}/{made.id}", "aspect=物流")) & {other} == set()


@pytest.mark.parametrize(
    "query", ["", "against=labels", "label=negative&against=groups", "column=店铺&value=南&against=labels"]
)
def test_rows_that_nothing_is_left_to_compare_with_are_refused(client: FlaskClient, job: str, query: str) -> None:
    refused = client.get(f"{job}/phrases?{query}")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/against")


@pytest.mark.parametrize(
    ("query", "pointer"), [("limit=51", "/limit"), ("against=all", "/against"), ("label=x", "/label"), ("by=1", "/by")]
)
def test_what_is_misspelt_is_named(client: FlaskClient, job: str, query: str, pointer: str) -> None:
    refused = client.get(f"{job}/phrases?{query}")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, pointer)


def test_filter_that_takes_no_row_finds_no_phrase(client: FlaskClient, job: str) -> None:
    found = phrases(client, job, "contains=没有这样的词")
    assert (found["here"]["rows"], found["data"]) == (0, [])


def test_second_request_starts_no_process(client: FlaskClient, job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = phrases(client, job, "label=negative")
    monkeypatch.setattr(asking, "work_apart", lambda *_: pytest.fail("a process was started"))
    assert phrases(client, job, "label=negative") == first


def test_job_that_has_not_ended_has_no_phrases_yet(client: FlaskClient) -> None:
    made = client.post(JOBS, data="评论\n好".encode(), content_type="text/csv").json
    assert "phrases" not in made["links"]
    refused = client.get(f"{JOBS}/{made['id']}/phrases?label=negative")
    assert (refused.status_code, refused.json["code"]) == (409, "job_not_ended")


def test_ended_job_links_to_its_phrases(client: FlaskClient, job: str) -> None:
    assert client.get(job).json["links"]["phrases"] == f"{job}/phrases"


def test_job_that_goes_while_it_is_read_is_not_found(client: FlaskClient, job: str, store: JobStore) -> None:
    gone = store.get(job.rpartition("/")[2])
    store.erase(gone.id)
    with pytest.raises(JobNotFound):
        asking.phrases(Results(store.redis), gone, [Question(View(0.0, Filter(labels=("negative",))), "rest", 20)])


def test_process_that_fails_says_where_and_no_text(
    client: FlaskClient, job: str, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks: Callable[..., Any] = lambda *_: iter([(0, b"\x81\xa6secret", b"\x80")] * 9)  # noqa: E731
    monkeypatch.setattr(asking, "stored_chunks", chunks)
    given = store.get(job.rpartition("/")[2])
    with pytest.raises(RuntimeError, match=r"phrases\.work failed \(1\): \w+ .*codec\.py:\d+") as caught:
        asking.phrases(Results(store.redis), given, [Question(View(0.0, Filter(labels=("negative",))), "rest", 20)])
    assert "secret" not in str(caught.value)


def test_api_does_not_load_the_segmenter() -> None:
    script = "import sys, api.app; sys.exit('rjieba' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, check=True)
