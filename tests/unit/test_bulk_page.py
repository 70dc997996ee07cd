"""docs/bulk.md against the code: formats, options, encodings and notes are those there are."""

from __future__ import annotations

import re

from api.ingest.files import FORMATS
from api.ingest.notes import SENTENCES
from api.ingest.options import COMMON_OPTIONS, NULL_VALUES
from api.schemas.encodings import ENCODINGS
from api.schemas.jobs import ReadingQuery
from tests.support.paths import REPOSITORY

PAGE = (REPOSITORY / "docs" / "bulk.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table whose first heading this is."""
    lines = PAGE[PAGE.index(f"\n| {heading} |") :].strip().splitlines()
    rows = [line.strip("|").split(" | ") for line in lines[2 : lines.index("")]]
    return [[cell.strip() for cell in row] for row in rows]


def test_every_format_is_there() -> None:
    named = [name for first, *_ in table("`format`") for name in CODE.findall(first)]
    assert sorted(named) == sorted(FORMATS)


def test_every_option_stands_with_the_formats_that_obey_it() -> None:
    told = {CODE.findall(first)[0]: formats for first, _, formats in table("option") if "priority" not in first}
    assert told.keys() == ReadingQuery.model_fields.keys()
    for option, formats in told.items():
        obey = {name for name, format_ in FORMATS.items() if option in format_.options}
        if option in COMMON_OPTIONS | {"filename", "format"}:
            obey = set(FORMATS)
        named = set(CODE.findall(formats))
        assert (FORMATS.keys() - named if formats.startswith("all") else named) == obey, option


def test_every_note_stands_with_its_sentence() -> None:
    assert {CODE.findall(code)[0]: sentence for code, sentence in table("code")} == SENTENCES


def test_every_encoding_and_every_missing_value_is_named() -> None:
    named = set(CODE.findall(PAGE))
    assert set(ENCODINGS) <= named
    assert set(NULL_VALUES) <= named
