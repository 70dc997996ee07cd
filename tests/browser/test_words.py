"""The words of the page: the same ones in both languages, all that are used and no more."""

from __future__ import annotations

import ast
import re
from typing import get_args

import pytest
from pydantic_core.core_schema import ErrorType

from sentiq.core.errors import SentiqError
from tests.browser.steps import one_look
from tests.browser.visits import Visit
from tests.browser.words import words
from tests.support.paths import REPOSITORY

APP = REPOSITORY / "api" / "static" / "app"
LANGUAGES = ("en", "zh")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
LITERAL = re.compile(r'"([\w.]+)"')
TEMPLATE = re.compile(r"`((?:[\w.]|\$\{[^{}`]*\})+)`")
#: `t("key")`, `t("key", { values })`, also with two keys to choose from.
CALL = re.compile(r'\bt\((?:\w+ \? )?"([\w.]+)"(?: : "([\w.]+)")?(?:, \{((?:[^{}]|\{[^{}]*\})*)\})?\)')
ROW_ERROR = re.compile(r'\bRowError\(\s*"(\w+)"')
NAME = re.compile(r"(?:^|,)\s*(\w+)\s*(?=[:,]|$)")


def code() -> str:
    """All modules but those of the words, without comments that stand alone."""
    modules = sorted(path for path in APP.rglob("*.js") if path.parent.name != "words")
    lines = "\n".join(module.read_text(encoding="utf-8") for module in modules).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("//", "/*", "*")))


def forms(code: str) -> list[re.Pattern[str]]:
    """What templates can become: anything in the place of what is put in when the page runs."""
    pieces = [re.split(r"\$\{[^}]*\}", template) for template in TEMPLATE.findall(code)]
    return [re.compile(r"[\w.]+".join(map(re.escape, parts))) for parts in pieces if "." in "".join(parts)]


def test_both_languages_have_the_same_words() -> None:
    en, zh = (words(language) for language in LANGUAGES)
    assert list(en) == list(zh), "in the same order, so that one finds them"
    assert [key for key in en if not (en[key].strip() and zh[key].strip())] == []
    assert [key for key in en if set(PLACEHOLDER.findall(en[key])) != set(PLACEHOLDER.findall(zh[key]))] == []


def test_the_chinese_ones_are_chinese_and_the_english_ones_are_not() -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    assert [key for key, value in words("en").items() if han.search(value) and key != "analyse.example"] == []
    plain = [key for key, value in words("zh").items() if not han.search(value)]
    assert all(re.fullmatch(r"[\W\d_]*|.*(p\(|API|Id|ID).*", PLACEHOLDER.sub("", words("zh")[key])) for key in plain), (
        plain
    )


@one_look
def test_a_share_is_never_told_too_small_nor_as_all_before_it_is(visit: Visit) -> None:
    page = visit.open()
    told = page.evaluate(
        "import('/static/app/i18n.js').then(({progress}) => [0, 29, 57, 99.9, 100].map(n => progress(n, 100)))"
    )
    assert told == ["0%", "29%", "57%", "99%", "100%"]


@one_look
def test_they_are_read_here_as_the_page_reads_them(visit: Visit) -> None:
    visit.open()
    for language in LANGUAGES:
        script = f"import('/static/app/words/{language}.js').then((module) => module.default)"
        assert visit.page.evaluate(script) == words(language)


def test_every_word_that_is_used_is_there() -> None:
    known = words("en")
    prefixes = {key.partition(".")[0] for key in known if "." in key}
    asked = {key for pair in CALL.findall(code()) for key in pair[:2] if key}
    asked |= {found for found in LITERAL.findall(code()) if "." in found and found.partition(".")[0] in prefixes}
    assert len(asked) > 150
    assert asked - known.keys() == set()
    of_calls = forms("".join(re.findall(r"\b(?:t|maybe)\((`[^`]+`)", code())))
    assert len(of_calls) > 10
    assert [form for form in of_calls if not any(map(form.fullmatch, known))] == []


def test_every_word_that_is_there_is_used() -> None:
    plain, templates = set(LITERAL.findall(code())), forms(code())
    assert [key for key in words("en") if key not in plain and not any(f.fullmatch(key) for f in templates)] == []


def test_every_reason_why_a_row_fails_has_words() -> None:
    """The codes that end up in rows are those that are written beside a `RowError`."""
    sources = [path for part in ("api", "sentiq", "worker") for path in (REPOSITORY / part).rglob("*.py")]
    codes = {code for path in sources for code in ROW_ERROR.findall(path.read_text(encoding="utf-8"))}
    codes -= {"upload_interrupted"}  # of a job, not of a row
    assert {f"fault.{code}" for code in codes} == {key for key in words("en") if key.startswith("fault.")}


def codes_of_refusals() -> set[str]:
    """Those that stand beside what is wrong with one field, one file or one option; written out in the code."""
    found = set()
    for path in (path for part in ("api", "sentiq") for path in (REPOSITORY / part).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            first = node.args[0]
            if (
                name in ("FieldError", "bad_file", "refused", "RowError", "Refusal")
                and isinstance(first, ast.Constant)
                and isinstance(first.value, str)
            ):
                found.add(first.value)
    return found


def test_every_problem_of_the_api_has_a_title_and_a_remedy() -> None:
    kinds = {SentiqError.code, *(kind.code for kind in SentiqError.__subclasses__())}
    assert len(kinds) > 20
    for language in LANGUAGES:
        known = words(language).keys()
        assert {code for code in kinds if f"error.{code}" not in known or f"remedy.{code}" not in known} == set()


@one_look
def test_every_refusal_and_every_reason_of_a_row_is_a_sentence_of_the_page(visit: Visit) -> None:
    codes = codes_of_refusals() - {"upload_interrupted", "body_too_large"}  # problems, with words of their own
    codes |= {f"invalid_{name}" for name in ("start_at", "expire_at", "window", "time_zone", "state")}
    assert len(codes) > 40
    of_pydantic = set(get_args(ErrorType))
    assert len(of_pydantic) > 90
    visit.open()
    ask = "codes => import('/static/app/parts/refusals.js').then(({refusal}) => codes.map(refusal))"
    for language in LANGUAGES:
        visit.page.evaluate("name => import('/static/app/i18n.js').then(({choose}) => choose(name))", language)
        told = dict(zip(codes | of_pydantic, visit.page.evaluate(ask, list(codes | of_pydantic)), strict=True))
        vague = words(language)["refusal.invalid"]
        assert {code for code in codes if told[code] == vague or not told[code].endswith((".", "。"))} == set()
        common = ("missing", "extra_forbidden", "literal_error", "int_parsing", "less_than_equal", "string_too_long")
        assert {code for code in common if told[code] == vague} == set()
        assert all(told.values())


def test_every_reason_of_a_row_has_a_remedy() -> None:
    for language in LANGUAGES:
        known = words(language)
        reasons = {key.partition(".")[2] for key in known if key.startswith("fault.")}
        assert reasons == {key.partition(".")[2] for key in known if key.startswith("cure.")}


def test_every_placeholder_gets_its_value() -> None:
    calls = CALL.findall(code())
    assert len(calls) > 100
    wrong = [
        (key, given)
        for *keys, given in calls
        for key in keys
        if key and not set(PLACEHOLDER.findall(words("en")[key])) <= set(NAME.findall(given.strip()))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('t("a.b")', ("a.b", "", "")),
        ('t("a.b", { count, of: f(1, 2) })', ("a.b", "", " count, of: f(1, 2) ")),
        ('t(more ? "a.b" : "a.c", { x })', ("a.b", "a.c", " x ")),
    ],
)
def test_the_search_for_calls_finds_them(line: str, found: tuple[str, ...]) -> None:
    assert CALL.findall(line) == [found]
