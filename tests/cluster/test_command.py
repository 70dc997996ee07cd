"""The command `sentiq` as people use it in a shell: pipes, columns, errors and exit codes."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import sentiq_client
from tests.support.cluster import Cluster
from tests.support.command import COMMAND, environment, sentiq, sentiq_process
from tests.support.processes import WAIT_S, Process, free_port, wait_until
from tests.support.receiver import Receiver, verified

pytestmark = pytest.mark.cluster

LINES = ("味道不错,下次还来", "物流太慢,很失望", "包装完整,一般般", "客服态度差,不推荐")  #: with commas of ASCII
TABLE = "编号,城市,评论\n" + "".join(f"n{n},北京,{text.replace(',', '，')}\n" for n, text in enumerate(LINES))


def detail(value: str) -> Any:
    """One more value of a parameter, which is tried with --full alone."""
    return pytest.param(value, marks=pytest.mark.full)


def shell(url: str, line: str, **words: Path) -> subprocess.CompletedProcess[bytes]:
    """A line of bash, in which `sentiq` is the command and `$name` each of the words."""
    start = f'sentiq() {{ {shlex.join(COMMAND)} "$@"; }}; set -o pipefail; '
    env = environment(url) | {name: str(word) for name, word in words.items()}
    return subprocess.run(["bash", "-c", start + line], env=env, capture_output=True, check=False, timeout=300)


def texts_of(cluster: Cluster, done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """The texts of the job that a `submit … --wait --json` has made."""
    assert done.returncode == 0, done.stderr.decode()
    return [row["text"] for row in cluster.rows(json.loads(done.stdout)["id"], include="text")]


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "评论.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "line",
    [
        'cat "$lines" | sentiq submit - --wait --json',
        detail('sentiq submit - --wait --json < "$lines"'),
        'gzip -c "$lines" | sentiq submit - --wait --json',
        detail('cat "$lines" | sentiq submit /dev/stdin --wait --json'),
        detail('sentiq submit /dev/stdin --wait --json < "$lines"'),
        detail('sentiq submit <(cat "$lines") --wait --json'),
        'mkfifo "$lines.pipe"; cat "$lines" > "$lines.pipe" & sentiq submit "$lines.pipe" --wait --json',
    ],
)
def test_what_has_no_name_is_lines_of_text(cluster: Cluster, lines: Path, line: str) -> None:
    assert texts_of(cluster, shell(cluster.url, line, lines=lines)) == list(LINES)


def test_a_table_comes_by_standard_input_when_its_format_is_named(cluster: Cluster, table: Path) -> None:
    whole = [text.replace(",", "，") for text in LINES]
    for line in (
        'sentiq submit - --format csv --text-column 评论 --wait --json < "$table"',
        'mkfifo "$table.csv"; cat "$table" > "$table.csv" & sentiq submit "$table.csv" --wait --json',
    ):
        assert texts_of(cluster, shell(cluster.url, line, table=table)) == whole
    looked = shell(cluster.url, 'gzip -c "$table" | sentiq preview - --format csv --json', table=table)
    assert json.loads(looked.stdout)["format"]["text_column"] == "评论"
    unclear = sentiq(cluster.url, "submit", "-", "--text-column", "评论", stdin=table.read_bytes())
    assert (unclear.returncode, b"--format csv" in unclear.stderr) == (2, True)


def test_what_was_decided_about_a_file_is_told_beside_the_answer(cluster: Cluster, tmp_path: Path) -> None:
    table = tmp_path / "评价.csv"
    table.write_text("店,评价,追评\n甲,味道不错,下次还来\n乙,暂无,暂无\n丙,太慢了,不会再来\n", encoding="utf-8")
    asked = ("--text-column", "评价", "--text-column", "追评", "--header-row", "1", "--null-value", "暂无")
    looked = sentiq(cluster.url, "preview", table, *asked)
    assert looked.returncode == 0, looked.stderr.decode()
    assert "note: " in looked.stderr.decode()
    assert "note: " not in looked.stdout.decode()
    done = sentiq(cluster.url, "submit", table, *asked, "--wait", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    job = json.loads(done.stdout)
    assert job["file"]["text_numbers"] == [2, 3]
    assert job["counts"]["without_text"] == 1
    codes = {note["code"] for note in job["file"]["notes"]}
    assert {"columns_joined", "null_values"} <= codes


def posts(cluster: Cluster) -> float:
    """How many requests the API has had so far that submit something."""
    shown = re.findall(
        r'^sentiq_requests_total\{.*method="POST".* (\S+)$', cluster.http.get("/metrics").text, re.MULTILINE
    )
    return sum(map(float, shown))


def test_lines_are_classified_in_few_jobs_which_are_deleted(cluster: Cluster) -> None:
    named = cluster.submit(["味道不错"], name="before the lines")
    before = posts(cluster)
    lines = "".join(f"{LINES[n % 4]}{n}\n\n" for n in range(1000))
    done = sentiq(cluster.url, "analyze", "-", "--json", stdin=lines.encode())
    assert done.returncode == 0, done.stderr.decode()
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    assert [row["text"] for row in rows] == [f"{LINES[n % 4]}{n}" for n in range(1000)]
    assert {row["label"] for row in rows[1::4]} == {"negative"}
    assert 1 <= posts(cluster) - before < 50, "as many lines as have come are sent together"
    assert json.loads(sentiq(cluster.url, "list", "--limit", "1", "--json").stdout)["id"] == named


def test_lines_are_answered_as_they_come(cluster: Cluster) -> None:
    command = [*COMMAND, "analyze", "-"]
    with subprocess.Popen(command, env=environment(cluster.url), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as told:
        stop = threading.Timer(WAIT_S, told.kill)
        stop.start()
        assert told.stdin is not None
        assert told.stdout is not None
        for text in LINES:
            told.stdin.write(f"{text}\n".encode())
            told.stdin.flush()
            assert told.stdout.readline().decode().endswith(f"{text}\n")
        told.stdin.close()
        stop.cancel()
        assert told.wait(WAIT_S) == 0


@pytest.mark.parametrize("encoding", ["gb18030", detail("utf-8-sig"), detail("utf-16")])
def test_lines_come_in_any_encoding_that_files_may_have(cluster: Cluster, encoding: str) -> None:
    text = "".join(f"{line}\n" for line in (*LINES, "", "ok"))
    done = sentiq(cluster.url, "analyze", "-", "--json", stdin=text.encode(encoding))
    assert [json.loads(row)["text"] for row in done.stdout.splitlines()] == [*LINES, "ok"]


@pytest.mark.parametrize("text", ["", detail("  "), detail("\t\n"), "\u200b\ufeff\u2800"])
def test_nothing_to_classify_is_an_error(cluster: Cluster, text: str) -> None:
    one = sentiq(cluster.url, "analyze", text)
    assert (one.returncode, one.stdout) == (3, b"")
    assert b"empty" in one.stderr
    none = sentiq(cluster.url, "analyze", "-", stdin=f"{text}\n{text}".encode())
    assert (none.returncode, none.stdout) == (1, b"")
    assert b"no text" in none.stderr


def test_lines_of_which_none_can_be_classified_say_why_too(cluster: Cluster) -> None:
    done = sentiq(cluster.url, "analyze", "-", "--json", stdin=("\n" + "长" * 20_001 + "\n\u200b\n").encode())
    [row] = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, row["error"]["code"], row["error"]["line"]) == (5, "text_too_long", 2)


def test_a_line_that_fails_says_why_in_its_place(cluster: Cluster) -> None:
    text = f"{LINES[0]}\n\n" * 3000 + "长" * 20_001 + f"\n{LINES[1]}\n"  # more than one batch
    done = sentiq(cluster.url, "analyze", "-", stdin=text.encode())
    *first, failed, last = done.stdout.decode().splitlines()
    assert (len(first), failed[:6], last[:8]) == (3000, "failed", "negative")
    assert "Line 6001: The text has 20,001 characters" in failed
    assert done.returncode == 5


def test_the_columns_of_a_file_come_back_with_its_results(cluster: Cluster, table: Path, tmp_path: Path) -> None:
    own = ["编号", "城市", "评论"]
    done = sentiq(cluster.url, "submit", table, "--out", tmp_path / "out.xlsx", "--json")
    assert done.returncode == 0, done.stderr.decode()
    heading, *rows = openpyxl.load_workbook(tmp_path / "out.xlsx")["results"].iter_rows(values_only=True)
    assert list(heading[:3]) == own
    assert [row[0] for row in rows] == ["n0", "n1", "n2", "n3"]
    job = json.loads(done.stdout)["id"]
    for command in (["results", job], ["status", job]):
        assert sentiq(cluster.url, *command, "--out", tmp_path / "out.csv").returncode == 0
        assert _headings(tmp_path / "out.csv")[:3] == own
        assert "text" not in _headings(tmp_path / "out.csv"), "the text is there once"
    assert sentiq(cluster.url, "results", job, "--out", tmp_path / "out.ndjson").returncode == 0
    row = json.loads((tmp_path / "out.ndjson").read_text(encoding="utf-8").splitlines()[0])
    assert (row["text"], dict(row["columns"])["城市"]) == (LINES[0].replace(",", "，"), "北京")

    assert sentiq(cluster.url, "submit", table, "--no-columns", "--out", tmp_path / "bare.csv").returncode == 0
    assert set(_headings(tmp_path / "bare.csv")) & {*own, "text"} == {"text"}


@pytest.mark.full
def test_columns_that_are_not_kept_are_refused_before_anything_is_sent(
    cluster: Cluster, table: Path, tmp_path: Path
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    out = ("--out", tmp_path / "out.csv")
    refused = sentiq(nobody, "submit", table, "--no-columns", "--include", "columns", *out)
    assert (refused.returncode, b"--no-columns" in refused.stderr) == (2, True)
    unknown = sentiq(nobody, "submit", table, "--include", "texts", *out)
    assert (unknown.returncode, b"text, columns" in unknown.stderr) == (2, True)
    job = json.loads(sentiq(cluster.url, "submit", table, "--wait", "--json").stdout)["id"]
    for command in (["results", job], ["status", job, "--wait"]):
        refused = sentiq(cluster.url, *command, "--include", "text,columns", *out)
        assert (refused.returncode, b"--keep-columns" in refused.stderr) == (2, True)
    assert not (tmp_path / "out.csv").exists()
    kept = sentiq(cluster.url, "submit", table, "--include", "columns", *out)
    assert kept.returncode == 0, kept.stderr.decode()
    assert _headings(tmp_path / "out.csv")[:3] == ["编号", "城市", "评论"]


@pytest.mark.parametrize(
    ("command", "name", "remedy"),
    [
        (["submit", "TABLE"], "out.xls", b".xlsx"),
        (["results", "job_1"], "out.parquet", b".xlsx"),
        (["report", "job_1"], "report.pdf", b".html"),
    ],
)
def test_a_file_of_another_kind_is_refused_before_anything_is_sent(
    table: Path, tmp_path: Path, command: list[str], name: str, remedy: bytes
) -> None:
    given = [table if word == "TABLE" else word for word in command]
    done = sentiq(f"http://127.0.0.1:{free_port()}", *given, "--out", tmp_path / name)
    assert (done.returncode, remedy in done.stderr) == (2, True), done.stderr


def test_the_version_is_told() -> None:
    done = sentiq_process("http://127.0.0.1:1", "--version")
    assert (done.returncode, done.stdout.decode()) == (0, f"sentiq {sentiq_client.__version__}\n")


@pytest.fixture(scope="module")
def split(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A job with kept columns, of 12 rows of two cities; one has no text."""
    path = tmp_path_factory.mktemp("split") / "reviews.csv"
    rows = [f"{n},{('北京', '上海')[n % 2]},{LINES[n % 4].replace(',', '，') if n != 7 else ''}" for n in range(12)]
    path.write_text("\n".join(["编号,城市,评论", *rows]) + "\n", encoding="utf-8")
    notes = ("--metadata", "campaign=spring", "--metadata", "formula=a=b")
    done = sentiq(cluster.url, "submit", path, "--keep-columns", "--wait", "--json", *notes)
    assert done.returncode == 0, done.stderr.decode()
    job: str = json.loads(done.stdout)["id"]
    return job


def test_cells_with_tabs_and_what_a_terminal_acts_upon_stay_cells(cluster: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(
        '评论,店\n"味道不错，\n下次还来\x1b[2J","南\t山"\n"等了很久\x1b]0;x\x07，很差","福\r\n田"\n',
        encoding="utf-8",
        newline="",
    )
    done = sentiq(cluster.url, "submit", path, "--keep-columns", "--wait", "--json")
    job = json.loads(done.stdout)["id"]

    def told(*command: str) -> list[list[str]]:
        done = sentiq(cluster.url, *command)
        assert done.returncode == 0, done.stderr.decode()
        assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", done.stdout)
        return [line.split("\t") for line in done.stdout.decode().splitlines()]

    assert [row[3] for row in told("results", job)] == ["味道不错， 下次还来?[2J", "等了很久?]0;x?，很差"]
    groups = [line for line in told("summary", job, "--by", "店") if len(line) > 1]
    crossed = told("cross", job, "--rows", "店", "--columns", "label")
    for table in (groups, crossed):
        assert {line[0] for line in table[1:]} == {"南 山", "福 田"}
        assert {len(line) for line in table} == {len(table[0])}


@pytest.mark.full
def test_notes_of_ones_own_are_kept_with_a_job(cluster: Cluster, split: str, table: Path) -> None:
    assert cluster.job(split)["metadata"] == {"campaign": "spring", "formula": "a=b"}
    assert "campaign=spring" in sentiq(cluster.url, "status", split).stdout.decode()
    for wrong in (["x"], ["=x"], ["a=1", "--metadata", "a=2"]):
        done = sentiq(f"http://127.0.0.1:{free_port()}", "submit", table, "--metadata", *wrong)
        assert (done.returncode, b"--metadata" in done.stderr) == (2, True)


@pytest.mark.full
def test_a_summary_is_split_by_a_column(cluster: Cluster, split: str) -> None:
    lines = sentiq(cluster.url, "summary", split, "--by", "城市").stdout.decode().splitlines()
    groups = [line.split("\t") for line in lines if "\t" in line]
    assert groups[0][:2] == ["城市", "rows"]
    assert {value: int(rows) for value, rows, *_ in groups[1:]} == {"北京": 6, "上海": 6}
    unknown = sentiq(cluster.url, "summary", split, "--by", "省")
    assert (unknown.returncode, "城市" in unknown.stderr.decode()) == (3, True)
    found = json.loads(sentiq(cluster.url, "summary", split, "--by", "2", "--json").stdout)
    assert [group["rows"] for group in found["groups"]] == [6, 6]


@pytest.mark.full
def test_a_workbook_counts_by_a_column_in_the_language_asked_for(cluster: Cluster, split: str, tmp_path: Path) -> None:
    out = tmp_path / "split.xlsx"
    for command in (["results", split], ["status", split]):
        done = sentiq(cluster.url, *command, "--out", out, "--by", "城市", "--lang", "zh")
        assert done.returncode == 0, done.stderr.decode()
        book = openpyxl.load_workbook(out)
        cells = [cell for row in book.worksheets[1].iter_rows(values_only=True) for cell in row]
        assert {"北京", "上海", "积极"} <= set(cells)
        out.unlink()
    for wrong in (["--by", "城市"], ["--no-report"], ["--lang", "zh", "--out", tmp_path / "out.csv"]):
        done = sentiq(cluster.url, "results", split, *wrong)
        assert (done.returncode, b".xlsx" in done.stderr) == (2, True)


def test_rows_are_filtered_and_sorted_as_the_service_can(cluster: Cluster, split: str) -> None:
    def rows(*options: str) -> list[dict[str, Any]]:
        done = sentiq(cluster.url, "results", split, "--json", *options)
        assert done.returncode == 0, done.stderr.decode()
        return [json.loads(line) for line in done.stdout.splitlines()]

    every = {row["index"]: row for row in rows()}
    labelled = {index: row for index, row in every.items() if row["label"]}
    assert len(every) == 12
    assert len(labelled) == 11
    scores = sorted(row["score"] for row in labelled.values())
    for options, wanted in (
        (("--min-score", str(scores[5])), {i for i, row in labelled.items() if row["score"] >= scores[5]}),
        (("--max-score", str(scores[5])), {i for i, row in labelled.items() if row["score"] <= scores[5]}),
        (("--label", "negative"), {i for i, row in labelled.items() if row["label"] == "negative"}),
        (("--label", "positive", "--label", "negative"), set(labelled)),
        (("--without-text",), {7}),
        (("--failed",), set()),
        (("--column", "城市", "--value", "上海"), {1, 3, 5, 7, 9, 11}),
        (("--contains", "物流"), {1, 5, 9}),
    ):
        assert {row["index"] for row in rows(*options)} == wanted, options
    sure = [row["score"] for row in rows("--sort", "-score") if row["score"]]
    assert sure == sorted(scores, reverse=True)
    unknown = sentiq(cluster.url, "results", split, "--sort", "size")
    assert (unknown.returncode, b"polarity" in unknown.stderr) == (3, True)


def test_answers_are_compared_with_the_labels_of_a_file(cluster: Cluster, tmp_path: Path) -> None:
    labelled = tmp_path / "labelled.csv"
    labelled.write_text(
        "评论,标签\n房间干净，服务热情，下次还来,好评\n物流太慢，很失望,差评\n再也不买了，差评,好评\n", encoding="utf-8"
    )
    submitted = sentiq(cluster.url, "submit", str(labelled), "--wait", "--json")
    assert "“标签” has labels" in submitted.stdout.decode()
    job = json.loads(submitted.stdout)["id"]
    found = json.loads(sentiq_process(cluster.url, "evaluation", job, "--json").stdout)
    assert (found["label_column"], found["rows"], found["accuracy"]["value"]) == ("标签", 3, 0.6667)
    told = sentiq(cluster.url, "evaluation", job).stdout.decode()
    assert "66.7%" in told
    assert "2\tnegative" in told
    refused = sentiq(cluster.url, "evaluation", job, "--by", "城市")
    assert b"keep_columns" in refused.stderr


def test_the_pace_of_a_job_is_told(cluster: Cluster, split: str) -> None:
    steps = [line.split("\t") for line in sentiq(cluster.url, "throughput", split).stdout.decode().splitlines()]
    assert sum(int(rows) for _, rows, _ in steps) == 12
    found = json.loads(sentiq_process(cluster.url, "throughput", split, "--json").stdout)
    assert [point["at"] for point in found["points"]] == [at for at, _, _ in steps]


def test_webhooks_are_made_tried_and_removed(cluster: Cluster, table: Path) -> None:
    def webhooks(*words: str) -> Any:
        done = sentiq_process(cluster.url, "webhooks", *words)
        assert done.returncode == 0, done.stderr.decode()
        return [json.loads(line) for line in done.stdout.splitlines()] if "--json" in words else done.stdout.decode()

    receiver = Receiver()
    deliverer = Process("webhooks", [sys.executable, "-m", "sentiq.webhooks"], cluster.env, cluster.directory)
    try:
        (made,) = webhooks("create", receiver.url, "--event", "job.completed", "--description", "ours", "--json")
        assert made["secret"].startswith("whsec_")
        (listed,) = webhooks("list", "--json")
        assert listed == {name: value for name, value in made.items() if name != "secret"}
        assert receiver.url in webhooks("show", made["id"])
        assert sentiq(cluster.url, "submit", table, "--webhook", made["id"], "--wait").returncode == 0
        wait_until(lambda: len(receiver.got) == 1, message="the end is told")
        assert verified(made["secret"], *receiver.got[0])
        logged = ("webhooks", "deliveries", made["id"], "--json")
        wait_until(lambda: sentiq(cluster.url, *logged).stdout, message="it is logged")
        (attempt,) = webhooks("deliveries", made["id"], "--json")
        assert (attempt["event"], attempt["status"]) == ("job.completed", 200)
        webhooks("redeliver", made["id"], attempt["delivery_id"])
        webhooks("test", made["id"])
        wait_until(lambda: len(receiver.got) == 3, message="again, and a test")
        (changed,) = webhooks("rotate", made["id"], "--json")
        assert changed["secret"] != made["secret"]
        webhooks("delete", made["id"])
        assert webhooks("list") == ""
        gone = sentiq(cluster.url, "webhooks", "show", made["id"])
        assert (gone.returncode, b"request " in gone.stderr) == (3, True)
    finally:
        deliverer.stop()
        receiver.close()


def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word(cluster: Cluster, tmp_path: Path) -> None:
    packed = tmp_path / "reviews.txt.gz"
    packed.write_bytes(gzip.compress("".join(f"{LINES[n % 4]}{n}\n" for n in range(5000)).encode()))
    job = json.loads(sentiq(cluster.url, "submit", packed, "--wait", "--json").stdout)["id"]
    # `true` reads nothing: what is printed last is too little to be sent before the end
    for reader, line in (("head -1", f"sentiq results {job}"), ("true", "sentiq list"), ("true", "sentiq top --once")):
        done = shell(cluster.url, f"{{ sleep 0.5; {line}; }} | {reader}")
        assert (done.returncode, done.stderr) == (141, b"")
    assert sentiq(cluster.url, "results", job, "--limit", "3").stdout.count(b"\n") == 3


def test_errors_are_one_line_with_a_remedy_whatever_is_wrong(cluster: Cluster, tmp_path: Path) -> None:
    refused = sentiq(cluster.url, "status", "job_0")
    assert (refused.returncode, refused.stdout) == (3, b"")
    assert re.fullmatch(r"sentiq: .*no job job_0; it may have expired.*\(request \w{8,}\)\n", refused.stderr.decode())
    closed = shell(cluster.url, "sentiq analyze - <&-")
    assert (closed.returncode, closed.stderr) == (1, b"sentiq: standard input is closed\n")
    absent = sentiq(cluster.url, "submit", tmp_path / "absent.csv")
    expected = f"sentiq: No such file or directory: {tmp_path / 'absent.csv'}\n"
    assert (absent.returncode, absent.stderr.decode()) == (1, expected)
    assert sentiq(cluster.url, "submit", tmp_path).returncode == 1
    for wrong in ("127.0.0.1:8000", "http://[", "http://127.0.0.1:99999", "ftp://127.0.0.1"):
        done = sentiq(wrong, "list")
        assert (done.returncode, b"SENTIQ_URL" in done.stderr, b"Traceback" in done.stderr) == (4, True, False), wrong


def _headings(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file))
