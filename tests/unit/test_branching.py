"""Rows of one chunk that different models answer: by the language given with them, of their job, or detected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from sentiq.aspects.sets import parse_set
from sentiq.core.settings import Settings
from sentiq.engine import Engine, Router
from sentiq.engine.routing import find_any, open_any
from sentiq.jobs.cache import ResultCache
from sentiq.jobs.codec import decode_columns, decode_output, encode_output
from sentiq.jobs.lanes import OpenChunk
from sentiq.jobs.types import ChunkRef, InputChunk, OutputChunk, RowError
from tests.support.models import BUNDLED, make_multilingual
from tests.support.paths import BUNDLED_MODEL
from worker.child.classify import answer, refuse
from worker.child.isolation import CRASHES_BEFORE_ISOLATION, KILLED

CHINESE, JAPANESE, PICTURES = "物流太慢了，很失望。不过质量非常好", "とても良い商品です", "👍👍"
SET = parse_set({"id": "test", "aspects": [{"name": "物流", "words": ["物流", "商品"]}]})


class Isolation:
    """Keeps the state of a halving, as the store does."""

    state: bytes | None = None

    def isolate(self, ref: ChunkRef, state: bytes) -> None:
        self.state = state


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    make_multilingual(store, "tri")
    return store


@pytest.fixture(scope="module")
def router(store: Path) -> Router:
    found = open_any(find_any([store, BUNDLED_MODEL.parent], f"zh={BUNDLED},*=tri"), backend="openvino")
    assert isinstance(found, Router)
    return found


def opened(*texts: str, languages: tuple[str, ...] | None = None, language: str = "", aspects: str = "") -> OpenChunk:
    rows = InputChunk(0, texts, languages=languages)
    return OpenChunk(ChunkRef("job", 0, len(texts)), rows, 0, None, "request", language=language, aspects=aspects)


def one(router: Router, chunk: OpenChunk) -> OutputChunk:
    no_cache = ResultCache(Redis(), Settings(cache_entries=0))  # switched off, so that no Redis is asked
    ((_, output),) = answer(router, Isolation(), no_cache, [chunk])
    return output


def models(output: OutputChunk) -> list[str]:
    return [output.parts[outcome.given_by - 1].partition("@")[0] for outcome in output.outcomes]


def languages(output: OutputChunk) -> list[str]:
    return [outcome.language for outcome in output.outcomes]


def failed_models(output: OutputChunk) -> list[str | None]:
    """What the results show as `model` of the rows that failed."""
    columns = decode_columns(encode_output(output))
    models = [model for model, _ in zip(columns.models(), output.outcomes, strict=False)]
    return [models[offset] for offset in columns.errors]


def test_the_language_is_detected_where_none_is_given(router: Router) -> None:
    output = one(router, opened(CHINESE, JAPANESE, PICTURES))
    assert models(output) == [BUNDLED, "tri", BUNDLED]
    assert languages(output) == ["zh", "ja", ""]
    assert output.model == router.manifest.name


def test_a_row_s_own_language_goes_before_that_of_the_job(router: Router) -> None:
    output = one(router, opened(CHINESE, CHINESE, JAPANESE, languages=("ja", "", "zh"), language="ko"))
    assert models(output) == ["tri", "tri", BUNDLED]
    assert languages(output) == ["ja", "ko", "zh"]


def test_languages_that_were_given_are_kept_where_one_model_answers(store: Path) -> None:
    engine = Engine.load(BUNDLED_MODEL)
    no_cache = ResultCache(Redis(), Settings(cache_entries=0))
    for chunk, expected in (
        (opened(CHINESE, JAPANESE, languages=("zh", ""), language="ja"), ["zh", "ja"]),
        (opened(CHINESE, JAPANESE, languages=("", "ja")), ["", "ja"]),
        (opened(CHINESE, JAPANESE), ["", ""]),
    ):
        ((_, output),) = answer(engine, Isolation(), no_cache, [chunk])
        assert languages(output) == expected
        assert languages(decode_output(encode_output(output))) == expected


def test_equal_texts_of_two_languages_have_two_answers(router: Router, store: Path) -> None:
    output = one(router, opened(CHINESE, CHINESE, languages=("zh", "ja")))
    of_chinese, of_other = (engine.classify([CHINESE])[0].probabilities for engine in _engines(store))
    assert output.outcomes[0].probabilities == pytest.approx((*of_chinese, 0), abs=1e-5)
    negative, neutral, positive = of_other
    assert output.outcomes[1].probabilities == pytest.approx((negative, positive, neutral), abs=1e-5)


def _engines(store: Path) -> tuple[Engine, Engine]:
    return Engine.load(BUNDLED_MODEL), Engine.load(store / "tri")


def test_clauses_that_speak_of_aspects_are_judged_by_the_model_of_their_text(router: Router) -> None:
    output = one(router, opened(CHINESE, JAPANESE, aspects=SET.dumps()))
    (of_chinese,), (of_japanese,) = (outcome.aspects for outcome in output.outcomes)
    neutral = output.labels.index("neutral")
    assert of_chinese.probabilities[neutral] == 0 < of_japanese.probabilities[neutral]
    assert sum(of_japanese.probabilities) == pytest.approx(1)


def test_another_try_keeps_what_is_known_and_who_said_it(router: Router) -> None:
    chunk = opened(CHINESE, JAPANESE, PICTURES)
    first = one(router, chunk)
    failed = replace(first.outcomes[1], probabilities=(), given_by=0, error=RowError("inference_failed", "why"))
    before = decode_output(encode_output(replace(first, outcomes=(first.outcomes[0], failed, first.outcomes[2]))))
    again = one(router, replace(chunk, before=before))
    assert (models(again), languages(again)) == (models(first), languages(first))
    for outcome, expected in zip(again.outcomes, first.outcomes, strict=True):
        assert outcome.probabilities == pytest.approx(expected.probabilities, abs=1e-4)


def test_a_text_that_kills_one_model_costs_its_own_row_alone(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """The process of the child has ended."""

    tri = router.branch("ja").model
    classify = tri.classify

    def kills(texts: list[str], *options: object) -> object:
        if JAPANESE in texts:
            raise Killed
        return classify(texts, *options)  # type: ignore[arg-type]

    monkeypatch.setattr(tri, "classify", kills)
    isolation = Isolation()
    chunk = opened(CHINESE, JAPANESE, "정말 좋아요", languages=("", "ja", "ja"))
    no_cache = ResultCache(Redis(), Settings(cache_entries=0))
    for crashes in range(CRASHES_BEFORE_ISOLATION, 9):
        try:
            chunk = replace(chunk, crashes=crashes, isolation=isolation.state)
            ((_, output),) = answer(router, isolation, no_cache, [chunk])
            break
        except Killed:
            continue
    assert [outcome.error for outcome in output.outcomes] == [None, KILLED, None]
    assert languages(output) == ["zh", "ja", "ja"]
    assert failed_models(output) == [tri.manifest.name]


def test_a_text_on_which_its_model_fails_keeps_its_language_and_names_the_model(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    tri = router.branch("ja").model

    def fails(*_: object) -> object:
        raise ValueError("odd")

    monkeypatch.setattr(tri, "classify", fails)
    output = one(router, opened(CHINESE, JAPANESE, "ok", languages=("", "", "en")))
    assert languages(output) == languages(decode_output(encode_output(output))) == ["zh", "ja", "en"]
    assert failed_models(output) == [tri.manifest.name] * 2
    chinese, *failed = (outcome.error for outcome in output.outcomes)
    assert chinese is None
    for error in failed:
        assert error is not None
        assert error.detail.startswith(f"The model {tri.manifest.name} failed on this text (ValueError)")


@pytest.mark.parametrize("routes", [True, False])
def test_a_row_without_a_readable_text_keeps_the_language_that_was_given_with_it(router: Router, routes: bool) -> None:
    """That of the job is of texts, and such a row has none."""
    fault = RowError("empty_text", "Line 2: The text is empty or blank.", 2)
    rows = InputChunk(0, (CHINESE, "", ""), errors={1: fault, 2: fault}, languages=("", "ja", ""))
    chunk = OpenChunk(ChunkRef("job", 0, 3), rows, 0, None, "request", language="ko")
    no_cache = ResultCache(Redis(), Settings(cache_entries=0))
    engine = router if routes else Engine.load(BUNDLED_MODEL)
    ((_, output),) = answer(engine, Isolation(), no_cache, [chunk])
    assert languages(output) == ["ko", "ja", ""]
    assert failed_models(output) == [None if routes else engine.manifest.name] * 2


def test_rows_whose_model_cannot_be_loaded_keep_the_languages_that_were_given() -> None:
    chunk = opened(CHINESE, JAPANESE, languages=("", "ja"), language="zh")
    _, output = refuse(chunk, ValueError("damaged"))
    assert languages(decode_output(encode_output(output))) == ["zh", "ja"]
