"""`--help` of every command, from anywhere and with nothing installed; what is missing is said with its remedy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

COMMANDS = {
    "sentiq-admin": "sentiq.admin",
    "sentiq-cascade": "tools.cascade",
    "sentiq-distil": "tools.distilling",
    "sentiq-doctor": "worker.doctor",
    "sentiq-federate": "tools.federated",
    "sentiq-prepare": "tools.prepare",
    "sentiq-evaluate": "tools.evaluation",
    "sentiq-tune": "tools.tuning",
}
ADMIN = (
    ["status"], ["config"], ["config", "check"], ["backup"], ["restore"], ["models"], ["activate"], ["keys"],
    ["keys", "create"], ["keys", "list"], ["keys", "rotate"], ["keys", "revoke"],
)  # fmt: skip
CLIENT = (
    "submit", "preview", "analyze", "status", "pause", "resume", "cancel", "retry", "delete", "results", "summary",
    "evaluation", "list", "models", "top", "throughput", "webhooks", "aspects", "phrases", "timeline", "cross",
    "aspect-sets", "findings", "report", "serve",
)  # fmt: skip
BENCHMARKS = [
    path.stem for path in sorted((REPOSITORY / "tools" / "benchmarks").glob("*.py")) if "__main__" in path.read_text()
]
PROCESSES = (
    "embedded",
    "sentiq.webhooks",
    "tools.checkpoints",
    "tools.evaluation.aspects",
    "worker.parent.model_switch",
    "deploy.compose.scaler",
    "deploy.local.run",
    "deploy.local.demo",
)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout without an environment, and a python3 that has nothing but its standard library."""
    root = tmp_path_factory.mktemp("bare")
    for name in ("sentiq", "tools", "worker"):
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
def test_every_command_helps_from_anywhere(command: str, tmp_path: Path) -> None:
    done = run([Path(sys.executable).with_name(command), "--help"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert command in done.stdout


def test_the_commands_are_those_of_pyproject() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    made = {name: f"{module}.__main__:main" for name, module in COMMANDS.items()}
    assert project["project"]["scripts"] == made
    (backend,) = project["build-system"]["requires"]
    assert f"\n{backend} " in (REPOSITORY / "requirements" / "dev.txt").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_where_nothing_is_installed(command: str, bare: Path) -> None:
    for arguments in [], *(ADMIN if command == "sentiq-admin" else ()):
        done = bare_module(bare, COMMANDS[command], *arguments, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert command in done.stdout
        assert re.search(r"Exit status|usage:", done.stdout)


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        (["sentiq-prepare", "some/model"], "make model MODEL="),
        (["sentiq-evaluate", "some-model", "labelled.csv"], "make run"),
        (["sentiq-tune", "some/model", "labelled.csv"], "make tune BASE="),
        (["sentiq-distil", "some/model", "texts.txt"], "make .venv-torch/.installed"),
        (["sentiq-federate", "some/model", "--sites", "3"], "make .venv-federated/.installed"),
        (
            ["sentiq-tune", "some/model", "labelled.csv", "--federated", "127.0.0.1:8470", "--site", "ours"],
            "make .venv-federated/.installed",
        ),
        (["sentiq-admin", "models"], "make run"),
        (["sentiq-doctor"], "make run"),
    ],
)
def test_without_its_environment_a_command_says_what_makes_it(command: list[str], remedy: str, bare: Path) -> None:
    name, *arguments = command
    done = bare_module(bare, COMMANDS[name], *arguments)
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.startswith(f"{name}: ")
    assert remedy in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_prepares_a_model_is_what_its_requirements_have() -> None:
    from tools.prepare.__main__ import NEEDED

    lines = (REPOSITORY / "requirements" / "prepare.in").read_text().splitlines()
    named = {line.partition("==")[0].replace("-", "_") for line in lines if not line.startswith("#")}
    assert set(NEEDED) == named | {"torch"}


def test_what_tunes_a_model_is_what_its_requirements_have() -> None:
    from tools.tuning.__main__ import NEEDED_HERE

    lines = (REPOSITORY / "requirements" / "tuning.in").read_text().splitlines()
    assert set(NEEDED_HERE) == {line.partition("==")[0] for line in lines if not line.startswith("#")}


def test_what_sites_tune_together_with_is_what_its_requirements_have() -> None:
    from tools.federated.__main__ import NEEDED_HERE

    text = (REPOSITORY / "requirements" / "federated.in").read_text()
    ours, _, of_tests = text.partition("\n\n")
    lines = [line.partition("==")[0] for line in ours.splitlines() if not line.startswith("#")]
    assert tuple(lines) == NEEDED_HERE
    locked = (REPOSITORY / "requirements" / "dev.txt").read_text()
    for version in re.findall(r"^[\w-]+==[\w.]+", of_tests, re.MULTILINE):
        assert f"\n{version} " in locked


def test_a_federation_says_what_its_command_line_lacks() -> None:
    together = [sys.executable, "-m", "tools.tuning", "some/model", "labelled.csv", "--federated", "127.0.0.1:8470"]
    done = run([*together], REPOSITORY)
    assert (done.returncode, "--federated needs --site, a name that no other site has" in done.stderr) == (2, True)
    done = run([*together, "--site", "ours", "--epochs", "3"], REPOSITORY)
    assert (done.returncode, "the server says what learns and for how long" in done.stderr) == (2, True)
    done = run([sys.executable, "-m", "tools.federated", "m", "--sites", "3", "--address", "0.0.0.0:8470"], REPOSITORY)
    assert (done.returncode, "sites on other machines need --certificate and --key" in done.stderr) == (2, True)


def test_training_helps_and_says_what_it_needs(bare: Path, tmp_path: Path) -> None:
    assert bare_module(bare, "tools.training", "--help").stdout.startswith("usage: python -m tools.training")
    table = str(tmp_path / "table.tsv")
    done = bare_module(
        bare, "tools.training", "--train", table, "--dev", table, "--test", table, "--out", str(tmp_path / "out")
    )
    assert (done.returncode, "tools/training/README.md" in done.stderr) == (69, True)


@pytest.mark.parametrize(
    "module", [*PROCESSES, *(pytest.param(f"tools.benchmarks.{name}", marks=pytest.mark.full) for name in BENCHMARKS)]
)
def test_every_module_that_is_a_command_helps_and_does_nothing_else(module: str) -> None:
    done = run([sys.executable, "-m", module, "--help"], REPOSITORY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")


def test_the_client_helps_without_a_service(tmp_path: Path) -> None:
    hooks = ("create", "list", "show", "delete", "rotate", "test", "deliveries", "redeliver")
    sets = ("list", "show", "put", "delete")
    commands = [
        *([], *([name] for name in CLIENT)),
        *(*(["webhooks", name] for name in hooks), *(["aspect-sets", name] for name in sets)),
    ]
    script = f"""
import sys
import tomllib
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
    assert run(plan, REPOSITORY).stdout.strip().endswith(" -m tools.prepare --help")
    assert "venv" in run([*plan, "MODEL=some/model", "VENV_TORCH=no-such"], REPOSITORY).stdout


def test_make_installs_the_commands_that_a_pull_brings_and_nothing_else(tmp_path: Path) -> None:
    installed, commands = tmp_path / ".installed", tmp_path / ".commands"
    plan: list[str | Path] = ["make", "--no-print-directory", "--dry-run", f"VENV={tmp_path}", commands]
    for stamp in (installed, commands):
        stamp.touch()
    assert "pip" not in run(plan, REPOSITORY).stdout
    after_a_pull = run([*plan, "--what-if=pyproject.toml"], REPOSITORY).stdout
    assert after_a_pull.count("pip install") == 1
    assert "--no-deps --no-build-isolation -e ." in after_a_pull
    commands.unlink()  # an environment of an older release has none
    assert run(plan, REPOSITORY).stdout == after_a_pull
    assert "-m venv --clear" in run([*plan, "--what-if=requirements/dev.txt"], REPOSITORY).stdout
