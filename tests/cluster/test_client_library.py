"""The clients, sync and async alike, against the real service, with cut connections, restarts and many at once."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pandas
import polars
import pytest

from sentiq_client import (
    ApiError,
    AsyncClient,
    Client,
    ConnectionFailed,
    Job,
    JobNotCompleted,
    WaitTimeout,
    verify_webhook,
)
from tests.support.clients import Connect, connect
from tests.support.cluster import Cluster
from tests.support.jobs import closed_window
from tests.support.paths import REPOSITORY
from tests.support.processes import WAIT_S, Process, wait_until
from tests.support.proxy import Fault, FaultyProxy, refusal
from tests.support.receiver import Receiver
from tests.support.texts import ROWS, TEXTS, some_table

pytestmark = pytest.mark.cluster

SENT = (TEXTS[0], None, TEXTS[2], TEXTS[3])
README = REPOSITORY / "client" / "README.md"


@pytest.fixture(scope="module")
def cluster(cluster: Cluster) -> Iterator[Cluster]:
    """The shared cluster, with a deliverer of webhooks."""
    process = Process("webhooks", [sys.executable, "-m", "sentiq.webhooks"], cluster.env, cluster.directory)
    yield cluster
    process.stop()


@pytest.fixture(params=["sync", "async"])
def client_of(request: pytest.FixtureRequest) -> Connect:
    return partial(connect, request.param)


@pytest.fixture
def client(client_of: Connect, cluster: Cluster) -> Iterator[Client]:
    with client_of(cluster.url) as client:
        yield client


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return some_table(tmp_path)


def frame_of(kind: Callable[[dict[str, Any]], Any]) -> Any:
    return kind({"城市": ["北京", "上海", "北京", "广州"], "评论": list(SENT), "编号": [f"c{n}" for n in range(4)]})


INPUTS: dict[str, Callable[[Path], Any]] = {
    "list": lambda at: list(SENT),
    "mappings": lambda at: [{"text": text, "custom_id": f"c{n}"} for n, text in enumerate(SENT)],
    "generator": lambda at: (text for text in SENT),
    "pandas Series": lambda at: pandas.Series(SENT),
    "polars Series": lambda at: polars.Series(SENT),
    "pandas DataFrame": lambda at: frame_of(pandas.DataFrame),
    "polars DataFrame": lambda at: frame_of(polars.DataFrame),
    "path": lambda at: at,
    "file": lambda at: at.open("rb"),
    "text file": lambda at: at.open(encoding="utf-8"),
    "text in memory": lambda at: io.StringIO(at.read_text(encoding="utf-8")),
}


@pytest.mark.parametrize("given", INPUTS.values(), ids=INPUTS)
def test_whatever_is_submitted_keeps_its_rows_and_a_missing_text_fails_alone(
    client: Client, tmp_path: Path, given: Callable[[Path], Any]
) -> None:
    path = tmp_path / "评论.csv"
    frame_of(pandas.DataFrame).to_csv(path, index=False)
    data = given(path)
    is_table = not isinstance(data, list) and (hasattr(data, "columns") or hasattr(data, "read") or data is path)
    with ExitStack() as stack:
        if hasattr(data, "read"):
            stack.enter_context(data)
        options: dict[str, Any] = {"text_column": "评论", "id_column": "编号", "keep_columns": True} if is_table else {}
        job = client.submit(data, metadata={"tenant": "t-1"}, **options)
    ended = job.wait(timeout_s=200)
    assert (ended.total, ended.completed, ended.failed, ended.without_text) == (4, 3, 0, 1)
    assert (ended.metadata, repr(ended)) == ({"tenant": "t-1"}, repr(job))
    assert f"{job.id} " in repr(job)
    assert "4 of 4 rows, 0 failed, 1 without text" in repr(job)
    rows = list(job.results(include=("text", "columns") if is_table else "text"))
    assert [row.index for row in rows] == [0, 1, 2, 3]
    assert [(row.error or {}).get("code") for row in rows] == [None, "empty_text", None, None]
    assert [row.text or None for row in rows] == list(SENT)
    if is_table:
        assert [row.custom_id for row in rows] == ["c0", "c1", "c2", "c3"]
        cities = [cell for row in rows for heading, cell in row.columns or [] if heading == "城市"]
        assert cities == ["北京", "上海", "北京", "广州"]
        groups = {group["value"]: group["rows"] for group in job.summary(by="城市")["groups"]}
        assert groups == {"北京": 2, "上海": 1, "广州": 1}


def test_many_that_are_missing_are_no_reason_to_refuse(client: Client) -> None:
    job = client.submit(pandas.Series([None] * 300 + ["好"]))
    ended = job.wait(timeout_s=200)
    assert (ended.completed, ended.without_text) == (1, 300)
    dry = client.dry_run([None, "好", "好"])
    assert (dry["rows"], dry["duplicates"]) == (3, 1)


def test_an_async_iterable_is_submitted(cluster: Cluster) -> None:
    async def texts() -> AsyncIterator[str | None]:
        for text in SENT:
            await asyncio.sleep(0)
            yield text

    async def answers() -> list[str | None]:
        async with AsyncClient(cluster.url) as client:
            job = await client.submit(texts())
            await job.wait(timeout_s=200)
            return [row.label async for row in job.results()]

    labels = asyncio.run(answers())
    assert [label is None for label in labels] == [False, True, False, False]


def test_results_are_filtered_and_become_frames(client: Client) -> None:
    frame = pandas.DataFrame({"评论": [f"{TEXTS[n % 4]}{n}" for n in range(200)], "n": range(200)})
    job = client.submit(frame, text_column="评论", keep_columns=True)
    job.wait(timeout_s=200)
    rows = list(job.results(include="text"))
    found = job.results(include=["text", "columns"]).to_pandas()
    assert found["index"].tolist() == list(range(200))
    assert found["text"].tolist() == frame["评论"].tolist()
    assert found["label"].tolist() == [row.label for row in rows]
    assert found["score"].tolist() == [row.score for row in rows]
    assert found["n"].tolist() == [str(n) for n in range(200)]
    joined = frame.join(found.set_index("index")[["label", "score"]])
    assert (len(joined), str(joined.dtypes["score"])) == (200, "float64")
    assert job.results().to_polars()["label"].to_list() == [row.label for row in rows]

    sure = job.results(min_score=0.9, label=["negative", "neutral"])
    expected = [row.index for row in rows if row.label == "negative" and (row.score or 0) >= 0.9]
    assert (
        [row.index for row in sure]
        == expected
        == job.results(min_score=0.9, label="negative").to_pandas()["index"].tolist()
    )
    assert list(job.results(contains=f"{TEXTS[1]}1", max_score=0.0)) == []
    assert repr(sure) == f"<Results of {job.id}, label=['negative', 'neutral'], min_score=0.9>"
    assert re.fullmatch(r"<Row 0 \w+ 0\.\d{3} '味道不错，下次还来0'>", repr(rows[0]))
    assert sum(point.rows for point in job.throughput().points) == 200


def test_one_client_is_shared_by_many(client: Client, cluster: Cluster, tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def work(n: int) -> tuple[str, list[str], int]:
        together.wait(WAIT_S)
        job = client.submit([f"{TEXTS[n % 4]}，第{n}份第{i}条" for i in range(60)], name=f"of {n}")
        label = client.analyze(TEXTS[n % 4]).label
        job.wait(timeout_s=200)
        size = job.download(tmp_path / f"{n}.csv", include="text").stat().st_size
        assert client.job(job.id).refresh().name == f"of {n}"
        return label, [row.text or "" for row in job.results(include="text")], size

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, range(8)))
    for n, (label, texts, size) in enumerate(done):
        assert texts == [f"{TEXTS[n % 4]}，第{n}份第{i}条" for i in range(60)]
        assert label == done[n % 4][0]
        assert size > 60 * 10
    assert len({job.id for job in _jobs(cluster) if re.fullmatch(r"of \d", job.name or "")}) % 8 == 0


def test_the_end_is_told_to_a_webhook_that_can_be_verified(client: Client, receiver: Receiver) -> None:
    hook = client.webhooks.create(receiver.url, events=["job.completed"], description="tests")
    assert hook.secret
    assert hook.secret not in repr(hook)
    assert client.webhooks.get(hook.id).secret is None
    assert hook.id in [one.id for one in client.webhooks.list()]
    job = client.submit(["好"], webhook=hook.id, metadata={"tenant": "t-1"})
    wait_until(lambda: receiver.got, message="the end is told")
    event = verify_webhook(hook.secret, *receiver.got[0])
    data = event["data"]
    assert (event["type"], data["id"], data["metadata"]) == ("job.completed", job.id, {"tenant": "t-1"})

    changed = client.webhooks.rotate(hook.id)
    assert changed.secret not in (None, hook.secret)
    client.webhooks.test(hook.id)
    wait_until(lambda: len(receiver.got) == 2, message="the test is sent")
    for secret in (hook.secret, changed.secret or ""):
        assert verify_webhook(secret, *receiver.got[1])["type"] == "webhook.test"
    wait_until(lambda: len(client.webhooks.deliveries(hook.id)) == 2, message="both tries are in the log")
    latest = client.webhooks.deliveries(hook.id)[0]
    assert (latest.event, latest.status, latest.error) == ("webhook.test", 200, None)
    client.webhooks.redeliver(hook.id, latest.delivery_id)
    wait_until(lambda: len(receiver.got) == 3, message="it is sent again")
    client.webhooks.delete(hook.id)
    with pytest.raises(ApiError, match="webhook_not_found"):
        client.webhooks.get(hook.id)


def test_a_job_of_texts(client: Client) -> None:
    job = client.submit([{"text": text, "custom_id": f"c{n}"} for n, text in enumerate(TEXTS)], neutral_band=0.1)
    assert job.wait(timeout_s=200).total == 4
    assert [row.custom_id for row in job.results()] == ["c0", "c1", "c2", "c3"]
    assert [row.text for row in job.results(include="text", only=None)] == list(TEXTS)
    first, again = (client.submit(TEXTS, idempotency_key=f"of {job.id}") for _ in range(2))
    assert first.id == again.id


def test_an_upload_that_is_cut_is_sent_again_and_makes_one_job(
    client_of: Connect, cluster: Cluster, table: Path
) -> None:
    proxy = FaultyProxy(cluster.port, Fault(cut_sent=30_000), Fault(answer=refusal("503 Service Unavailable", 1)))
    before = {job.id for job in _jobs(cluster)}
    try:
        with client_of(proxy.url) as client:
            job = client.submit_file(table)
            assert job.wait(timeout_s=200).completed == ROWS
    finally:
        proxy.close()
    new = [job for job in _jobs(cluster) if job.id not in before and job.state == "completed"]
    assert [made.id for made in new] == [job.id]


def test_a_file_that_is_refused_at_once_is_sent_once(client_of: Connect, cluster: Cluster, tmp_path: Path) -> None:
    picture, workbook = tmp_path / "a.csv", tmp_path / "b.xlsx"
    picture.write_bytes(b"\x89PNG" + bytes(20_000_000))
    workbook.write_bytes(b"PK\x03\x04" + bytes(200_000))
    proxy = FaultyProxy(cluster.port)
    try:
        for path in (picture, workbook):
            with client_of(proxy.url) as client, pytest.raises(ApiError, match=r"HTTP 422\] \(request [0-9a-f]{32}\)"):
                client.submit(path)
        assert proxy.connections == 2
    finally:
        proxy.close()


def test_a_download_that_is_cut_goes_on_where_it_was(
    client_of: Connect, cluster: Cluster, table: Path, tmp_path: Path
) -> None:
    with client_of(cluster.url) as client:
        job = client.submit_file(table)
        job.wait(timeout_s=200)
        whole = job.download(tmp_path / "whole.csv", include="text").read_bytes()
    sizes: list[int] = []
    proxy = FaultyProxy(cluster.port, Fault(cut_received=60_000), Fault(answer=refusal("429 Too Many Requests", 0)))
    try:
        with client_of(proxy.url) as client:
            path = client.job(job.id).download(
                tmp_path / "part.csv", include="text", on_bytes=lambda done, _: sizes.append(done)
            )
    finally:
        proxy.close()
    assert path.read_bytes() == whole
    assert sizes == sorted(sizes), "nothing is fetched twice"
    assert not list(tmp_path.glob("*.part"))
    records = list(csv.reader(io.StringIO(whole.decode("utf-8-sig"), newline="")))
    assert len(records) == ROWS + 1


def test_waiting_survives_a_restart_of_the_api(tmp_path: Path, table: Path) -> None:
    with Cluster(tmp_path) as own:
        own.start(interactive=1, bulk=1)
        api = next(process for process in own.processes if process.name == "api")
        ended: list[int] = []

        def waits(kind: str) -> None:
            with connect(kind, own.url) as client:
                ended.append(client.job(job.id).wait(timeout_s=200).completed)

        with Client(own.url) as client:
            job = client.submit_file(table, window=closed_window())
            waiting = [threading.Thread(target=waits, args=(kind,)) for kind in ("sync", "async")]
            for thread in waiting:
                thread.start()
            api.stop()
            for kind in ("sync", "async"):
                with connect(kind, own.url, retries=0) as away, pytest.raises(ConnectionFailed):
                    away.cluster()
            own.start_api()
            own.redis.hset(f"sentiq:{{{job.id}}}:job", "options", "{}")  # its window is lifted
            own.redis.zadd("sentiq:schedule", {job.id: 0})
            for thread in waiting:
                thread.join(WAIT_S)
        assert ended == [ROWS, ROWS]


def test_a_job_that_did_not_complete_raises(client: Client, table: Path) -> None:
    job = client.submit_file(table, window=closed_window())
    assert job.pause().state == "paused"
    assert job.resume().state == "scheduled"
    with pytest.raises(WaitTimeout, match=r"it goes on.*\(request [0-9a-f]{32}\)"):
        job.wait(timeout_s=0.3)
    job.cancel()
    with pytest.raises(JobNotCompleted, match=r"cancelled.*\(request [0-9a-f]{32}\)"):
        job.wait()
    job.delete()
    with pytest.raises(ApiError, match="job_not_found"):
        job.refresh()


def test_the_examples_of_the_readme_run(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.setenv("SENTIQ_URL", cluster.url)
    monkeypatch.chdir(tmp_path)
    Path("reviews.csv").write_text("城市,评论\n北京,物流太慢\n上海,物流很快\n北京,一般\n", encoding="utf-8")
    namespace: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 10
    try:
        for block in blocks:
            code = block.replace("https://example.com/sentiq", receiver.url)
            assert "https://example.com/" not in code
            exec(compile(code, "client/README.md", "exec"), namespace)  # noqa: S102  # our own
    finally:
        namespace["client"].close()
    wait_until(lambda: receiver.got, message="the webhook of the examples is told")
    assert namespace["received"](*receiver.got[0]) == 204
    assert namespace["received"](receiver.got[0][0], b"{}") == 400
    assert namespace["answers"]["编号"].tolist() == ["a1", "a2"]
    assert Path("reviews.xlsx").exists()


def _jobs(cluster: Cluster) -> list[Job]:
    with Client(cluster.url) as client:
        return list(client.jobs())
