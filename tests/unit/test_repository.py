"""What must never be committed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.support.paths import REPOSITORY

LOCKS = sorted((REPOSITORY / "requirements").glob("*.txt"))


def _tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    return [REPOSITORY / name for name in names.split("\0") if name]


def test_no_file_names_a_folder_of_some_machine() -> None:
    somebodys_folder = re.compile(r"/(?:work|opt|root|home/\w+)" + "/")
    found = []
    for path in _tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # binary, or deleted but not yet committed
        found += [f"{path}: {match}" for match in somebodys_folder.findall(text)]
    assert not found


def test_all_files_are_in_a_room_and_only_a_model_has_weights() -> None:
    """A library may leave its intermediate files where it is called, and `git add` takes them along."""
    tracked = [path.relative_to(REPOSITORY) for path in _tracked()]
    known = {".gitignore", ".npmrc", "Makefile", "Procfile", "Dockerfile.api", "Dockerfile.worker", ".dockerignore"}
    kinds = {".md", ".json", ".toml", ".yml", ".yaml", ".py", ".baseline"}
    at_the_top = [path for path in tracked if len(path.parts) == 1]
    assert [path for path in at_the_top if path.name not in known and path.suffix not in kinds] == []
    weights = {".bin", ".data", ".npy", ".onnx", ".pt", ".safetensors"}
    assert {path.parts[0] for path in tracked if path.suffix in weights} == {"models"}


def test_locks_name_no_package_index() -> None:
    assert LOCKS
    for lock in LOCKS:
        assert not re.search(r"://|--(?:extra-)?index-url|--find-links|--trusted-host", lock.read_text()), lock


def test_each_locked_package_has_hashes_and_the_locks_agree() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version, following in re.findall(r"^([\w.-]+)==(\S+) \\\n(.*)$", lock.read_text(), re.MULTILINE):
            assert "--hash=sha256:" in following, f"{lock}: {name}"
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}
    assert "torch" not in versions, "torch serves training and conversion alone"
