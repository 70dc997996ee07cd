"""Fetching from the hub, from a server on this machine: what comes, and what goes wrong and is made good."""

from __future__ import annotations

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
from sentiq.engine.registry import ModelError, find_model
from tests.support.paths import REPOSITORY
from tests.support.processes import WAIT_S, Process, wait_until
from tests.torch.hub_server import BASE, NEEDED, SIZE, WEIGHTS, Fault, HubServer, Seen, contents, partials
from tools.prepare import transfer
from tools.prepare.__main__ import main
from tools.prepare.hub import download
from tools.prepare.source import Download

PART = 10 * transfer.CHUNK


def fetch(cache: Path, model_id: str = BASE, revision: str = "", *, progress: bool = False) -> Download:
    return download(model_id, revision=revision, cache=cache, progress=progress)


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


def test_a_model_of_somebody_else(hub: HubServer, cache: Path) -> None:
    hub.model_id = "somebody/reviews-bert"
    fetch(cache, hub.model_id)
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
    check = "import sys, tools.prepare.hub; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
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
    monkeypatch.setattr("tools.prepare.transfer.time.sleep", delays.append)
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
        "import pathlib, sys; from tools.prepare.hub import download;"
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
    hub.faults[WEIGHTS] = [Fault(before=lambda: may_answer.wait(WAIT_S))]
    first = start()
    wait_until(lambda: hub.requests(WEIGHTS), message="the first fetches")
    second = start()
    wait_until(lambda: "waiting for it" in second.log.read_text(), message="the second waits")
    may_answer.set()
    assert [first.wait(), second.wait()] == [0, 0], first.log.read_text() + second.log.read_text()
    assert contents(cache) == NEEDED
    assert all(len(hub.requests(name)) == 1 for name in NEEDED)
    assert first.log.read_text().splitlines()[-1] == second.log.read_text().splitlines()[-1]


def test_a_killed_process_is_taken_over_from(hub: HubServer, cache: Path, start: Callable[[], Process]) -> None:
    killed = Event()
    hub.faults[WEIGHTS] = [Fault(cut_after=PART, during=lambda: killed.wait(WAIT_S))]
    process = start()
    wait_until(lambda: sum(path.stat().st_size for path in partials(cache)) == PART, message="a part")
    process.kill()
    killed.set()
    fetch(cache)
    assert contents(cache) == NEEDED
    assert hub.requests(WEIGHTS)[-1] == Seen(WEIGHTS, f"bytes={PART}-")


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
