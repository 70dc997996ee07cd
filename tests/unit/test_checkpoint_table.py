"""The table of checkpoints in docs/models.md has the checkpoints that the command tries."""

from __future__ import annotations

from tests.support.paths import REPOSITORY
from tools.checkpoints.cases import CASES
from tools.checkpoints.table import HEAD, described, line


def test_the_docs_have_a_row_for_each_checkpoint_and_no_other() -> None:
    lines = (REPOSITORY / "docs" / "models.md").read_text(encoding="utf-8").splitlines()
    start = lines.index(line(HEAD)) + 2
    table = lines[start : lines.index("", start)]
    expected = [line(described(case)).removesuffix("|") for case in CASES]
    assert [row[: len(wanted)] for row, wanted in zip(table, expected, strict=True)] == expected
