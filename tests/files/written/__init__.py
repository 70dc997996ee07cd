"""Files of our own sentences, one for each way in which real programs write a table."""

from __future__ import annotations

from collections.abc import Iterator

from tests.files.case import Case
from tests.files.written import delimited, headings, json_files, markup, workbooks


def written_cases() -> Iterator[Case]:
    """Yield all files; each has a name of its own."""
    for module in (delimited, headings, json_files, markup, workbooks):
        yield from module.cases()
