"""Release: `make release VERSION=0.3.0` writes the version wherever it stands, dates the changelog, commits and tags.

Nothing is pushed. Exit status: 0 done; 1 refused, the reason is on standard error and nothing has changed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sentiq.core.version import VERSION

REPOSITORY = Path(__file__).resolve().parent.parent

#: Each place that names the version: a file, and what stands before and after it. All of a file's matches are meant.
PLACES = {
    "sentiq/core/version.py": r'(?m)^(VERSION = ")[^"]+(")',
    "pyproject.toml": r'(?m)^(version = ")[^"]+(")',
    "client/src/sentiq_client/version.py": r'(?m)^(__version__ = ")[^"]+(")',
    "Dockerfile.api": r'(image\.version=")[^"]+(")',
    "Dockerfile.worker": r'(image\.version=")[^"]+(")',
    "deploy/kubernetes/chart/Chart.yaml": r"(?m)^((?:version|appVersion): )\S+($)",
    "deploy/kubernetes/overlays/example/kustomization.yaml": r"(newTag: )[^}\s]+(\})",
}
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_UNRELEASED = re.compile(r"(?ms)^## \[Unreleased\]\n(?P<changes>.*?)(?=^## \[|\Z)")


class Refused(Exception):
    """The release cannot be made; the text says why and what to do."""


def main(arguments: list[str]) -> int:
    try:
        if len(arguments) != 1:
            raise Refused("name the version: make release VERSION=0.3.0")
        release(arguments[0])
    except Refused as reason:
        print(f"release: {reason}", file=sys.stderr)
        return 1
    print(f"committed and tagged v{arguments[0]}; publish it with: git push --follow-tags")
    return 0


def release(version: str) -> None:
    """Change all places, the changelog, commit and tag. Raises Refused before anything is changed."""
    if not _VERSION.fullmatch(version):
        raise Refused(f"{version!r} is no version: write three numbers, such as 0.3.0")
    if _numbers(version) <= _numbers(VERSION):
        raise Refused(f"{version} does not come after {VERSION}")
    if _git("status", "--porcelain"):
        raise Refused("there are changes that are not committed: commit or stash them first")
    if _git("tag", "--list", f"v{version}"):
        raise Refused(f"the tag v{version} exists")
    changed = {name: _replaced(name, version) for name in PLACES}
    changed["CHANGELOG.md"] = _dated((REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    for name, text in changed.items():
        (REPOSITORY / name).write_text(text, encoding="utf-8")
    _git("commit", "--quiet", "--message", f"release {version}", "--", *changed)
    _git("tag", "--annotate", f"v{version}", "--message", f"sentiq {version}")


def _replaced(name: str, version: str) -> str:
    text, count = re.subn(PLACES[name], rf"\g<1>{version}\g<2>", (REPOSITORY / name).read_text(encoding="utf-8"))
    if not count:
        raise Refused(f"{name} names no version: mend PLACES in deploy/release.py")
    return text


def _dated(changelog: str, version: str) -> str:
    """The changelog with what was unreleased under a heading of the version and today's date (UTC)."""
    found = _UNRELEASED.search(changelog)
    if found is None or not found["changes"].strip():
        raise Refused("CHANGELOG.md has nothing under [Unreleased]: say what changes for users")
    heading = f"## [{version}] - {datetime.now(UTC):%Y-%m-%d}"
    return changelog[: found.start()] + f"## [Unreleased]\n\n{heading}\n{found['changes']}" + changelog[found.end() :]


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if run.returncode:
        raise Refused(f"git {arguments[0]}: {run.stderr.strip()}")
    return run.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
