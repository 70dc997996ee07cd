"""`--help` of every command, from anywhere and with nothing installed; what is missing is said with its remedy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

COMMANDS = ("sentiq-admin", "sentiq-prepare")
ADMIN = (
    ["status"], ["config"], ["config", "check"], ["backup"], ["restore"], ["models"], ["activate"], ["keys"],
    ["keys", "create"], ["keys", "list"], ["keys", "rotate"], ["keys", "revoke"],
)  # fmt: skip
CLIENT = (
    "submit", "preview", "analyze", "status", "pause", "resume", "cancel", "retry", "delete", "results", "summary",
    "list", "models", "top", "throughput", "webhooks",
)  # fmt: skip
BENCHMARKS = [path.stem for path in sorted((REPOSITORY / "benchmarks").glob("*.py")) if "__main__" in path.read_text()]
PROCESSES = ("webhooks", "worker.model_switch", "deploy.compose.scaler", "deploy.local.run", "deploy.local.demo")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout without an environment, and a python3 that has nothing but its standard library."""
    root = tmp_path_factory.mktemp("bare")
    for name in ("bin", "admin", "engine", "jobs", "training"):
        shutil.copytree(REPOSITORY / name, root / name)
    python = root / "path" / "python3"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    return root


def run(command: list[str | Path], cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("SENTIQ_")}
    env |= {"PYTHONPATH": "", "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"} if path else {}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)


def bare_module(bare: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run([bare / "path" / "python3", "-m", name, *arguments], bare, bare / "path")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_bin_helps_from_anywhere(command: str, bare: Path, tmp_path: Path) -> None:
    assert {path.name for path in (REPOSITORY / "bin").iterdir()} == set(COMMANDS)
    link = tmp_path / command
    link.symlink_to(REPOSITORY / "bin" / command)
    for found in (REPOSITORY / "bin" / command, link, bare / "bin" / command):
        for arguments in [], *(ADMIN if command == "sentiq-admin" and found != link else ()):
            done = run([found, *arguments, "--help"], tmp_path, bare / "path")
            assert (done.returncode, done.stderr) == (0, ""), found
            assert command in done.stdout
            assert re.search(r"Exit status|usage:", done.stdout)


@pytest.mark.parametrize(
    ("command", "remedy"),
    [(["sentiq-prepare", "some/model"], "make model MODEL="), (["sentiq-admin", "models"], "make run")],
)
def test_without_its_environment_a_command_says_what_makes_it(command: list[str], remedy: str, bare: Path) -> None:
    name, *arguments = command
    done = run([bare / "bin" / name, *arguments], bare, bare / "path")
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.startswith(f"{name}: ")
    assert remedy in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_prepares_a_model_is_what_its_requirements_have() -> None:
    from engine.prepare.__main__ import NEEDED

    lines = (REPOSITORY / "requirements" / "prepare.in").read_text().splitlines()
    named = {line.partition("==")[0].replace("-", "_") for line in lines if not line.startswith("#")}
    assert set(NEEDED) == named | {"torch"}


def test_training_helps_and_says_what_it_needs(bare: Path, tmp_path: Path) -> None:
    assert bare_module(bare, "training", "--help").stdout.startswith("usage: python -m training")
    table = str(tmp_path / "table.tsv")
    done = bare_module(
        bare, "training", "--train", table, "--dev", table, "--test", table, "--out", str(tmp_path / "out")
    )
    assert (done.returncode, "training/README.md" in done.stderr) == (69, True)


@pytest.mark.parametrize("module", [*(f"benchmarks.{name}" for name in BENCHMARKS), *PROCESSES])
def test_every_module_that_is_a_command_helps_and_does_nothing_else(module: str) -> None:
    done = run([sys.executable, "-m", module, "--help"], REPOSITORY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")


def test_the_client_helps_without_a_service(tmp_path: Path) -> None:
    hooks = ("create", "list", "show", "delete", "rotate", "test", "deliveries", "redeliver")
    commands = [[], *([name] for name in CLIENT), *(["webhooks", name] for name in hooks)]
    script = f"""
import sys
sys.path.insert(0, {str(REPOSITORY / "client" / "src")!r})
from sentiq_client.cli import main
for words in {commands!r}:
    sys.argv[1:] = [*words, "--help"]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, words
"""
    done = run([sys.executable, "-c", script], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for words in commands:
        assert f"Usage: {' '.join(['sentiq', *words])} " in done.stdout


def test_make_model_without_a_model_helps_and_installs_nothing() -> None:
    plan: list[str | Path] = ["make", "--no-print-directory", "--dry-run", "model"]
    assert run(plan, REPOSITORY).stdout.strip() == "bin/sentiq-prepare --help"
    assert "venv" in run([*plan, "MODEL=some/model", "VENV_TORCH=no-such"], REPOSITORY).stdout
