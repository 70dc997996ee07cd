"""Each file is read as its sender meant it, or refused with its reason, whichever way it comes in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.files.case import check
from tests.files.false_friends import false_friends
from tests.files.given import FOLDER, given_cases
from tests.files.ways import WAYS, previewed
from tests.files.written import written_cases
from tests.support.cluster import Cluster

GIVEN = {case.name: case for case in given_cases()}
WRITTEN = {case.name: case for case in written_cases()}
FALSE_FRIENDS = {case.name: case for case in false_friends()}
CASES = WRITTEN | {f"given/{name}": case for name, case in GIVEN.items()}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Redis and the API, no workers."""
    with Cluster(tmp_path_factory.mktemp("api"), SENTIQ_MAX_TEXT_CHARS="10000") as cluster:
        cluster.start(interactive=0, bulk=0)
        yield cluster


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Send each file by one of the ways and preview every third; with --full by all, and all."""
    full = metafunc.config.getoption("--full")
    if "way" in metafunc.fixturenames:
        every = [(name, way) for name in CASES for way in WAYS]
        one_each = list(zip(CASES, itertools.cycle(WAYS), strict=False))
        metafunc.parametrize(("name", "way"), every if full else one_each)
    elif metafunc.function is test_the_preview_shows_what_will_be_read:
        metafunc.parametrize("name", list(CASES)[:: 1 if full else 3])


@pytest.mark.skipif(bool(GIVEN), reason="the collection is here")
def test_the_collection_is_not_here() -> None:
    pytest.skip(f"the files that people really sent are not in {FOLDER.name}: set TEST_CASES to their folder")


def test_there_are_many_files() -> None:
    assert len(WRITTEN) >= 200
    assert len(FALSE_FRIENDS) >= 300


@pytest.mark.more
def test_a_file_is_read_as_it_was_meant(api: Cluster, tmp_path: Path, name: str, way: str) -> None:
    check(CASES[name], WAYS[way](api, CASES[name], tmp_path))


@pytest.mark.more
def test_the_preview_shows_what_will_be_read(api: Cluster, name: str) -> None:
    case = CASES[name]
    with previewed(api, case) as shown:
        if "preview" not in shown:
            assert case.is_refused or case.may_be_refused, shown["detail"]
            return
        number = shown["format"]["text_number"]
        if case.is_refused:
            assert number is None, "the columns are shown, so that one can be named"
        elif case.texts and not case.failed and number is not None and not case.query:
            cells = [row[number - 1] for row in shown["preview"] if len(row) >= number and row[number - 1].strip()]
            assert [cell[:50] for cell in cells[:3]] == [text[:50] for text in case.texts[:3]]


@pytest.mark.parametrize("name", FALSE_FRIENDS)
def test_nothing_that_is_no_text_is_classified(api: Cluster, tmp_path: Path, name: str) -> None:
    case = FALSE_FRIENDS[name]
    found = WAYS["form"](api, case, tmp_path)
    assert found.refusal, found.texts[:5]
    assert len(found.refusal) > 20
