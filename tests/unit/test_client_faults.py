"""What the clients make of what proxies and broken servers answer; both, each test."""

from __future__ import annotations

import json
import os
import pickle
import re
import socket
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from sentiq_client import ApiError, Client, ConnectionFailed, SentiqError, UnexpectedAnswer
from tests.support.clients import connect

NOW = 1_795_238_400
JOB = {
    "id": "job_1",
    "object": "job",
    "state": "completed",
    "error": None,
    "texts_per_second": 1.0,
    "eta_s": 0.0,
    "counts": {"total": 1, "completed": 1, "failed": 0, "without_text": 0},
}
LOGIN = "<html><head><title>Corporate login\x1b[31m</title></head><body>who are you?</body></html>"


def answer(status: str, body: str | bytes = b"", kind: str = "application/json", **headers: str) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    head = {"Content-Type": kind, "Content-Length": str(len(data)), "Connection": "close"} | named
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + data


def problem(status: str, code: str, **headers: str) -> bytes:
    document = {"code": code, "detail": f"It is {code}.", "request_id": "req-of-the-service"}
    return answer(status, json.dumps(document), "application/problem+json", **headers)


HTML = answer("200 OK", LOGIN, "text/html; charset=utf-8")
GOOD = answer("200 OK", json.dumps(JOB))


class Scripted:
    """A server that gives one answer after the other, the last one again and again, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.asked: list[tuple[str, dict[str, str], bytes]] = []  #: request line, headers, body
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                first = stream.readline().decode().strip()
                lines = iter(lambda: stream.readline().decode().strip(), "")  # used up here
                headers = dict(line.lower().split(": ", 1) for line in lines)
                body = stream.read(int(headers.get("content-length", 0)))
                self.asked.append((first, headers, body))
                connection.sendall(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


@pytest.fixture
def server() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were to be waited; nobody waits for them."""
    seconds: list[float] = []

    async def note(wanted: float) -> None:
        seconds.append(wanted)

    monkeypatch.setattr("sentiq_client.transport.sleep", seconds.append)
    monkeypatch.setattr("sentiq_client.aio.transport.sleep", note)
    return seconds


@pytest.fixture(params=["sync", "async"])
def client(request: pytest.FixtureRequest, server: Scripted, slept: list[float]) -> Iterator[Client]:
    with connect(request.param, server.url, "the-key") as client:
        yield client


Ask = Callable[[Client], object]
QUESTIONS: dict[str, Ask] = {
    "analyze": lambda client: client.analyze("好"),
    "submit": lambda client: client.submit(["好"]),
    "dry_run": lambda client: client.dry_run(["好"]),
    "refresh": lambda client: client.job("job_1").refresh(),
    "wait": lambda client: client.job("job_1").wait(),
    "results": lambda client: list(client.job("job_1").results()),
    "summary": lambda client: client.job("job_1").summary(),
    "throughput": lambda client: client.job("job_1").throughput(),
    "cancel": lambda client: client.job("job_1").cancel(),
    "delete": lambda client: client.job("job_1").delete(),
    "jobs": lambda client: list(client.jobs()),
    "models": lambda client: client.models(),
    "webhooks": lambda client: client.webhooks.list(),
    "aspects": lambda client: client.job("job_1").aspects(),
    "phrases": lambda client: client.job("job_1").phrases(),
    "timeline": lambda client: client.job("job_1").timeline(),
    "cross": lambda client: client.job("job_1").cross("1", "label"),
    "findings": lambda client: client.job("job_1").findings(),
    "aspect sets": lambda client: client.aspect_sets.list(),
}
every_question = pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)


@every_question
def test_a_page_of_a_proxy_is_told_as_that(client: Client, server: Scripted, ask: Ask) -> None:
    server.answers = [HTML]
    with pytest.raises(UnexpectedAnswer) as raised:
        ask(client)
    told = str(raised.value)
    assert server.url in told
    assert "Corporate login" in told
    assert "proxy or a login page" in told
    assert "\x1b" not in told, "nobody else writes to the terminal"
    [(_, headers, _)] = server.asked
    assert headers["x-request-id"] in told
    assert "the-key" not in told + repr(client)


@every_question
def test_a_redirect_is_told_with_where_it_leads(client: Client, server: Scripted, ask: Ask) -> None:
    server.answers = [answer("302 Found", LOGIN, "text/html", Location="https://sso.example/login?next=/")]
    with pytest.raises(UnexpectedAnswer, match=re.escape("https://sso.example/login")):
        ask(client)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("given", "told", "times"),
    [
        (answer("200 OK", json.dumps(JOB)[:40]), "no whole JSON", 3),
        (answer("200 OK", ""), "is empty", 3),
        (answer("200 OK", "gzipped?", Content_Encoding="gzip"), "cannot be unpacked", 3),
        (answer("200 OK", json.dumps(JOB), "text/plain"), "text/plain", 1),
        (answer("200 OK", '{"status": "ok"}'), "not of this service", 1),
        (answer("200 OK", '{"id": 3, "counts": [], "error": ""}'), "not of this service", 1),
        (answer("200 OK", "[1, 2]"), "no whole JSON", 3),
        (answer("200 OK", "[" * 100_000), "no whole JSON", 3),
    ],
)
def test_an_answer_that_is_none_is_told(client: Client, server: Scripted, given: bytes, told: str, times: int) -> None:
    server.answers = [given]
    with pytest.raises(UnexpectedAnswer, match=told) as raised:
        client.job("job_1").refresh()
    assert (raised.value.status, raised.value.url) == (200, f"{server.url}/api/v1/jobs/job_1")
    assert len(server.asked) == times, "what may have been cut on its way is asked for again"
    assert {headers["x-request-id"] for _, headers, _ in server.asked} == {raised.value.request_id}


def test_a_file_is_never_a_page_of_a_proxy(client: Client, server: Scripted, tmp_path: Path) -> None:
    server.answers = [HTML]
    with pytest.raises(UnexpectedAnswer, match="Corporate login"):
        client.job("job_1").download(tmp_path / "results.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["results.xls", "results.parquet", "results.csv.gz", "results.TSV"])
def test_results_are_not_written_as_what_their_name_does_not_say(
    client: Client, server: Scripted, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ValueError, match=r"\.xlsx"):
        client.job("job_1").download(tmp_path / name)
    with pytest.raises(ValueError, match=r"\.html"):
        client.job("job_1").report(tmp_path / "report.pdf")
    assert server.asked == [], "nothing is asked of the service"


def test_what_is_no_file_is_not_replaced(client: Client, server: Scripted, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(OSError, match="no file that can be replaced"):
            client.job("job_1").download(path, kind="csv")
    assert pipe.is_fifo()
    assert server.asked == []


def test_a_link_to_a_file_stays_a_link(client: Client, server: Scripted, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "results.csv"
    link.symlink_to(tmp_path / "there" / "whole.csv")
    server.answers = [answer("200 OK", "a,b", "text/csv")]
    assert client.job("job_1").download(link) == link
    assert link.is_symlink()
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["whole.csv"]
    assert link.read_bytes() == b"a,b"


def test_a_download_that_broke_behind_its_last_byte_is_whole(client: Client, server: Scripted, tmp_path: Path) -> None:
    unended = (
        b'HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nETag: "e"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na,b\r\n'
    )
    server.answers = [unended, answer("416 Range Not Satisfiable", Content_Range="bytes */3")]
    assert client.job("job_1").download(tmp_path / "results.csv").read_bytes() == b"a,b"
    assert (server.asked[1][1]["range"], server.asked[1][1]["if-range"]) == ("bytes=3-", '"e"')


@pytest.mark.parametrize("status", ["502 Bad Gateway", "504 Gateway Timeout", "503 Service Unavailable", "500 Oops"])
def test_a_gateway_that_fails_for_a_while_is_outlived(client: Client, server: Scripted, status: str) -> None:
    page = answer(status, f"<html><title>{status}</title></html>", "text/html")
    server.answers = [page, page, GOOD]
    assert client.job("job_1").refresh().completed == 1
    server.answers, server.asked[:] = [page], []
    with pytest.raises(ApiError) as raised:
        client.job("job_1").refresh()
    assert len(server.asked) == 3
    assert status in str(raised.value)
    assert "proxy" in str(raised.value)
    assert server.asked[0][1]["x-request-id"] in str(raised.value)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *(("500 Internal Server Error", "internal_error"), ("400 Bad Request", "upload_interrupted")),
        *(("401 Unauthorized", "not_authorised"), ("404 Not Found", "job_not_found")),
        *(("409 Conflict", "job_ended"), ("413 Content Too Large", "body_too_large"), ("422 No", "invalid_input")),
    ],
)
def test_what_is_certain_is_sent_once(
    client: Client, server: Scripted, slept: list[float], tmp_path: Path, status: str, code: str
) -> None:
    workbook = tmp_path / "bad.xlsx"
    workbook.write_bytes(b"PK\x03\x04 and nothing more")
    server.answers = [problem(status, code)]
    for ask in (lambda: client.submit_file(workbook), lambda: client.job("job_1").wait()):
        server.asked.clear()
        with pytest.raises(ApiError, match=f"{code}.*req-of-the-service"):
            ask()
        assert (len(server.asked), slept) == (1, [])


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *(("408 Request Timeout", "late"), ("409 Conflict", "idempotency_in_progress")),
        *(("429 Too Many Requests", "rate_limited"), ("503 Service Unavailable", "overloaded")),
    ],
)
def test_what_may_change_is_sent_again_with_the_same_key_and_bytes(
    client: Client, server: Scripted, status: str, code: str
) -> None:
    server.answers = [problem(status, code), GOOD]
    texts = (text for text in ("好", None, "不好"))  # can be read but once
    assert client.submit(texts).id == "job_1"
    (_, first, body), (_, again, same) = server.asked
    assert first["idempotency-key"] == again["idempotency-key"]
    assert [json.loads(line) for line in body.splitlines()] == ["好", None, "不好"]
    assert body == same


def test_what_would_be_done_twice_is_not_sent_twice(client: Client, server: Scripted) -> None:
    for status in ("502 Bad Gateway", "503 Service Unavailable", "408 Request Timeout"):
        server.answers, server.asked[:] = [answer(status)], []
        with pytest.raises(ApiError):
            client.webhooks.create("https://example.com/hook")
        assert len(server.asked) == 1, status
    made = {"id": "wh_1", "url": "https://example.com", "description": "", "events": [], "created_at": ""}
    done = answer("201 Created", json.dumps(made | {"disabled": None, "secret": "whsec_c2VjcmV0"}))
    server.answers, server.asked[:] = [problem("429 Too Many Requests", "rate_limited", Retry_After="0"), done], []
    webhook = client.webhooks.create("https://example.com/hook")
    assert (webhook.secret, len(server.asked)) == ("whsec_c2VjcmV0", 2)
    assert "c2VjcmV0" not in repr(webhook)


@pytest.mark.parametrize(
    ("code", "ask"),
    [
        ("job_not_found", lambda client: client.job("job_1").delete()),
        ("webhook_not_found", lambda client: client.webhooks.delete("wh_1")),
    ],
)
def test_a_deletion_whose_answer_was_lost_is_done(client: Client, server: Scripted, code: str, ask: Ask) -> None:
    gone = problem("404 Not Found", code)
    server.answers = [answer("504 Gateway Timeout"), gone]
    ask(client)
    server.answers = [gone]
    with pytest.raises(ApiError, match=code):
        ask(client)


def test_retry_whose_answer_was_lost_is_done(client: Client, server: Scripted) -> None:
    server.answers = [answer("504 Gateway Timeout"), problem("409 Conflict", "nothing_to_retry"), GOOD]
    assert client.job("job_1").retry().state == "completed"


@pytest.mark.parametrize("as_date", [False, True])
def test_a_wait_that_is_asked_for_is_told_and_kept(
    client: Client, server: Scripted, slept: list[float], as_date: bool, caplog: pytest.LogCaptureFixture
) -> None:
    wait = formatdate(NOW + 60, usegmt=True) if as_date else "60"
    refused = problem("429 Too Many Requests", "rate_limited", Retry_After=wait, Date=formatdate(NOW, usegmt=True))
    server.answers = [refused, GOOD]
    client.job("job_1").refresh()
    [seconds] = slept
    assert 60 <= seconds <= 65
    [told] = [record.getMessage() for record in caplog.records if record.name == "sentiq_client"]
    assert re.search(rf"waiting {seconds:.0f} s.*rate_limited.*req-of-the-service", told)


@pytest.mark.parametrize("wait", ["3600", "9" * 400, formatdate(NOW + 7_200, usegmt=True)])
def test_a_wait_that_is_too_long_is_an_error_that_says_so(
    client: Client, server: Scripted, slept: list[float], wait: str
) -> None:
    server.answers = [
        problem("503 Service Unavailable", "overloaded", Retry_After=wait, Date=formatdate(NOW, usegmt=True))
    ]
    for ask in (client.job("job_1").refresh, client.job("job_1").wait):
        server.asked.clear()
        with pytest.raises(ApiError, match=r"asks to wait .* 120 s at most.*longest_wait_s") as raised:
            ask()
        assert (len(server.asked), slept, str(raised.value).count("asks to wait")) == (1, [], 1)
        assert (raised.value.retry_after_s or 0) >= 3_600


@pytest.mark.parametrize("wait", ["soon", "-5", "inf", "nan", "", "1e9", "٣", formatdate(NOW - 60, usegmt=True)])
def test_what_is_no_wait_is_none(client: Client, server: Scripted, slept: list[float], wait: str) -> None:
    refused = answer("503 No", "", "text/html", Retry_After=wait, Date=formatdate(NOW, usegmt=True))
    server.answers = [refused.replace("٣".encode(), b"\xd9\xa3"), GOOD]
    client.job("job_1").refresh()
    [seconds] = slept
    assert 0 <= seconds <= 0.5


def test_whoever_wants_to_tell_of_waits_may(server: Scripted, slept: list[float]) -> None:
    told: list[tuple[float, str]] = []
    refused = problem("429 Too Many Requests", "rate_limited", Retry_After="30")
    for kind in ("sync", "async"):
        server.answers = [refused, problem("429 Too Many Requests", "rate_limited", Retry_After="1"), GOOD]
        with connect(kind, server.url, on_wait=lambda seconds, why: told.append((seconds, str(why)))) as client:
            client.job("job_1").refresh()
    assert [30 <= seconds <= 35 and "rate_limited" in why for seconds, why in told] == [True, True]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_what_cannot_be_reached_is_told_with_an_id_and_without_secrets(kind: str, slept: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with connect(kind, f"http://user:hidden@127.0.0.1:{port}", " the-key\n") as client:
        with pytest.raises(ConnectionFailed, match=r"SENTIQ_URL.*\(request [0-9a-f]{32}\)") as raised:
            client.models()
        assert len(slept) == 2
        for shown in (str(raised.value), repr(client)):
            assert "the-key" not in shown
            assert "hidden" not in shown
    for url in ("127.0.0.1:8000", "ftp://host", "http://h:99999", ""):
        with pytest.raises(SentiqError, match="SENTIQ_URL"), connect(kind, url or " "):
            pass
    for key in ("鑰匙", "two\nlines"):
        with pytest.raises(SentiqError, match="SENTIQ_API_KEY") as refused, connect(kind, "http://h", key):
            pass
        assert key not in str(refused.value)


@pytest.mark.parametrize(
    "error",
    [
        ApiError(429, {"code": "rate_limited", "detail": "Too many."}, "r", 3.0),
        ConnectionFailed("gone", "r", sent=False),
        UnexpectedAnswer("odd", "r", url="http://h", status=200),
    ],
)
def test_errors_can_be_handed_on_between_processes(error: SentiqError) -> None:
    same: Any = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert (type(same), str(same), vars(same)) == (type(error), str(error), vars(error))
    assert "(request r)" in str(same)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_client_that_is_not_to_try_again_sends_an_upload_once(
    kind: str, server: Scripted, slept: list[float]
) -> None:
    server.answers = [problem("503 Service Unavailable", "store_unavailable")]
    with connect(kind, server.url, retries=0) as client, pytest.raises(ApiError, match="store_unavailable"):
        client.submit(["好"])
    assert (len(server.asked), slept) == (1, [])


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_proxy_of_the_environment_is_used_unless_it_is_not_to_be(
    kind: str, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = [GOOD]
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with connect(kind, server.url, retries=0) as client, pytest.raises(ConnectionFailed):
        client.job("job_1").refresh()
    with connect(kind, server.url, retries=0, trust_env=False) as client:
        assert client.job("job_1").refresh().ended


UPLOAD = answer("201 Created", json.dumps({"id": "upl_1", "object": "upload"}))
GONE = answer("204 No Content")
OWN_SET = {"id": "cafe", "aspects": [{"name": "等待", "words": ["等位"]}]}


def test_a_set_of_aspects_goes_along_with_its_job_and_the_upload_is_forgotten(client: Client, server: Scripted) -> None:
    server.answers = [UPLOAD, GOOD, GONE]
    options: dict[str, Any] = {"name": "春", "metadata": {"a": "b"}, "null_values": ["无"]}
    client.submit(["好", None], aspects=OWN_SET, idempotency_key="k", **options)
    uploaded, made, deleted = server.asked
    assert uploaded[0] == "POST /api/v1/uploads?null_values=%E6%97%A0 HTTP/1.1"
    assert uploaded[2].splitlines() == [json.dumps("好").encode(), b"null"]
    assert (made[0], made[1]["idempotency-key"]) == ("POST /api/v1/jobs HTTP/1.1", "k")
    assert json.loads(made[2]) == {"upload": "upl_1", "aspects": OWN_SET, **options}
    assert deleted[0] == "DELETE /api/v1/uploads/upl_1 HTTP/1.1"


def test_the_upload_of_a_job_that_is_refused_is_forgotten_too(client: Client, server: Scripted) -> None:
    server.answers = [UPLOAD, problem("422 Unprocessable Content", "invalid_aspects"), problem("404 Not Found", "gone")]
    with pytest.raises(ApiError, match="invalid_aspects"):
        client.submit(["好"], aspects=OWN_SET)
    assert [asked[0].split()[0] for asked in server.asked] == ["POST", "POST", "DELETE"]


def test_many_faults_of_a_request_are_told_together(client: Client, server: Scripted) -> None:
    faults = [{"pointer": f"/aspects/{n}", "detail": f"Fault {n}."} for n in range(12)]
    document = {"code": "invalid_aspects", "detail": "Fault 0. 11 more faults below.", "errors": faults}
    server.answers = [answer("422 Unprocessable Content", json.dumps(document), "application/problem+json")]
    told = (
        r"^Fault 0\. 11 more faults below\. /aspects/1 Fault 1\..* /aspects/9 Fault 9\. And 2 more\. \[invalid_aspects"
    )
    with pytest.raises(ApiError, match=told) as raised:
        client.aspect_sets.put(OWN_SET)
    assert len(raised.value.errors) == 12


def test_a_set_without_an_id_is_told_before_anything_is_sent(client: Client, server: Scripted) -> None:
    with pytest.raises(SentiqError, match="id: cafe"):
        client.aspect_sets.put({"aspects": []})
    assert server.asked == []


def test_names_of_sets_stay_in_their_place(client: Client, server: Scripted) -> None:
    server.answers = [problem("404 Not Found", "aspect_set_not_found")]
    with pytest.raises(ApiError):
        client.aspect_sets.get("../jobs?x=1")
    assert server.asked[0][0] == "GET /api/v1/aspect-sets/..%2Fjobs%3Fx%3D1 HTTP/1.1"


def test_a_page_of_a_login_is_no_report(client: Client, server: Scripted, tmp_path: Path) -> None:
    server.answers = [HTML]
    with pytest.raises(UnexpectedAnswer, match="Corporate login"):
        client.job("job_1").report(tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []
    server.answers = [answer("200 OK", "<p>好</p>", "text/html", Content_Disposition='attachment; filename="a.html"')]
    assert client.job("job_1").report(tmp_path / "report.html").read_text(encoding="utf-8") == "<p>好</p>"
