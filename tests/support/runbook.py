"""docs/runbook.md as tests read it."""

from __future__ import annotations

import re

from tests.support.paths import REPOSITORY

PATH = REPOSITORY / "docs" / "runbook.md"


def sections() -> dict[str, str]:
    """Title of each entry → its text."""
    parts = re.split(r"^## (.+)$", PATH.read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def anchor(title: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def quoted(title: str, words: str) -> str:
    """These words, which an operator reads in this entry and will look for."""
    assert words in " ".join(sections()[title].split()), f"{title!r} does not quote {words!r}"
    return words
