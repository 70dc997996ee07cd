"""One version, wherever it stands; `make release` moves all of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.release import PLACES
from sentiq.core.version import VERSION
from sentiq_client import __version__
from tests.support.paths import REPOSITORY

DATED = re.compile(r"(?m)^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$")
PERSON = {f"GIT_{who}_{what}": "release@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def named(name: str, root: Path = REPOSITORY) -> set[str]:
    """The versions that a place names."""
    text = (root / name).read_text(encoding="utf-8")
    matches = list(re.finditer(PLACES[name], text))
    return {match[0].removeprefix(match[1]).removesuffix(match[2]) for match in matches}


@pytest.mark.parametrize("name", PLACES)
def test_every_place_names_the_same_version(name: str) -> None:
    assert named(name) == {VERSION}


def test_the_client_has_the_version_of_the_service() -> None:
    assert __version__ == VERSION


def test_the_changelog_is_dated_newest_first_and_tells_of_this_version() -> None:
    found = DATED.findall((REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert found[0][0] == VERSION
    assert [date for _, date in found] == sorted((date for _, date in found), reverse=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of its own with what a release changes, all committed."""
    for name in (
        *PLACES,
        "CHANGELOG.md",
        "deploy/release.py",
        "deploy/__init__.py",
        "sentiq/__init__.py",
        "sentiq/core/__init__.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    (tmp_path / ".gitignore").write_text("__pycache__\n")
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## [Unreleased]\n", "## [Unreleased]\n\n- Something new.\n", 1))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "all")
    return tmp_path


def git(directory: Path, *arguments: str) -> str:
    command = ["git", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false", *arguments]
    run = subprocess.run(command, cwd=directory, env=os.environ | PERSON, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def release(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | PERSON | {"GIT_CONFIG_GLOBAL": os.devnull, "PYTHONPATH": ""}
    command = [sys.executable, "-m", "deploy.release", *arguments]
    return subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, check=False)


def test_a_release_writes_the_version_everywhere_dates_the_changes_and_tags(checkout: Path) -> None:
    run = release(checkout, "41.0.2")

    assert run.returncode == 0, run.stderr
    assert {name: named(name, checkout) for name in PLACES} == {name: {"41.0.2"} for name in PLACES}
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    changelog = (checkout / "CHANGELOG.md").read_text()
    assert f"## [Unreleased]\n\n## [41.0.2] - {today}\n\n- Something new.\n" in changelog
    assert git(checkout, "status", "--porcelain") == ""
    assert git(checkout, "describe", "--exact-match") == "v41.0.2"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "make release VERSION="),
        (["41.0"], "'41.0' is no version"),
        (["0.0.9"], f"does not come after {VERSION}"),
    ],
)
def test_a_release_that_cannot_be_is_refused_and_changes_nothing(
    checkout: Path, arguments: list[str], reason: str
) -> None:
    run = release(checkout, *arguments)

    assert run.returncode == 1
    assert reason in run.stderr
    assert git(checkout, "status", "--porcelain") == ""
    assert git(checkout, "tag") == ""


def test_work_that_is_not_committed_is_not_released(checkout: Path) -> None:
    (checkout / "CHANGELOG.md").write_text("## [Unreleased]\n\n- Half a thought.\n")

    run = release(checkout, "41.0.2")

    assert run.returncode == 1
    assert "not committed" in run.stderr
    assert git(checkout, "tag") == ""
