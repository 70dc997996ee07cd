"""docs/runbook.md as tests read it."""

from __future__ import annotations

import re

from tests.support.paths import REPOSITORY

PATH = REPOSITORY / "docs" / "runbook.md"


def sections() -> dict[str, str]:
    """Return the text of each entry by its title."""
    parts = re.split(r"^## (.+)$", PATH.read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def anchor(title: str) -> str:
    """Return the anchor that GitHub makes of a title."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def quoted(title: str, words: str) -> str:
    """Return the words, after a check that this entry quotes them, since an operator will search for them."""
    assert words in " ".join(sections()[title].split()), f"{title!r} does not quote {words!r}"
    return words
