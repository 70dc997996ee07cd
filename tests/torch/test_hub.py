"""Fetching from the hub, from a server on this machine that fails in every way we could think of."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

pytest.importorskip("modelscope_hub")
import modelscope_hub._legacy_api

from engine.prepare import transfer
from engine.prepare.__main__ import main
from engine.prepare.hub import Download, download
from engine.registry import ModelError, find_model
from tests.support import REPOSITORY, Process, free_port, wait_until
from tests.torch.hub_server import Fault, HubServer, Seen, serving

BASE = "iic/nlp_structbert_sentiment-classification_chinese-base"
WEIGHTS = "pytorch_model.bin"
SIZE = 3_000_000  #: bytes of the weights
PART = 10 * transfer.CHUNK
FILES = {
    "README.md": b"# not needed",
    "config.json": b'{"vocab_size": 3}',
    "configuration.json": b'{"task": "text-classification"}',
    "label_mapping.json": b'{"negative": 0, "positive": 1}',
    "vocab.txt": b"[PAD]\n[UNK]\n[CLS]\n",
    WEIGHTS: bytes(range(250)) * (SIZE // 250),
    "resources/picture.jpg": b"not needed either",
}
NEEDED = {name: content for name, content in FILES.items() if name != "README.md" and "/" not in name}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No waiting, no proxy, no home."""
    monkeypatch.setattr(transfer, "DELAY_S", 0.0)
    monkeypatch.setattr(modelscope_hub._legacy_api, "REPO_TREE_PAGE_RETRY_MAX_DELAY_SECONDS", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MODELSCOPE_API_TOKEN", raising=False)


@pytest.fixture
def hub(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with serving(HubServer(BASE, dict(FILES))) as server:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.url)
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "store" / ".downloads"


def fetch(cache: Path, model_id: str = BASE, revision: str = "", *, progress: bool = False) -> Download:
    return download(model_id, revision=revision, cache=cache, progress=progress)


def contents(cache: Path) -> dict[str, bytes]:
    """The files under final names, of all downloads."""
    return {path.name: path.read_bytes() for path in cache.glob("*@*/*") if not path.name.startswith(".")}


def partials(cache: Path) -> list[Path]:
    return list(cache.glob("*@*/.*.partial"))


# -- What is fetched ---------------------------------------------------------------------------------------------


def test_the_files_that_are_read_and_no_others(hub: HubServer, cache: Path, tmp_path: Path) -> None:
    fetched = fetch(cache)
    assert fetched == Download(fetched.directory, BASE, "master", hub.commit)
    assert {path.name: path.read_bytes() for path in fetched.directory.iterdir()} == NEEDED
    assert sorted(hub.seen) == sorted(Seen(what, "") for what in ["listing", *NEEDED])
    assert not (tmp_path / "home").exists()


def test_safetensors_instead_of_a_pickle_where_there_are_both(hub: HubServer, cache: Path) -> None:
    hub.files["model.safetensors"] = b"tensors"
    fetch(cache)
    assert set(contents(cache)) == set(NEEDED) - {WEIGHTS} | {"model.safetensors"}


def test_a_revision_that_is_asked_for(hub: HubServer, cache: Path) -> None:
    assert fetch(cache, revision="v1.0.0").revision == "v1.0.0"
    fetch(cache)
    assert len(list(cache.glob("iic*@*"))) == 2


@pytest.mark.parametrize(
    "model_id",
    [
        "somebody/reviews-bert",
        "somebody/nlp_structbert_sentiment-classification_chinese-base",
        "iic/nlp_structbert_sentiment-classification_chinese-ecommerce-base",
        "iic/nlp_structbert_emotion-classification_chinese-base",
    ],
)
def test_models_that_we_do_not_know(model_id: str, hub: HubServer, cache: Path) -> None:
    hub.model_id = model_id
    fetch(cache, model_id)
    assert contents(cache) == NEEDED


def test_a_second_time_nothing_is_fetched(hub: HubServer, cache: Path) -> None:
    first = fetch(cache)
    hub.seen.clear()
    assert fetch(cache) == first
    assert hub.seen == [Seen("listing", "")]


def test_only_the_damaged_file_is_fetched_again(hub: HubServer, cache: Path) -> None:
    weights = fetch(cache).directory / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    hub.seen.clear()
    fetch(cache)
    assert contents(cache) == NEEDED
    assert hub.seen == [Seen("listing", ""), Seen(WEIGHTS, "")]


def test_a_branch_that_moved(hub: HubServer, cache: Path) -> None:
    fetch(cache)
    del hub.files["label_mapping.json"]
    hub.files["config.json"] = b"{}"
    fetch(cache)
    expected = {**NEEDED, "config.json": b"{}"}
    del expected["label_mapping.json"]
    assert contents(cache) == expected


def test_a_hub_that_lists_no_checksums(hub: HubServer, cache: Path) -> None:
    hub.lists_checksums = False
    hub.faults[WEIGHTS] = [Fault(cut_after=PART), Fault(404)]
    with pytest.raises(ModelError):
        fetch(cache)
    hub.seen.clear()
    (fetch(cache).directory / "vocab.txt").write_bytes(b"[PAD]")
    fetch(cache)
    assert contents(cache) == NEEDED
    assert hub.requests(WEIGHTS) == [Seen(WEIGHTS, "")]  # what is kept might be of other content
    assert len(hub.requests("vocab.txt")) == 1  # its size was another


@pytest.mark.parametrize("progress", [True, False])
def test_a_progress_bar_only_if_wanted(
    hub: HubServer, cache: Path, progress: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    fetch(cache, progress=progress)
    out, err = capfd.readouterr()
    assert out == ""
    assert ("3.00M/3.00M" in err) == progress
    assert progress or err == ""


def test_nothing_heavy_is_imported() -> None:
    check = "import sys, engine.prepare.hub; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY, check=True)


# -- What goes wrong and is made good ----------------------------------------------------------------------------


def test_a_cut_connection_goes_on_where_it_was_cut(
    hub: HubServer, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.faults[WEIGHTS] = [Fault(cut_after=PART), Fault(cut_after=PART + 1)]
    fetch(cache)
    assert contents(cache) == NEEDED
    assert [seen.range for seen in hub.requests(WEIGHTS)] == ["", f"bytes={PART}-", f"bytes={2 * PART}-"]
    assert f"{WEIGHTS}: the connection was cut" in capsys.readouterr().out


def test_a_later_run_goes_on_where_an_earlier_one_was_cut(hub: HubServer, cache: Path) -> None:
    hub.faults[WEIGHTS] = [Fault(cut_after=PART), *[Fault(500)] * transfer.ATTEMPTS]
    with pytest.raises(ModelError, match="what has come is kept"):
        fetch(cache)
    assert WEIGHTS not in contents(cache)
    hub.seen.clear()
    fetch(cache)
    assert contents(cache) == NEEDED
    assert hub.seen == [Seen("listing", ""), Seen(WEIGHTS, f"bytes={PART}-")]


def test_a_bad_line_on_which_something_always_comes_is_not_given_up(hub: HubServer, cache: Path) -> None:
    hub.faults[WEIGHTS] = [Fault(cut_after=transfer.CHUNK)] * (2 * transfer.ATTEMPTS)
    fetch(cache)
    assert contents(cache) == NEEDED


def test_a_server_that_knows_no_ranges(hub: HubServer, cache: Path) -> None:
    hub.faults[WEIGHTS] = [Fault(cut_after=PART), Fault(ignore_range=True)]
    fetch(cache)
    assert contents(cache) == NEEDED
    assert len(hub.requests(WEIGHTS)) == 2


def test_a_partial_file_of_other_content_is_not_gone_on_with(hub: HubServer, cache: Path) -> None:
    hub.faults[WEIGHTS] = [Fault(cut_after=PART), Fault(404)]
    with pytest.raises(ModelError):
        fetch(cache)
    hub.files[WEIGHTS] = bytes(SIZE)
    hub.seen.clear()
    fetch(cache)
    assert contents(cache) == {**NEEDED, WEIGHTS: bytes(SIZE)}
    assert hub.requests(WEIGHTS) == [Seen(WEIGHTS, "")]
    assert not partials(cache)


@pytest.mark.parametrize("what", ["listing", "vocab.txt", WEIGHTS])
@pytest.mark.parametrize("status", [500, 503, 429])
def test_three_errors_of_the_server(what: str, status: int, hub: HubServer, cache: Path) -> None:
    hub.faults[what] = [Fault(status)] * 3
    fetch(cache)
    assert contents(cache) == NEEDED
    assert len(hub.requests(what)) == 4


def test_the_delays_grow_and_vary(hub: HubServer, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    delays: list[float] = []
    monkeypatch.setattr(transfer, "DELAY_S", 1.0)
    monkeypatch.setattr("engine.prepare.transfer.time.sleep", delays.append)
    hub.faults[WEIGHTS] = [Fault(500)] * 3
    fetch(cache)
    assert [0.5 <= delay / grown <= 1.5 for delay, grown in zip(delays, [1, 2, 4], strict=True)] == [True] * 3
    assert all(delay % 1 for delay in delays)


def test_a_damaged_copy_is_fetched_once_again(hub: HubServer, cache: Path) -> None:
    hub.faults[WEIGHTS] = [Fault(corrupt=True)]
    fetch(cache)
    assert contents(cache) == NEEDED
    assert hub.requests(WEIGHTS) == [Seen(WEIGHTS, "")] * 2


@pytest.fixture
def start(cache: Path, tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Start a process that fetches; it is killed at the end."""
    code = (
        "import pathlib, sys; from engine.prepare.hub import download;"
        "print(download(sys.argv[1], revision='', cache=pathlib.Path(sys.argv[2]), progress=False).directory)"
    )
    processes: list[Process] = []

    def start_one() -> Process:
        command = [sys.executable, "-W", "error", "-c", code, BASE, str(cache)]
        processes.append(Process(f"fetch-{len(processes)}", command, dict(os.environ), tmp_path))
        return processes[-1]

    yield start_one
    for process in processes:
        process.kill()


def test_two_processes_at_once_fetch_once(hub: HubServer, cache: Path, start: Callable[[], Process]) -> None:
    may_answer = Event()
    hub.faults[WEIGHTS] = [Fault(before=lambda: may_answer.wait(60))]
    first = start()
    wait_until(lambda: hub.requests(WEIGHTS), timeout_s=60, message="the first fetches")
    second = start()
    wait_until(lambda: "waiting for it" in second.log.read_text(), timeout_s=60, message="the second waits")
    may_answer.set()
    assert [first.popen.wait(60), second.popen.wait(60)] == [0, 0], first.log.read_text() + second.log.read_text()
    assert contents(cache) == NEEDED
    assert all(len(hub.requests(name)) == 1 for name in NEEDED)
    assert first.log.read_text().splitlines()[-1] == second.log.read_text().splitlines()[-1]


def test_a_killed_process_is_taken_over_from(hub: HubServer, cache: Path, start: Callable[[], Process]) -> None:
    killed = Event()
    hub.faults[WEIGHTS] = [Fault(cut_after=PART, during=lambda: killed.wait(60))]
    process = start()
    wait_until(lambda: sum(path.stat().st_size for path in partials(cache)) == PART, timeout_s=60, message="a part")
    process.kill()
    killed.set()
    fetch(cache)
    assert contents(cache) == NEEDED
    assert hub.requests(WEIGHTS)[-1] == Seen(WEIGHTS, f"bytes={PART}-")


# -- What is refused, with cause and remedy ----------------------------------------------------------------------


def refused(cache: Path, *arguments: str) -> str:
    with pytest.raises(ModelError) as caught:
        fetch(cache, *arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_network(environment: None, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", endpoint)
    assert re.search(
        rf"no connection to {endpoint} .*Connection refused.*HTTPS_PROXY.* or fetch .* and name its directory",
        refused(cache),
    )


def test_no_such_model(hub: HubServer, cache: Path) -> None:
    assert re.search(
        r"no model 'somebody/nothing', or it is private.*http://127.*/models .*MODELSCOPE_API_TOKEN",
        refused(cache, "somebody/nothing"),
    )
    assert len(hub.seen) == 2  # the list of files and that of revisions, once each


def test_no_such_revision(hub: HubServer, cache: Path) -> None:
    assert f"{BASE} has no revision 'v9'; --revision can be v1.0.0, master or a commit's hash" in refused(
        cache, BASE, "v9"
    )


@pytest.mark.parametrize("status", [401, 403])
def test_no_permission(status: int, hub: HubServer, cache: Path) -> None:
    hub.faults["listing"] = [Fault(status)]
    assert re.search(rf"refuses {BASE} \(HTTP {status}\): set MODELSCOPE_API_TOKEN", refused(cache))


def test_a_file_that_is_listed_but_not_there_is_asked_for_once(hub: HubServer, cache: Path) -> None:
    hub.faults[WEIGHTS] = [Fault(404)]
    assert re.search(r"fails to deliver .*HTTP 404", refused(cache))
    assert len(hub.requests(WEIGHTS)) == 1


@pytest.mark.parametrize(("what", "attempts"), [("listing", 4), (WEIGHTS, transfer.ATTEMPTS)])
def test_a_server_that_keeps_failing(what: str, attempts: int, hub: HubServer, cache: Path) -> None:
    hub.faults[what] = [Fault(500)] * 20
    assert re.search(r"fails to deliver .*\(HTTP 500\): try again later, what has come is kept", refused(cache))
    assert len(hub.requests(what)) == attempts
    assert WEIGHTS not in contents(cache)


def test_wrong_content_twice(hub: HubServer, cache: Path) -> None:
    hub.faults[WEIGHTS] = [Fault(corrupt=True)] * 5
    assert re.search(rf"{WEIGHTS} came twice with other content .*SHA-256 [0-9a-f]{{64}}.*try again", refused(cache))
    assert len(hub.requests(WEIGHTS)) == 2
    assert contents(cache) == {name: content for name, content in NEEDED.items() if name != WEIGHTS}
    assert not partials(cache)


@pytest.mark.parametrize(
    ("model_id", "answer"),
    [
        ("damo/StructBERT_Large_Chinese_Sentiment_Analysis", f"use {BASE.replace('base', 'large')}"),
        ("damo/structbert-base-chinese-sentiment-classification", f"use {BASE}"),
        ("damo/nlp_structbert_sentiment-classification_chinese-tiny", f"use {BASE.replace('base', 'tiny')}"),
        ("nlp_structbert_sentiment-classification_chinese-base", f"use {BASE}"),
        ("iic/nlp_structbert_sentiment_classification_chinese-base", f"use {BASE}"),
        ("iic/nlp_structbert_sentimnet-classification_chinese-base", f"use {BASE}"),
        ("iic/NLP_StructBERT_Sentiment-Classification_Chinese-Base", f"use {BASE}"),
        ("damo/nlp_structbert_sentiment-classification_chinese-ecommerce-base", "use iic/nlp_structbert_"),
        ("reviews-bert", "owner/name"),
        ("https://modelscope.cn/models/iic/other", "owner/name"),
        ("", "owner/name"),
    ],
)
def test_ids_that_the_hub_does_not_have(model_id: str, answer: str, hub: HubServer, cache: Path) -> None:
    assert answer in refused(cache, model_id)
    assert not hub.seen


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB of its own."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mounted)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield mounted
    subprocess.run(["umount", str(mounted)], check=True)


def test_a_disk_that_is_too_small(hub: HubServer, small_disk: Path) -> None:
    message = refused(small_disk)
    assert re.search(rf"needs 3\.0 MB more in {small_disk}.*, where 2\.\d MB are free; make room", message)
    assert hub.seen == [Seen("listing", "")]
    assert not contents(small_disk)


def test_a_disk_that_fills_up_meanwhile(hub: HubServer, small_disk: Path) -> None:
    hub.files[WEIGHTS] = FILES[WEIGHTS][:1_500_000]
    other = small_disk / "other"
    hub.faults[WEIGHTS] = [Fault(before=lambda: other.write_bytes(bytes(1_000_000)))]
    message = refused(small_disk)
    assert re.search(rf"no space left .* needs 0\.\d MB more in {small_disk}.*, where 0\.0 MB are free", message)
    assert WEIGHTS not in contents(small_disk)
    other.unlink()
    fetch(small_disk)
    assert contents(small_disk) == {**NEEDED, WEIGHTS: hub.files[WEIGHTS]}
    assert re.fullmatch(r"bytes=\d+-", hub.requests(WEIGHTS)[-1].range)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Root may do everything, so its rights are put aside."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def without_rights(cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0)


def a_file(cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("")


@pytest.mark.parametrize("spoil", [without_rights, a_file])
def test_a_folder_that_cannot_be_used(spoil: Callable[[Path], None], hub: HubServer, cache: Path) -> None:
    spoil(cache)
    with as_nobody():
        message = refused(cache)
    assert re.search(r"the download folder .*\.downloads.* cannot be used \(.+\): correct its permissions", message)
    assert not hub.seen


# -- The command -------------------------------------------------------------------------------------------------


def test_the_command_answers_an_id_of_a_blog_post(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "damo/StructBERT_Large_Chinese_Sentiment_Analysis"
    assert main([wrong, "--store", str(tmp_path / "store")]) == 1
    assert re.fullmatch(rf"sentiq-prepare: .*{wrong}.*use {BASE.replace('base', 'large')}\n", capsys.readouterr().err)
    assert not hub.seen


@pytest.mark.filterwarnings("ignore")  # of torch's exporters, on their own future
def test_the_command_prepares_what_it_fetches(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from tests.torch.checkpoints import structbert

    checkpoint = structbert(tmp_path / "checkpoint")
    hub.files = {path.name: path.read_bytes() for path in checkpoint.iterdir()}
    store = tmp_path / "store"
    command = [BASE, "--store", str(store), "--min-agreement", "1.1"]
    assert main(command) == 0, capsys.readouterr().err
    model = find_model([store], BASE)
    assert model.manifest.labels == ("negative", "positive")
    made = json.loads((model.directory / "manifest.json").read_text())
    assert (made["source"], made["revision"], made["commit"]) == (BASE, "master", hub.commit)
    hub.seen.clear()
    assert main(command) == 0
    assert not hub.seen  # what is prepared needs no network
