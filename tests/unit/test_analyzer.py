"""`from sentiq import Analyzer`: the answers of the service, without the service."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from sentiq import Analyzer, Answer
from sentiq.analyzer import TEXTS_AT_ONCE
from sentiq.core.settings import BUNDLED_MODEL, BUNDLED_MODELS
from sentiq.engine import Engine, ModelError
from tests.support.models import BUNDLED, copy_contrary, dividing_threshold, make_pair
from tests.support.paths import BUNDLED_MODEL as DIRECTORY
from tests.support.paths import REPOSITORY
from tests.support.texts import sentences

GOOD, BAD = "味道很好，下次还来", "等了一个小时，太慢了，再也不来"


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def test_each_text_gets_its_label_its_score_and_all_probabilities(analyzer: Analyzer) -> None:
    good, bad = analyzer.classify([GOOD, BAD])
    assert (good.text, good.label, bad.text, bad.label) == (GOOD, "positive", BAD, "negative")
    for answer in (good, bad):
        assert list(answer.probabilities) == ["negative", "positive"]
        assert answer.score == max(answer.probabilities.values())
        assert sum(answer.probabilities.values()) == pytest.approx(1, abs=2e-5)  # both are rounded
        assert (answer.truncated, answer.model) == (False, analyzer.manifest.name)


def test_the_answers_are_those_of_the_engine(analyzer: Analyzer) -> None:
    texts = sentences(TEXTS_AT_ONCE + 100)
    engine = Engine.load(DIRECTORY)
    groups = texts[:TEXTS_AT_ONCE], texts[TEXTS_AT_ONCE:]  # a text's last digit may depend on its neighbours
    found = [prediction for group in groups for prediction in engine.classify(group)]
    expected = [[round(p, 5) for p in prediction.probabilities] for prediction in found]
    answers = analyzer.classify(iter(texts))
    assert [answer.text for answer in answers] == texts
    assert [list(answer.probabilities.values()) for answer in answers] == expected


def test_a_text_that_shows_nothing_has_no_label(analyzer: Analyzer) -> None:
    nothing = Answer("", None, None, {}, False, analyzer.manifest.name)
    assert analyzer.classify([""]) == [nothing]
    assert [answer.label for answer in analyzer.classify(["\u3000\n", GOOD, "\u200b"])] == [None, "positive", None]
    assert analyzer.classify([]) == []


def test_a_stream_reads_no_further_than_it_is_read(analyzer: Analyzer) -> None:
    taken = 0

    def texts() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield GOOD

    answers = analyzer.stream(texts())
    assert [next(answers).label for _ in range(3)] == ["positive"] * 3
    assert taken == TEXTS_AT_ONCE


def test_the_neutral_band_and_the_part_of_a_long_text_are_those_of_the_service(analyzer: Analyzer) -> None:
    (plain,) = analyzer.classify([GOOD])
    (neutral,) = analyzer.classify([GOOD], neutral_band=0.5)
    assert (plain.label, neutral.label) == ("positive", "neutral")
    assert neutral.score == pytest.approx(2 * plain.probabilities["negative"], abs=2e-5)
    long = GOOD * 200 + BAD * 200
    (beginning,), (whole,) = analyzer.classify([long]), analyzer.classify([long], long_texts="windows")
    assert (beginning.truncated, whole.truncated) == (True, False)
    assert beginning.probabilities["positive"] > whole.probabilities["positive"]


@pytest.mark.parametrize("wrong", [GOOD, [GOOD, None], [1.5]], ids=["one text", "None", "a number"])
def test_what_is_no_list_of_texts_is_refused(analyzer: Analyzer, wrong: Any) -> None:
    with pytest.raises(TypeError, match="text"):
        analyzer.classify(cast(list[str], wrong))


def test_threads_share_an_analyzer(analyzer: Analyzer) -> None:
    texts = sentences(200)
    alone = analyzer.classify(texts)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(analyzer.classify, [texts] * 4)) == [alone] * 4


def test_models_are_found_by_their_names_and_a_missing_one_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"there: {BUNDLED_MODEL}"):
        Analyzer("no-such-model", model_root=tmp_path)
    assert Analyzer(model_root=str(tmp_path)).manifest.id == BUNDLED_MODEL


def test_of_a_pair_each_answer_names_the_model_that_gave_it(tmp_path: Path) -> None:
    copy_contrary(tmp_path, "contrary")
    texts = sentences(30)
    make_pair(tmp_path, BUNDLED, "contrary", dividing_threshold(Engine.load(DIRECTORY), texts))
    pair = Analyzer(f"{BUNDLED}+contrary", model_root=tmp_path)
    answers = pair.classify(texts)
    assert {answer.model for answer in answers} == set(pair.manifest.parts)
    alone = {answer.text: answer.label for answer in Analyzer().classify(texts)}
    for answer in answers:
        assert (answer.label == alone[answer.text]) is (answer.model == pair.manifest.parts[0])


def test_the_bundled_model_is_that_of_the_service() -> None:
    from sentiq import analyzer

    assert (analyzer.BUNDLED_MODEL, analyzer.BUNDLED_MODELS) == (BUNDLED_MODEL, BUNDLED_MODELS)


def test_it_needs_no_part_of_the_service() -> None:
    code = (
        "import sys\n"
        "for name in 'flask celery redis pydantic pydantic_settings structlog msgpack onnxruntime'.split():\n"
        "    sys.modules[name] = None\n"
        "from sentiq import Analyzer\n"
        f"assert Analyzer().classify([{GOOD!r}])[0].label == 'positive'\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
