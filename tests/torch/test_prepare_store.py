"""What the store holds when models are prepared again, at once, over damaged ones, or the machine stops in between."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from tests.support.processes import WAIT_S

pytest.importorskip("torch")
from sentiq.engine import Engine
from sentiq.engine.registry import find_model, list_models, read_manifest, verify_files
from tests.torch.checkpoints import hugging_face_bert, structbert
from tools.prepare.__main__ import main

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return structbert(tmp_path_factory.mktemp("checkpoint") / "mine")


@pytest.fixture
def store(source: Path, tmp_path: Path) -> Path:
    """A store with the model in it."""
    path = tmp_path / "store"
    assert prepare(source, path) == 0
    return path


def arguments(source: Path, store: Path) -> list[str]:
    return [str(source), "--store", str(store), "--min-agreement", "0"]


def prepare(source: Path, store: Path, *options: str) -> int:
    return main([*arguments(source, store), *options])


def only_model(store: Path) -> Path:
    """The directory of the one model, intact, and nothing left beside it."""
    [model], problems = list_models([store])
    assert not problems
    verify_files(model.directory, model.manifest)
    assert [path for path in store.iterdir() if path.is_dir()] == [model.directory]
    return model.directory


def inode(directory: Path) -> int:
    """Changes when a directory is replaced."""
    return directory.stat().st_ino


def test_what_is_prepared_is_left_alone(source: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = inode(only_model(store))
    capsys.readouterr()
    assert prepare(source, store) == 0
    assert inode(only_model(store)) == before
    assert "is prepared and intact" in capsys.readouterr().out


def test_that_takes_no_torch(source: Path, store: Path) -> None:
    script = (
        "import sys; from tools.prepare.__main__ import main; status = main(sys.argv[1:]);"
        " assert 'torch' not in sys.modules; sys.exit(status)"
    )
    finished = subprocess.run([sys.executable, "-c", script, *arguments(source, store)], cwd=REPOSITORY, timeout=WAIT_S)
    assert finished.returncode == 0


def test_force_prepares_it_again(source: Path, store: Path) -> None:
    before = inode(only_model(store))
    assert prepare(source, store, "--force") == 0
    assert inode(only_model(store)) != before


def test_a_changed_checkpoint_becomes_a_further_version(source: Path, store: Path, tmp_path: Path) -> None:
    changed = hugging_face_bert(tmp_path / "mine", ["negative", "neutral", "positive"])
    first = only_model(store).name
    assert prepare(changed, store) == 0
    models = list_models([store])[0]
    assert len(models) == 2
    assert find_model([store], "mine").manifest.labels == ("negative", "neutral", "positive")
    assert find_model([store], first).manifest.labels == ("negative", "positive")


@pytest.mark.parametrize("name", ["model.bin", "model.safetensors", "tokenizer.json"])
def test_a_damaged_file_is_noticed_and_the_model_prepared_again(
    name: str, source: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = only_model(store) / name
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert prepare(source, store) == 0
    Engine.load(only_model(store)).prove()
    assert f"{damaged} is damaged" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["manifest.json", "model.xml"])
def test_a_missing_file_too(name: str, source: Path, store: Path) -> None:
    (only_model(store) / name).unlink()
    assert prepare(source, store) == 0
    Engine.load(only_model(store)).prove()


def test_a_manifest_that_is_not_json_too(source: Path, store: Path) -> None:
    (only_model(store) / "manifest.json").write_text("{")
    assert prepare(source, store) == 0
    Engine.load(only_model(store)).prove()


def test_a_workers_open_files_survive_preparing_again(source: Path, store: Path) -> None:
    engine = Engine.load(only_model(store))
    answers = engine.classify(["很好", "很差"])
    assert prepare(source, store, "--force") == 0
    assert engine.classify(["很好", "很差"]) == answers


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def start(source: Path, store: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tools.prepare", *arguments(source, store)]
    environment = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_two_processes_at_once_prepare_it_once(
    source: Path, tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    store = tmp_path / "store"
    processes += [start(source, store), start(source, store)]
    outputs = [process.communicate(timeout=WAIT_S) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert sorted("preparing mine" in out for out, _ in outputs) == [False, True]
    assert sum("is prepared and intact" in out for out, _ in outputs) == 1
    assert [err for _, err in outputs] == ["", ""]
    only_model(store)


def test_a_run_that_died_leaves_no_model_and_nothing_behind(
    source: Path, tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    store = tmp_path / "store"
    process = start(source, store)
    processes.append(process)
    deadline = time.monotonic() + 60
    while not list(store.glob(".partial-*/model/tokenizer.json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert list_models([store]) == ([], [])
    assert list(store.glob(".partial-*"))
    assert prepare(source, store) == 0
    assert read_manifest(only_model(store)).id == "mine"


def test_a_store_that_cannot_be_written_is_named(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert prepare(source, tmp_path / "file") == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_wrong_usage_ends_with_status_2() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--no-such-option"])
    assert stopped.value.code == 2
