"""What was decided while a file was read is told by codes, which have words for people everywhere."""

from __future__ import annotations

import ast
import re

import pytest

from api.ingest.notes import NAMES_KEPT, NAMES_SAID, SENTENCES, Notes, sentence
from tests.browser.words import words
from tests.support.paths import REPOSITORY

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def noted() -> dict[str, set[str]]:
    """Return the codes that stand in the code beside `notes.add` and `notes.count`, with the names of their facts."""
    found: dict[str, set[str]] = {}
    for path in (REPOSITORY / "api" / "ingest").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
                continue
            of, first = ast.unparse(node.func.value), node.args[0]
            if not of.endswith("notes") or node.func.attr not in ("add", "count"):
                continue
            assert isinstance(first, ast.Constant), f"{path.name}: a code is written out where it is noted"
            facts = {word.arg or "" for word in node.keywords} | ({"count"} if node.func.attr == "count" else set())
            found[str(first.value)] = facts
    return found


def test_every_code_that_is_noted_has_a_sentence_that_names_its_facts() -> None:
    for code, facts in noted().items():
        assert set(PLACEHOLDER.findall(SENTENCES[code])) == facts, code


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_has_words_for_every_code(language: str) -> None:
    own = {key.removeprefix("note."): value for key, value in words(language).items() if key.startswith("note.")}
    of_lists = {"title", "none", "more"}
    assert own.keys() - of_lists == SENTENCES.keys()
    for code, text in SENTENCES.items():
        assert set(PLACEHOLDER.findall(own[code])) == set(PLACEHOLDER.findall(text)), code
        assert language == "zh" or own[code] == text, code


def test_a_sentence_has_numbers_and_lists_as_people_write_them() -> None:
    notes = Notes()
    notes.count("rows_without_text", 1_200)
    notes.count("rows_without_text")
    notes.count("ids_repeat", 0)
    notes.add("sheets_not_read", sheet="9月", others=["10月", "说明"])
    notes.add("text_column_recognised", column="评价内容", others=[])
    assert [note.detail for note in notes.all()] == [
        "Rows without a text: 1,201.",
        "The sheet “9月” was read. Not read: “10月” and “说明”.",
        "The texts were taken from the column “评价内容”. Others that may be meant: none.",
    ]
    assert [note.facts for note in notes.all()][1] == {"sheet": "9月", "others": ["10月", "说明"]}


def test_names_of_a_file_are_kept_only_so_far_as_they_can_be_read_and_stored() -> None:
    names = [f"{n}{'长' * 5_000}" for n in range(NAMES_KEPT + 7)]
    told = sentence("members_not_read", {"members": names})
    assert told.endswith(f"” and {len(names) - NAMES_SAID} more.")
    assert len(told) < 3_000
    notes = Notes()
    notes.add("members_not_read", members=[*names[:3], "半\ud800个"])
    (note,) = notes.all()
    assert note.facts["members"][3] == "半\N{REPLACEMENT CHARACTER}个"
    assert all(len(name) <= 200 for name in note.facts["members"])
    assert note.detail.encode()
