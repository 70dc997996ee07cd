"""Fetching from Hugging Face's hub, from a server on this machine, into the cache that all programs of a user share."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")
from huggingface_hub import constants, snapshot_download
from huggingface_hub.utils import reset_sessions

from sentiq.engine.registry import ModelError
from tests.support.processes import free_port
from tests.torch.checkpoints import hugging_face_bert
from tests.torch.hub_server import Fault, Seen
from tests.torch.huggingface_server import MODEL, HuggingFaceServer, serving
from tools.prepare.__main__ import main
from tools.prepare.huggingface import download
from tools.prepare.source import Download

pytestmark = pytest.mark.filterwarnings("ignore")

WEIGHTS = "model.safetensors"
FILES = {
    "README.md": b"# not needed",
    "config.json": b'{"vocab_size": 3}',
    "vocab.txt": b"[PAD]\n[UNK]\n[CLS]\n",
    WEIGHTS: bytes(range(250)) * 400,
    "pytorch_model.bin": b"the same in another form",
    "onnx/model.onnx": b"not needed either",
}
NEEDED = {name: FILES[name] for name in ("config.json", "vocab.txt", WEIGHTS)}


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's cache; no proxy, no login."""
    path = tmp_path / "cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(path))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return path


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HuggingFaceServer]:
    with serving(HuggingFaceServer(dict(FILES))) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def fetch(revision: str = "") -> Download:
    return download(MODEL, revision=revision, progress=False)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def refused(model_id: str = MODEL, revision: str = "") -> str:
    with pytest.raises(ModelError) as caught:
        download(model_id, revision=revision, progress=False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As with HF_HUB_OFFLINE=1."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    reset_sessions()
    yield
    monkeypatch.undo()
    reset_sessions()


# -- What is fetched ---------------------------------------------------------------------------------------------


def test_the_files_that_are_read_and_no_others(hub: HuggingFaceServer) -> None:
    fetched = fetch()
    assert fetched == Download(fetched.directory, MODEL, "main", hub.commit)
    assert contents(fetched.directory) == NEEDED
    assert hub.fetched == sorted(NEEDED)


def test_weights_in_parts(hub: HuggingFaceServer) -> None:
    parts = {"model-00001-of-00002.safetensors": b"one", "model-00002-of-00002.safetensors": b"two"}
    hub.files = {**parts, "model.safetensors.index.json": b"{}", "config.json": b"{}", "pytorch_model.bin": b"three"}
    assert set(contents(fetch().directory)) == {*parts, "model.safetensors.index.json", "config.json"}


def test_a_second_time_nothing_is_fetched(hub: HuggingFaceServer) -> None:
    first = fetch()
    hub.seen.clear()
    assert fetch() == first
    assert not hub.fetched


def test_a_revision_that_is_asked_for(hub: HuggingFaceServer) -> None:
    assert fetch("v1.0").revision == "v1.0"
    assert fetch(hub.commit).commit == hub.commit


def test_what_other_programs_have_fetched_is_used(hub: HuggingFaceServer) -> None:
    snapshot_download(MODEL, endpoint=hub.url)
    hub.seen.clear()
    assert contents(fetch().directory).items() >= NEEDED.items()
    assert not hub.fetched


def test_without_a_network_what_is_there_is_used(hub: HuggingFaceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fetch()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    assert fetch() == first


def test_offline_nobody_is_asked(hub: HuggingFaceServer, request: pytest.FixtureRequest) -> None:
    first = fetch()
    hub.seen.clear()
    request.getfixturevalue("offline")
    assert fetch() == first
    assert not hub.seen


def test_a_login(hub: HuggingFaceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.token = "hf_secret"
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert contents(fetch().directory) == NEEDED


# -- What goes wrong and is made good ----------------------------------------------------------------------------


def test_a_later_run_goes_on_where_an_earlier_one_was_cut(
    hub: HuggingFaceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # what has come of one is lost
    hub.faults[WEIGHTS] = [Fault(cut_after=60_000)] + [Fault(500)] * 20
    assert re.search(r"fails to deliver .*try again later, what has come is kept", refused())
    hub.faults.clear()
    hub.seen.clear()
    assert contents(fetch().directory) == NEEDED
    assert Seen(WEIGHTS, "bytes=60000-") in hub.seen


@pytest.mark.parametrize("name", [WEIGHTS, "vocab.txt"])
def test_a_damaged_copy_is_fetched_once_again(name: str, hub: HuggingFaceServer) -> None:
    hub.faults[name] = [Fault(corrupt=True)]
    assert contents(fetch().directory) == NEEDED
    assert hub.fetched.count(name) == 2


def test_what_was_damaged_on_the_disk_is_fetched_again(hub: HuggingFaceServer) -> None:
    weights = fetch().directory / WEIGHTS
    weights.resolve().write_bytes(b"?" + weights.read_bytes()[1:])
    hub.seen.clear()
    assert contents(fetch().directory) == NEEDED
    assert hub.fetched == [WEIGHTS]


# -- What is refused ---------------------------------------------------------------------------------------------


def test_wrong_content_twice(hub: HuggingFaceServer) -> None:
    hub.faults[WEIGHTS] = [Fault(corrupt=True)] * 2
    assert f"{WEIGHTS} came twice with other content than the hub lists" in refused()


def test_no_such_model(hub: HuggingFaceServer) -> None:
    assert re.search(r"no model 'somebody/nothing', or it is private: .*HF_TOKEN", refused("somebody/nothing"))


def test_no_such_revision(hub: HuggingFaceServer) -> None:
    assert f"{MODEL} has no revision 'v9': name a branch, a tag or a commit's hash" in refused(revision="v9")


def test_conditions_that_are_not_accepted(hub: HuggingFaceServer) -> None:
    hub.is_gated = True
    assert re.search(rf"accepted its conditions: accept them on {hub.url}/{MODEL} and set HF_TOKEN", refused())


def test_a_server_that_fails(hub: HuggingFaceServer) -> None:
    hub.faults["listing"] = [Fault(503)] * 5
    assert re.search(r"not all of .* does not answer \(HTTP 503\): check the network", refused())


def test_no_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    assert re.search(rf"not all of {MODEL} is in {cache}, and .*Connection refused.*HTTPS_PROXY", refused())


def test_offline_and_not_there(hub: HuggingFaceServer, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("offline")
    assert "HF_HUB_OFFLINE" in refused()
    assert not hub.seen


def test_a_cache_that_cannot_be_used(hub: HuggingFaceServer, cache: Path) -> None:
    cache.write_text("")
    assert re.search(rf"{cache} cannot be used \(.+\): set HF_HOME", refused())


# -- Prepared ----------------------------------------------------------------------------------------------------


def test_a_model_of_the_hub_is_prepared_under_its_id(hub: HuggingFaceServer, tmp_path: Path) -> None:
    source = hugging_face_bert(tmp_path / "source", ["negative", "positive"])
    hub.files = contents(source)
    store = tmp_path / "store"
    arguments = [f"hf://{MODEL}@v1.0", "--store", str(store), "--min-agreement", "0"]
    assert main(arguments) == 0
    [directory] = store.glob("*@*")
    content = json.loads((directory / "manifest.json").read_text())
    assert content["id"] == MODEL
    assert (content["source"], content["revision"], content["commit"]) == (f"hf://{MODEL}", "v1.0", hub.commit)
    hub.seen.clear()
    assert main(arguments) == 0  # it is there: nobody is asked
    assert not hub.seen


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hf://"], r"'hf://' is no id of a model on Hugging Face's hub, which is hf://owner/name"),
        (["hf://a/b/c"], "is no id"),
        (["hf://a/b@v1", "--revision", "v2"], "names a revision, and --revision another"),
    ],
)
def test_wrong_ids(arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--store", str(tmp_path)]) == 1
    assert re.search(message, capsys.readouterr().err)
