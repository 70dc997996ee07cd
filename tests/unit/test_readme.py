"""Both READMEs have the same parts: sections, commands, options, links, pictures and tables."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import REPOSITORY

ENGLISH, CHINESE = ((REPOSITORY / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
#: What does not depend on the language, in order of appearance.
PARTS = {
    "levels of headings": r"^(#+) ",
    "code blocks": r"^    .*$",
    "folders and commands of tables": r"^\| (`.*?`) \|",
    "lists": r"^- `(\w+)`",
}


@pytest.mark.parametrize("part", PARTS)
def test_both_have_the_same_parts_in_the_same_order(part: str) -> None:
    english, chinese = (re.findall(PARTS[part], text, re.MULTILINE) for text in (ENGLISH, CHINESE))
    assert english
    assert english == chinese


def test_both_name_the_same_commands_settings_and_fields() -> None:
    english, chinese = (sorted(re.findall(r"`([^`]+)`", text)) for text in (ENGLISH, CHINESE))
    assert english == chinese


def test_both_lead_to_the_same_documents() -> None:
    english, chinese = (set(re.findall(r"\]\(([^)]+)\)|<(http[^>]+)>", text)) for text in (ENGLISH, CHINESE))
    assert english - {("README.zh-CN.md", "")} == chinese - {("README.md", "")}
    assert ("README.zh-CN.md", "") in english
    assert ("README.md", "") in chinese


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_each_document_they_lead_to_is_there(text: str) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (REPOSITORY / target).exists(), target
