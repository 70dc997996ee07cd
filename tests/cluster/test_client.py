"""The command of the client against the real service, as a cluster and as one process without Redis."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import openpyxl
import pytest

from tests.support.command import sentiq, sentiq_process
from tests.support.jobs import closed_window
from tests.support.processes import free_port, wait_until
from tests.support.service import Service
from tests.support.texts import ROWS, TEXTS, some_table

pytestmark = pytest.mark.cluster

#: On the cluster; with --full in the one process too, which always runs the first command below.
on_the_cluster = pytest.mark.parametrize(
    "service", ["cluster", pytest.param("embedded", marks=pytest.mark.full)], indirect=True
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return some_table(tmp_path)


def test_one_command_from_a_file_to_a_workbook(service: Service, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.xlsx"
    done = sentiq(service.url, "submit", table, "--keep-columns", "--include", "text,columns", "--out", out, "--json")
    assert done.returncode == 0, done.stderr.decode()
    job = json.loads(done.stdout)
    assert job["counts"] == {"total": ROWS, "completed": ROWS, "failed": 0, "without_text": 0}
    assert (job["file"]["encoding"], job["file"]["delimiter"], job["file"]["text_column"]) == ("gb18030", ";", "评论")
    heading, *rows = openpyxl.load_workbook(out)["results"].iter_rows(values_only=True)
    assert heading == ("编号", "来源", "评论", "label", "score", "note")
    assert [row[0] for row in rows] == [f"n{n}" for n in range(ROWS)]
    assert [row[2] for row in rows] == [f"{TEXTS[n % 4]}{n}" for n in range(ROWS)]
    assert not list(tmp_path.glob("*.part"))


@on_the_cluster
def test_commands_speak_json_and_exit_with_their_codes(service: Service, table: Path, tmp_path: Path) -> None:
    url = service.url
    preview = json.loads(sentiq_process(url, "preview", table, "--json").stdout)
    assert (preview["rows"], preview["format"]["id_column"]) == (ROWS, "编号")
    job = json.loads(sentiq_process(url, "submit", table, "--wait", "--json").stdout)["id"]
    assert json.loads(sentiq_process(url, "status", job, "--json").stdout)["state"] == "completed"
    rows = [json.loads(x) for x in sentiq_process(url, "results", job, "--json", "--limit", "5").stdout.splitlines()]
    assert [row["text"] for row in rows] == [f"{TEXTS[n % 4]}{n}" for n in range(5)]
    counts = json.loads(sentiq_process(url, "summary", job, "--json").stdout)["counts"]
    assert sum(counts.values()) == ROWS
    negative = tmp_path / "negative.csv"
    assert sentiq(url, "results", job, "--label", "negative", "--out", negative).returncode == 0
    with negative.open(encoding="utf-8-sig", newline="") as file:
        assert sum(1 for _ in csv.reader(file)) == counts["negative"] + 1
    found = sentiq(url, "results", job, "--contains", f"{TEXTS[1]}1", "--json").stdout.splitlines()
    expected = [n for n in range(ROWS) if f"{TEXTS[1]}1" in f"{TEXTS[n % 4]}{n}"]
    assert [json.loads(row)["index"] for row in found] == expected
    assert job in sentiq_process(url, "list", "--state", "completed").stdout.decode()
    assert b"sentiq-small-zh" in sentiq_process(url, "models").stdout
    idle = re.compile(r"^ ?bulk +0 +0\.0 s +0 +\d+ +0 +[\d,]+ *$", re.MULTILINE)
    wait_until(lambda: idle.search(sentiq(url, "top", "--once").stdout.decode()), message="workers tell that they rest")
    watched = sentiq_process(url, "top", "--once").stdout.decode()
    assert re.search(r"^ ?bulk@\S+ +\d+ +\d+ +[\d,]+ MB ", watched, re.MULTILINE), watched
    assert idle.search(watched), watched
    assert json.loads(sentiq_process(url, "analyze", TEXTS[0], "--json").stdout)["label"] == "positive"
    assert sentiq_process(url, "retry", job).returncode == 3  # nothing failed
    assert sentiq_process(url, "delete", job).returncode == 0
    gone = sentiq(url, "status", job)
    assert (gone.returncode, gone.stdout) == (3, b"")
    assert b"no job" in gone.stderr
    assert sentiq(url, "submit", tmp_path / "absent.csv").returncode == 1
    assert sentiq(url, "submit").returncode == 2
    wrong = sentiq(url, "submit", table, "--text-column", "nothing")
    assert (wrong.returncode, "评论" in wrong.stderr.decode()) == (3, True)


@on_the_cluster
def test_rows_without_a_text_are_no_failures(service: Service, tmp_path: Path) -> None:
    url, path = service.url, tmp_path / "ratings.csv"
    path.write_text("id,text\n1,味道不错，下次还来\n2,\n3,  \n4,物流太慢，很失望\n5,a,b\n", encoding="utf-8")
    preview = json.loads(sentiq(url, "preview", path, "--json").stdout)
    assert (preview["rows"], preview["bad_rows"], preview["without_text"]) == (5, 1, 2)
    job = json.loads(sentiq(url, "submit", path, "--wait", "--json").stdout)
    assert job["counts"] == {"total": 5, "completed": 2, "failed": 1, "without_text": 2}
    told = sentiq(url, "status", job["id"]).stdout.decode()
    assert "5 of 5 rows, 1 failed, 2 without text" in told
    lines = dict(
        re.split(r"  +", line, maxsplit=1) for line in sentiq(url, "summary", job["id"]).stdout.decode().split("\n")[:4]
    )
    assert lines["positive"].split() == ["1", "50.0%"], "of the rows that have a label"
    assert lines["without text"].split() == ["2", "40.0%"]
    for option, indexes in (("--without-text", [1, 2]), ("--failed", [4])):
        rows = sentiq(url, "results", job["id"], option, "--json").stdout.splitlines()
        assert [json.loads(row)["index"] for row in rows] == indexes
    refused = sentiq(url, "retry", job["id"])
    assert (refused.returncode, b"submit them as a new job" in refused.stderr) == (3, True)
    unknown = sentiq(url, "results", job["id"], "--label", "negativ")
    assert (unknown.returncode, b"'negative', 'positive', 'neutral'" in unknown.stderr) == (3, True)
    both = sentiq(url, "results", job["id"], "--label", "negative", "--label", "positive", "--json").stdout.splitlines()
    assert [json.loads(row)["index"] for row in both] == [0, 3]


@on_the_cluster
def test_a_cancelled_job_and_an_absent_service_have_codes_of_their_own(service: Service, table: Path) -> None:
    waiting = json.loads(
        sentiq(service.url, "submit", table, "--start-at", "2999-01-01T00:00:00Z", "--json").stdout or "{}"
    )
    assert waiting == {}, "that far ahead is refused"
    job = json.loads(sentiq(service.url, "submit", table, "--window", closed_window(), "--json").stdout)
    assert job["state"] == "scheduled"
    assert sentiq(service.url, "status", job["id"], "--wait", "--timeout", "1").returncode == 6
    assert json.loads(sentiq_process(service.url, "pause", job["id"], "--json").stdout)["state"] == "paused"
    assert json.loads(sentiq_process(service.url, "resume", job["id"], "--json").stdout)["state"] == "scheduled"
    assert json.loads(sentiq_process(service.url, "cancel", job["id"], "--json").stdout)["state"] == "cancelled"
    assert sentiq(service.url, "status", job["id"], "--wait").returncode == 5
    away = sentiq(f"http://127.0.0.1:{free_port()}", "list")
    assert (away.returncode, b"SENTIQ_URL" in away.stderr) == (4, True)


@on_the_cluster
def test_texts_may_come_by_standard_input(service: Service) -> None:
    done = sentiq(service.url, "submit", "-", "--format", "txt", "--wait", "--json", stdin="很好\n不好\n".encode())
    assert json.loads(done.stdout)["counts"]["total"] == 2
