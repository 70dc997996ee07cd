"""A job by time: the counts are those of its rows, every step leads to its rows, and marks are no chance."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.export import timeline
from sentiq.jobs.dates import minutes_of
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.results import VALUE_CHARS
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import FileFormat, InputChunk, JobOptions, Outcome
from tests.support.jobs import FAILED, answer_chunk, create_job

FILE = FileFormat("a.csv", "csv", text_column="评论", text_number=1, columns=("评论", "店"), date_number=2)
CHUNK = 100
#: Wednesday.
START = datetime(2024, 3, 6, 8)  # noqa: DTZ001  # as a file has it
GOOD, BAD = Outcome((0.1, 0.9)), Outcome((0.9, 0.1))

#: When a row was written, None where nobody knows, and its answer.
Row = tuple[datetime | None, Outcome]


def job_of(store: JobStore, bulk: BulkLane, rows: Sequence[Row], *, seal: bool = True) -> str:
    """Make a job of these rows, every other one of the south shop, and answer it; return its address."""
    chunks = []
    for first in range(0, len(rows), CHUNK):
        part = rows[first : first + CHUNK]
        cells = tuple(("南" if (first + n) % 2 else "北",) for n in range(len(part)))
        when = tuple(None if moment is None else minutes_of(moment) for moment, _ in part)
        chunks.append(InputChunk(first, tuple(f"文{first + n}" for n in range(len(part))), cells=cells, when=when))
    job, issued = create_job(store, *chunks, options=JobOptions(keep_columns=True), file=FILE, seal=seal)
    while issued:
        ref = issued.pop(0)
        first = ref.chunk_no * CHUNK
        issued += answer_chunk(bulk, ref, [outcome for _, outcome in rows[first : first + ref.rows]])
    return f"/api/v1/jobs/{job.id}"


def read(client: FlaskClient, job: str, query: str = "") -> Any:
    answer = client.get(f"{job}/timeline?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json


def mixed(days: int = 40, rows: int = 450) -> list[Row]:
    dice = random.Random(11)
    outcomes = (GOOD, BAD, BAD, FAILED)
    moments = [START + timedelta(minutes=dice.randrange(days * 1_440)) for _ in range(rows)]
    return [(None if n % 9 == 0 else moment, dice.choice(outcomes)) for n, moment in enumerate(moments)]


NAMES = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "week": "%G-%V", "month": "%Y-%m"}


@pytest.mark.parametrize("step", ["hour", "day", "week", "month"])
def test_the_steps_have_the_counts_of_the_rows(client: FlaskClient, store: JobStore, bulk: BulkLane, step: str) -> None:
    rows = mixed()
    found = read(client, job_of(store, bulk, rows), f"step={step}")
    expected: dict[str, Counter[str]] = {}
    undated: Counter[str] = Counter()
    for moment, outcome in rows:
        name = {GOOD: "positive", BAD: "negative"}.get(outcome, "failed")
        counts = undated if moment is None else expected.setdefault(f"{moment:{NAMES[step]}}", Counter())
        counts[name] += 1
    assert (found["step"], found["rows"]) == (step, sum(moment is not None for moment, _ in rows))
    assert found["undated"] == {**undated, "without_text": 0}
    points = found["points"]
    assert [Counter(point["counts"]) - Counter() for point in points] == [expected[name] for name in sorted(expected)]
    for point in points:
        labelled = point["counts"]["positive"] + point["counts"]["negative"]
        if labelled:
            share = point["shares"]["negative"]
            assert share["value"] == pytest.approx(point["counts"]["negative"] / labelled, abs=1e-5)
            assert share["low"] <= share["value"] <= share["high"]
        else:
            assert point["shares"] == {}


@pytest.mark.parametrize("step", ["hour", "day", "week", "month"])
@pytest.mark.parametrize("query", ["", "label=negative", "column=店&value=南&min_score=0.5", "only=failed"])
def test_every_number_leads_to_its_rows(
    client: FlaskClient, store: JobStore, bulk: BulkLane, step: str, query: str
) -> None:
    job = job_of(store, bulk, mixed(days=5, rows=150))
    found = read(client, job, f"step={step}&{query}")
    assert found["points"]
    for point in found["points"]:
        period = f"from={point['start']}&to={point['end']}"
        assert client.get(f"{job}/matches?{period}&{query}").json["matches"] == point["rows"]
        assert read(client, job, f"step={step}&{period}&{query}")["rows"] == point["rows"]


@pytest.mark.parametrize("step", ["hour", "day", "week", "month"])
@pytest.mark.parametrize(
    ("since", "until"), [("2024-03-07", "2024-03-12"), ("2024-03-07T10:20", "2024-03-08T11:40"), ("2024-03-09", None)]
)
def test_a_step_that_a_filter_cuts_leads_to_its_rows(
    client: FlaskClient, store: JobStore, bulk: BulkLane, step: str, since: str, until: str | None
) -> None:
    job = job_of(store, bulk, mixed(days=8, rows=300))
    query = f"from={since}" + (f"&to={until}" if until else "")
    found = read(client, job, f"step={step}&{query}")
    assert found["rows"] == client.get(f"{job}/matches?{query}").json["matches"] > 0
    assert found["points"][0]["start"] >= since
    for point in found["points"]:
        period = f"from={point['start']}&to={point['end']}"
        assert client.get(f"{job}/matches?{period}").json["matches"] == point["rows"], period


@pytest.mark.parametrize(
    ("days", "step"), [(0.5, "hour"), (2.9, "hour"), (10, "day"), (60, "day"), (400, "week"), (3_000, "month")]
)
def test_the_step_fits_the_time(client: FlaskClient, store: JobStore, bulk: BulkLane, days: float, step: str) -> None:
    moments = [START.replace(hour=0) + timedelta(minutes=int(n * days * 1_440 / 500)) for n in range(500)]
    assert read(client, job_of(store, bulk, [(moment, GOOD) for moment in moments]))["step"] == step


def test_one_wrong_date_does_not_make_the_steps_longer(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    moments = [START + timedelta(hours=8 * n) for n in range(60)]
    found = read(client, job_of(store, bulk, [(moment, GOOD) for moment in (START.replace(year=1900), *moments)]))
    assert (found["step"], found["points"][0]["start"]) == ("day", "1900-03-06")


def test_an_average_holds_the_steps_before_also_those_without_rows(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    days = [(0, BAD), (0, BAD), (1, GOOD), (6, GOOD), (7, GOOD), (30, BAD)]
    found = read(client, job_of(store, bulk, [(START + timedelta(days=n), outcome) for n, outcome in days]), "step=day")
    assert found["averaged"] == 7
    assert [point["averages"]["negative"] for point in found["points"]] == [1.0, 0.66667, 0.5, 0.0, 1.0]


def weeks(shares: Sequence[float], rows: int) -> list[Row]:
    """Rows of so many weeks, a share of which is negative."""
    return [
        (START + timedelta(weeks=week, minutes=n), BAD if n < share * rows else GOOD)
        for week, share in enumerate(shares)
        for n in range(rows)
    ]


def test_a_step_that_differs_from_the_one_before_is_marked(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    found = read(client, job_of(store, bulk, weeks([0.2, 0.25, 0.6, 0.55], 100)), "step=week")
    assert found["comparisons"] == 3
    changes = [point["changes"] for point in found["points"]]
    assert [len(each) for each in changes] == [0, 0, 1, 0]
    (change,) = changes[2]
    assert (change["label"], change["difference"]) == ("negative", 0.35)
    assert change["p_value"] < 0.001


def test_few_rows_prove_nothing(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    found = read(client, job_of(store, bulk, weeks([0.0, 1.0, 0.0], 3)), "step=week")
    assert [point["changes"] for point in found["points"]] == [[], [], []]


def test_chance_alone_seldom_makes_a_mark(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    """The comparisons of one timeline are corrected together: 52 weeks are no 52 chances of a false alarm."""
    dice = random.Random(5)
    marked = 0
    moments = [START + timedelta(weeks=week) for week in range(52) for _ in range(10)]
    for _ in range(20):
        job = job_of(store, bulk, [(moment, BAD if dice.random() < 0.3 else GOOD) for moment in moments])
        marked += any(point["changes"] for point in read(client, job, "step=week")["points"])
    assert marked <= 3


def test_too_many_steps_are_refused_with_the_remedy(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MOST_POINTS", 30)
    job = job_of(store, bulk, mixed(days=50))
    refused = client.get(f"{job}/timeline?step=day")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "too_many_steps")
    assert read(client, job, "step=day&to=2024-03-20")["points"]
    found = read(client, job)
    assert (found["step"], found["rows"]) == ("week", 400), "what is counted already goes over to the longer step"


def test_a_job_without_dates_is_refused_with_the_remedy(client: FlaskClient) -> None:
    job = client.post("/api/v1/jobs", json={"texts": ["好"]}).json
    assert "timeline" not in job["links"]
    refused = client.get(f"/api/v1/jobs/{job['id']}/timeline")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "no_dates")
    assert "date_column" in refused.json["detail"]


def test_a_job_that_runs_has_a_timeline_of_what_is_done(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = job_of(store, bulk, mixed(rows=120), seal=False)
    assert client.get(job).json["links"]["timeline"] == f"{job}/timeline"
    found = read(client, job)
    assert (found["state"], found["rows"] + sum(found["undated"].values())) == ("receiving", 120)


def test_a_long_answer_of_an_ended_job_is_kept_too(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(store, bulk, [(START + timedelta(days=n), GOOD if n % 2 else BAD) for n in range(400)])
    first = client.get(f"{job}/timeline?step=day").data
    assert len(first) > VALUE_CHARS

    def fail(*_: object) -> None:
        raise AssertionError("it is computed again")

    monkeypatch.setattr("api.export.timeline.timeline", fail)
    assert client.get(f"{job}/timeline?step=day").data == first
