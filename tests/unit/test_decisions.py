"""The records of decisions in docs/adr have one layout, and their index lists them all."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

FOLDER = REPOSITORY / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n"
    r"- Date: (?P<date>\d{4}-\d\d-\d\d)\n"
    r"- State: (?P<state>accepted|(?:changed|superseded) by \[(?P<later>\d+)\]\((?P<file>\d{4}-[\w-]+\.md)\))\n\n"
    r"## Context\n"
)


def head(record: Path) -> re.Match[str]:
    found = HEAD.match(record.read_text(encoding="utf-8"))
    assert found, f"{record.name}: see docs/adr/README.md for the layout"
    return found


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.name)
def test_a_record_has_the_layout_of_all(record: Path) -> None:
    assert int(head(record)["number"]) == int(record.name[:4])
    date.fromisoformat(head(record)["date"])
    headings = re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE)
    required = [heading for heading in headings if heading in ("Context", "Decision", "Consequences")]
    assert required == ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.name)
def test_a_record_that_was_changed_names_a_later_one(record: Path) -> None:
    found = head(record)
    if found["state"] != "accepted":
        assert (FOLDER / found["file"]).is_file()
        assert int(found["later"]) == int(found["file"][:4]) > int(found["number"])


def test_later_records_have_later_numbers() -> None:
    dates = [head(record)["date"] for record in RECORDS]
    assert dates == sorted(dates)


def test_the_index_lists_each_record_as_it_is() -> None:
    expected = [
        f"| {found['number']} | [{found['title']}]({record.name}) | {found['date']} | {found['state']} |"
        for record in RECORDS
        for found in [head(record)]
    ]
    assert [line for line in INDEX.splitlines() if line.startswith("| ") and "](0" in line] == expected


def test_the_index_explains_each_number_that_is_missing() -> None:
    numbers = {int(record.name[:4]) for record in RECORDS}
    explained: set[int] = set()
    listed = re.search(r"its number stays unused:\s(.*?)\.\n", INDEX, re.DOTALL)
    assert listed
    for first, last in re.findall(r"(\d+)(?:\sto\s(\d+))?", listed[1]):
        explained |= set(range(int(first), int(last or first) + 1))
    assert explained == set(range(1, max(numbers) + 1)) - numbers
