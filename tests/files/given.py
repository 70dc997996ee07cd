"""The collection of files that people really sent, where the machine has it: TEST_CASES, or beside the checkout."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from tests.files.case import Case
from tests.support.paths import REPOSITORY

FOLDER = Path(os.environ.get("TEST_CASES", REPOSITORY.parent / "shared" / "cases"))


def given_cases() -> Iterator[Case]:
    """Yield the cases of the collection; none where the machine does not have it."""
    expected = FOLDER / "expected.json"
    if not expected.exists():
        return
    for name, found in json.loads(expected.read_text(encoding="utf-8")).items():
        note = found.get("note", "")
        yield Case(
            name,
            (FOLDER / name).read_bytes(),
            texts=None if "as Big5" in note else _tuple(found.get("texts")),  # it has traditional characters
            ids=_tuple(found.get("ids")),
            failed=found.get("failed"),
            begins=tuple(found[at] for at in ("first_text",) if at in found),
            first_id=found.get("first_id"),
            is_refused=found.get("refused", False),
            may_be_refused=found.get("either", False) or "or refused" in note,
            warns_of_ids=found.get("warn", False),
        )


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
