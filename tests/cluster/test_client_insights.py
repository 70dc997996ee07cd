"""Aspects, phrases, time and groups through the clients, sync and async, and the command, on a real cluster."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sentiq_client import ApiError, Client
from tests.support.clients import Connect, connect
from tests.support.cluster import Cluster
from tests.support.command import sentiq, sentiq_process
from tests.support.jobs import closed_window

pytestmark = pytest.mark.cluster

MONDAY = date(2024, 3, 4)
WEEKS, A_WEEK = 4, 60
PRAISE, COMPLAINT = "质量非常好，很满意", "物流太慢了，等了十天，非常失望"
BAD_WEEK, BAD_SHOP = 2, "北店"
COMPLAINTS = A_WEEK // 2
CAFE = "id: cafe\ntitle: 咖啡馆\naspects:\n- name: 等待\n  words: [物流, 十天]\n- name: 品质\n  words: [质量]\n"


@pytest.fixture(params=["sync", "async"])
def client_of(request: pytest.FixtureRequest) -> Connect:
    return partial(connect, request.param)


@pytest.fixture
def client(client_of: Connect, cluster: Cluster) -> Iterator[Client]:
    with client_of(cluster.url) as client:
        yield client


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reviews of four weeks and two shops; in one week, all who write of one shop complain of the delivery.

    The other column of dates, and the order of day and month, have to be said.
    """
    path = tmp_path_factory.mktemp("insights") / "评价.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["评论内容", "店铺", "评价时间", "回访时间"])
        for n in range(WEEKS * A_WEEK):
            week, shop = n // A_WEEK, ("南店", BAD_SHOP)[n % 2]
            text = COMPLAINT if (week, shop) == (BAD_WEEK, BAD_SHOP) else PRAISE
            day = MONDAY + timedelta(weeks=week, days=n % 5)
            rows.writerow([f"{text}，第{n}单", shop, day.isoformat(), f"{day.month}/{day.day}/{day.year}"])
    return path


@pytest.fixture(scope="module")
def job(cluster: Cluster, table: Path) -> str:
    """The id of a job of the table, with the aspects of shops."""
    with Client(cluster.url) as client:
        job = client.submit(table, aspects="shop", keep_columns=True)
        job.wait(timeout_s=200)
        return job.id


def test_the_numbers_of_a_job_are_typed_filtered_and_lead_to_rows(client: Client, job: str) -> None:
    handle = client.job(job)
    aspects = handle.aspects()
    assert (aspects.rows, aspects.aspects[0].aspect) == (WEEKS * A_WEEK, "物流")
    assert aspects.aspects[0].counts["negative"] == COMPLAINTS
    assert handle.aspects(where={"店铺": "南店"}).aspects[0].aspect != "物流"

    timeline = handle.timeline("week", aspect="物流")
    assert [point.start for point in timeline.points] == [str(MONDAY + timedelta(weeks=BAD_WEEK))]
    by_week = handle.timeline("week").to_pandas()
    assert by_week["rows"].tolist() == [A_WEEK] * WEEKS
    worst = by_week.loc[by_week["share_negative"].idxmax()]
    assert worst["start"].date() == MONDAY + timedelta(weeks=BAD_WEEK)
    assert worst["change_negative"] > 0.3

    crossed = handle.cross("店铺", "aspect", from_=worst["start"].date(), to=worst["end"].date())
    cells = {
        row.value: dict(zip([c.value for c in crossed.columns], line, strict=True))
        for row, line in zip(crossed.rows, crossed.cells, strict=True)
    }
    assert cells[BAD_SHOP]["物流"].counts["negative"] == COMPLAINTS

    said = handle.phrases(label="negative", limit=5).phrases
    assert any("太慢" in each.phrase for each in said)
    assert all(example.label == "negative" for each in said for example in each.examples)

    rows = list(handle.results(where={"店铺": [BAD_SHOP, "西店"]}, aspect="物流", label="negative", include="text"))
    assert len(rows) == COMPLAINTS
    assert all(COMPLAINT in (row.text or "") for row in rows)
    spoken = [found for row in rows for found in row.aspects or () if found.aspect == "物流"]
    assert {found.label for found in spoken} == {"negative"}


def test_what_to_mend_first_is_told_and_a_report_says_it_to_people(client: Client, job: str, tmp_path: Path) -> None:
    handle = client.job(job)
    (finding, *_) = handle.findings().findings
    assert (finding.name, finding.negative) == ("物流", COMPLAINTS)
    assert all(COMPLAINT in example.text for example in finding.examples)
    assert handle.findings(where={"店铺": "南店"}).findings == []
    page = handle.report(tmp_path / "report.html", lang="zh", by="店铺").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "最该先改的" in page
    assert BAD_SHOP in page
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    waiting = client.submit(["好"], window=closed_window())
    with pytest.raises(ApiError, match="job_not_ended"):
        waiting.report(tmp_path / "early.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    waiting.delete()


def test_refusals_say_what_would_help(client: Client, job: str) -> None:
    handle = client.job(job)
    with pytest.raises(ApiError, match="`label=negative`") as nothing:
        handle.phrases()
    assert nothing.value.status == 422
    with pytest.raises(ApiError, match=r"no aspect '快递'; there are: .*物流"):
        handle.aspects(aspect="快递")
    dated = client.submit([{"text": "好", "date": None}, {"text": "不好", "date": date(2024, 3, 5)}])
    dated.wait(timeout_s=200)
    (point,) = dated.timeline().points
    assert (str(point.start)[:10], point.rows) == ("2024-03-05", 1)
    bare = client.submit(["好", "不好"])
    bare.wait(timeout_s=200)
    with pytest.raises(ApiError, match="date_column"):
        bare.timeline()
    with pytest.raises(ApiError, match="keep_columns"):
        bare.cross("店铺", "label")
    with pytest.raises(ApiError, match="no_aspects") as none:
        bare.aspects()
    assert none.value.status == 409


def test_a_set_goes_along_with_whatever_is_submitted(client: Client, table: Path, tmp_path: Path) -> None:
    file = tmp_path / "cafe.yaml"
    file.write_text(CAFE, encoding="utf-8")
    own = {"id": "cafe", "aspects": [{"name": "等待", "words": ["物流"]}, {"name": "品质", "words": ["质量"]}]}
    texts = client.submit([COMPLAINT, None, PRAISE], aspects=own, metadata={"tenant": "t-1"})
    assert texts.wait(timeout_s=200).metadata == {"tenant": "t-1"}
    said = [[(found.aspect, found.label) for found in row.aspects or ()] for row in texts.results()]
    assert said == [[("等待", "negative")], [], [("品质", "positive")]]
    whole = client.submit(table, aspects=file, text_column=["评论内容"], date_column="回访时间", keep_columns=True)
    ended = whole.wait(timeout_s=200)
    assert (ended.total, ended.name, ended.document["file"]["date_column"]) == (WEEKS * A_WEEK, "评价.csv", "回访时间")
    assert whole.aspects().aspect_set == ended.document["options"]["aspects"]
    assert {each.aspect for each in whole.aspects().aspects} == {"等待", "品质"}
    assert client.dry_run(table, aspects=file)["rows"] == WEEKS * A_WEEK
    one = client.analyze("物流太慢了，非常失望", aspects=own)
    assert [found.aspect for found in one.aspects or ()] == ["等待"]
    with pytest.raises(ApiError, match="等待"):
        client.submit(["好"], aspects={"id": "x", "aspects": [{"name": "等待", "words": []}]})


def test_sets_are_stored_read_and_deleted(client: Client, client_of: Connect, tmp_path: Path) -> None:
    file = tmp_path / "cafe.yaml"
    file.write_text(CAFE.replace("cafe", f"cafe-{client_of.args[0]}"), encoding="utf-8")  # type: ignore[attr-defined]
    first = client.aspect_sets.put(file)
    assert (first.built_in, client.aspect_sets.put(file).version) == (False, first.version)
    changed = client.aspect_sets.put(first.definition | {"title": "咖啡"})
    assert client.aspect_sets.get(first.id).versions == [changed.version, first.version]
    assert client.aspect_sets.get(first.name).definition["title"] == "咖啡馆"
    file.write_text(client.aspect_sets.get(changed.name).to_yaml(), encoding="utf-8")
    assert client.aspect_sets.put(file).name == changed.name
    assert {"shop", "food", first.id} <= {one.id for one in client.aspect_sets.list()}
    job = client.submit(["物流太慢了"], aspects=first.name)
    job.wait(timeout_s=200)
    client.aspect_sets.delete(first.id)
    with pytest.raises(ApiError, match="aspect_set_not_found"):
        client.aspect_sets.get(first.id)
    assert job.aspects().aspect_set == first.name, "a job keeps its set"


def told(done: subprocess.CompletedProcess[bytes]) -> list[list[str]]:
    """The lines of a command, in parts."""
    assert done.returncode == 0, done.stderr.decode()
    return [line.split("\t") for line in done.stdout.decode().splitlines()]


def test_the_command_shows_them(cluster: Cluster, job: str, tmp_path: Path) -> None:
    run, process = partial(sentiq, cluster.url), partial(sentiq_process, cluster.url)
    heading, worst, *_ = told(process("aspects", job))
    assert heading[0].startswith("shop@")
    assert worst[:2] == ["物流", str(COMPLAINTS)]
    assert worst[2].startswith("negative 100.0% (")
    weeks = told(process("timeline", job, "--step", "week"))
    assert [week[1] for week in weeks] == [str(A_WEEK)] * WEEKS
    assert "p = " in weeks[BAD_WEEK][-1]
    crossed = told(process("cross", job, "--rows", "店铺", "--columns", "week", "--label", "negative"))
    assert [line[:2] for line in crossed] == [["店铺", "rows"], [BAD_SHOP, str(COMPLAINTS)]]
    said = told(process("phrases", job, "--label", "negative"))
    assert any("太慢" in line[0] for line in said)
    for command in (
        ["aspects"],
        ["timeline"],
        ["phrases", "--label", "negative"],
        ["cross", "--rows", "1", "--columns", "2"],
    ):
        document = json.loads(run(command[0], job, *command[1:], "--json").stdout)
        assert document["object"] == command[0]
    mend = told(process("findings", job))
    assert mend[0][:2] == ["物流", f"{COMPLAINTS} of {COMPLAINTS} negative"]
    out = tmp_path / "report.html"
    assert process("report", job, "--out", out, "--lang", "zh", "--from", "2024-03").returncode == 0
    assert "最该先改的" in out.read_text(encoding="utf-8")
    one = run("analyze", "质量很好，就是物流太慢", "--aspects", "shop").stdout.decode()
    assert re.search(r"^  物流: negative \d\.\d{3}  .*太慢", one, re.MULTILINE)
    lines = run(
        "analyze", "-", "--aspects", "shop", "--json", stdin="物流太慢\n下次还来\n".encode()
    ).stdout.splitlines()
    assert [[said["aspect"] for said in json.loads(line)["aspects"]] for line in lines] == [["物流"], []]
    refused = run("phrases", job)
    assert (refused.returncode, b"label=negative" in refused.stderr) == (3, True)


@pytest.mark.full
def test_the_command_combines_filters_for_rows_and_files(cluster: Cluster, job: str, tmp_path: Path) -> None:
    week = MONDAY + timedelta(weeks=BAD_WEEK)
    chosen = [
        *("--column", "店铺", "--value", BAD_SHOP, "--column", "店铺", "--value", "南店"),
        *("--from", str(week), "--to", str(week + timedelta(days=6)), "--aspect", "物流", "--label", "negative"),
    ]
    rows = told(sentiq(cluster.url, "results", job, *chosen))
    assert len(rows) == COMPLAINTS
    assert {row[1] for row in rows} == {"negative"}
    assert sentiq(cluster.url, "results", job, *chosen, "--out", tmp_path / "out.csv").returncode == 0
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        kept = list(csv.DictReader(file))
    assert [row["店铺"] for row in kept] == [BAD_SHOP] * COMPLAINTS
    assert {row["aspect_物流"] for row in kept} == {"negative"}
    sheets = {}
    for flag in ("--report", "--no-report"):
        assert sentiq(cluster.url, "results", job, flag, "--out", tmp_path / "out.xlsx").returncode == 0
        sheets[flag] = openpyxl.load_workbook(tmp_path / "out.xlsx").sheetnames
    assert sheets["--report"][:2] == sheets["--no-report"], "rows and summary"
    assert len(sheets["--report"]) > 2
    alone = sentiq(cluster.url, "results", job, "--column", "店铺")
    assert (alone.returncode, b"`value` is missing" in alone.stderr) == (3, True)


def test_the_command_stores_sets_and_submits_with_them(cluster: Cluster, table: Path, tmp_path: Path) -> None:
    file = tmp_path / "counter.yaml"
    file.write_text(CAFE.replace("cafe", "counter"), encoding="utf-8")
    run, process = partial(sentiq, cluster.url), partial(sentiq_process, cluster.url)
    (stored,) = (json.loads(line) for line in process("aspect-sets", "put", file, "--json").stdout.splitlines())
    assert process("aspect-sets", "show", "counter").stdout.decode().startswith("id: counter\n")
    assert any(line.startswith(f"counter@{stored['version']}") for (line,) in told(process("aspect-sets", "list")))
    asked = ("--date-column", "回访时间", "--date-order", "month_first", "--wait", "--json")
    for aspects in ("counter", file):
        done = run("submit", table, "--aspects", aspects, *asked)
        assert done.returncode == 0, done.stderr.decode()
        document: dict[str, Any] = json.loads(done.stdout)
        assert document["options"]["aspects"] == f"counter@{stored['version']}"
        assert (document["file"]["date_column"], document["file"]["date_order"]) == ("回访时间", "month_first")
    assert "date column  回访时间" in run("preview", table, "--date-column", "回访时间").stdout.decode()
    assert process("aspect-sets", "delete", "counter").returncode == 0
    gone = run("submit", table, "--aspects", "counter")
    assert (gone.returncode, b"aspect-sets lists them" in gone.stderr) == (3, True)
    file.write_text("id: counter\naspects:\n- name: 环境\n  words: []\n", encoding="utf-8")
    wrong = run("aspect-sets", "put", file)
    assert (wrong.returncode, "环境" in wrong.stderr.decode()) == (3, True)
    file.write_text("id: [counter", encoding="utf-8")
    broken = run("aspect-sets", "put", file)
    assert (broken.returncode, b"is not YAML (line 1)" in broken.stderr) == (1, True)
