"""What a child answers where a job looks for aspects: with the bundled model, and with one that does as it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from redis import Redis

from sentiq.aspects.judging import aspect_probabilities
from sentiq.aspects.mentions import clause_text
from sentiq.aspects.sets import parse_set
from sentiq.core.settings import BUNDLED_MODELS, Settings
from sentiq.engine import Classifier, Engine, LongTexts
from sentiq.engine.cascade import open_stored
from sentiq.engine.engine import Prediction
from sentiq.engine.pairs import find
from sentiq.engine.registry import find_model
from sentiq.jobs.cache import ResultCache
from sentiq.jobs.codec import decode_output, encode_output
from sentiq.jobs.lanes import OpenChunk
from sentiq.jobs.types import ChunkRef, InputChunk, Outcome, OutputChunk, RowError
from tests.support.models import BUNDLED, copy_contrary, dividing_threshold, make_pair
from tests.support.texts import sentences
from worker.child.classify import answer
from worker.child.divided_text import CLAUSES_READ
from worker.child.isolation import KILLED

SET = parse_set(
    {
        "id": "test",
        "aspects": [
            {"name": "物流", "words": ["物流", "快递"]},
            {"name": "质量", "words": ["质量", "做工"]},
            {"name": "客服", "words": ["客服"]},
        ],
    }
)
MIXED = "物流太慢了，很失望。不过质量非常好，做工精致！"
PLAIN = "没什么可说的"
WHOLE = "快递很快。"


class Told:
    """A model that answers each text with the same, and remembers the texts of each pass."""

    def __init__(self, on: Callable[[str], None] = lambda text: None) -> None:
        self.manifest = SimpleNamespace(name="told@1", labels=("negative", "positive"), parts=(), part_labels=())
        self.form = "none"
        self.passes: list[list[str]] = []
        self._on = on

    def classify(self, texts: Sequence[str], long_texts: LongTexts) -> list[Prediction]:
        self.passes.append(list(texts))
        for text in texts:
            self._on(text)
        return [Prediction((0.9, 0.1) if "慢" in text else (0.2, 0.8), truncated=False) for text in texts]


class Isolation:
    """Keeps the state of a halving, as the store does."""

    state: bytes | None = None

    def isolate(self, ref: ChunkRef, state: bytes) -> None:
        self.state = state


class Killed(BaseException):
    """The process of the child has ended."""


@pytest.fixture(scope="module")
def engine_() -> Engine:
    return Engine.load(find_model([BUNDLED_MODELS], "sentiq-small-zh").directory)


@pytest.fixture
def no_cache() -> ResultCache:
    """Switched off, so that no Redis is asked."""
    return ResultCache(Redis(), Settings(cache_entries=0))


def opened(*texts: str, aspects: str = SET.dumps(), crashes: int = 0, isolation: bytes | None = None) -> OpenChunk:
    ref = ChunkRef("job", 0, len(texts))
    return OpenChunk(ref, InputChunk(0, texts), crashes, isolation, "request", aspects=aspects)


def is_clause_of_quality(text: str) -> bool:
    """Tell whether this is the part of MIXED that praises, alone."""
    return "质量非常好" in text and "物流" not in text


def one(engine: Classifier | Told, cache: ResultCache, chunk: OpenChunk) -> OutputChunk:
    ((_, output),) = answer(cast(Classifier, engine), Isolation(), cache, [chunk])
    return output


def test_each_aspect_of_a_text_has_probabilities_of_its_own_and_a_clause(
    engine_: Engine, no_cache: ResultCache
) -> None:
    output = one(engine_, no_cache, opened(MIXED, PLAIN))

    slow, good = output.outcomes[0].aspects
    assert (slow.aspect, good.aspect) == (0, 1)
    assert slow.probabilities[0] > 0.5 > good.probabilities[0]
    assert "物流太慢了" in MIXED[slow.start : slow.end]
    assert any(praise in MIXED[good.start : good.end] for praise in ("质量非常好", "做工精致"))
    assert output.outcomes[1].aspects == ()
    whole = engine_.classify([MIXED])[0].probabilities
    assert output.outcomes[0].probabilities == pytest.approx(whole, abs=0.002)
    clause = engine_.classify([clause_text(MIXED, (slow.start, slow.end))])[0].probabilities
    assert slow.probabilities == pytest.approx(aspect_probabilities(whole, [clause], mentioned=2), abs=0.005)


def test_texts_and_clauses_go_through_the_model_in_one_pass_and_none_of_them_twice(no_cache: ResultCache) -> None:
    told = Told()

    output = one(told, no_cache, opened(WHOLE, MIXED, MIXED, PLAIN))

    (texts,) = told.passes
    assert len(texts) == len(set(texts))
    assert WHOLE in texts, "its only clause is the whole text, and needs no second look"
    assert {PLAIN, MIXED} < set(texts)
    assert sum("物流" in text for text in texts) == 2
    assert output.outcomes[1] == output.outcomes[2]
    assert [[mention.aspect for mention in outcome.aspects] for outcome in output.outcomes] == [[0], [0, 1], [0, 1], []]


def test_a_job_without_aspects_costs_what_it_did(no_cache: ResultCache) -> None:
    told = Told()

    output = one(told, no_cache, opened(MIXED, PLAIN, aspects=""))

    assert told.passes == [[MIXED, PLAIN]]
    assert [outcome.aspects for outcome in output.outcomes] == [(), ()]


def test_jobs_of_one_batch_have_each_its_own_aspects(no_cache: ResultCache) -> None:
    other = parse_set({"id": "other", "aspects": [{"name": "心情", "words": ["失望"]}]})
    chunks = [opened(MIXED), opened(MIXED, aspects=""), opened(MIXED, aspects=other.dumps())]
    told = Told()

    answers = answer(cast(Classifier, told), Isolation(), no_cache, chunks)

    assert len(told.passes) == 1
    found = [[mention.aspect for mention in output.outcomes[0].aspects] for _, output in answers]
    assert found == [[0, 1], [], [0]]


def test_of_a_text_that_says_a_thing_again_and_again_the_first_clauses_are_read(no_cache: ResultCache) -> None:
    told = Told()

    one(told, no_cache, opened("".join(f"第{n}次物流，" for n in range(100))))

    assert len(told.passes[0]) == 1 + CLAUSES_READ


def test_a_row_fails_where_the_model_fails_on_one_of_its_clauses_alone(no_cache: ResultCache) -> None:
    def fail(text: str) -> None:
        if is_clause_of_quality(text):
            raise RuntimeError

    output = one(Told(fail), no_cache, opened(WHOLE, MIXED, PLAIN))

    assert [outcome.error and outcome.error.code for outcome in output.outcomes] == [None, "inference_failed", None]
    assert output.outcomes[1].aspects == ()
    assert decode_output(encode_output(output)).outcomes[1] == output.outcomes[1]


def test_a_clause_that_kills_its_child_costs_its_own_row_alone(no_cache: ResultCache) -> None:
    def kill(text: str) -> None:
        if is_clause_of_quality(text):
            raise Killed

    texts = [*sentences(5), WHOLE, MIXED, *sentences(4)]
    store, crashes = Isolation(), 2
    for _ in range(20):
        chunk = opened(*texts, crashes=crashes, isolation=store.state)
        try:
            ((_, output),) = answer(cast(Classifier, Told(kill)), store, no_cache, [chunk])
            break
        except Killed:
            crashes += 1
    assert [outcome.error for outcome in output.outcomes] == [KILLED if text == MIXED else None for text in texts]
    assert [mention.aspect for mention in output.outcomes[5].aspects] == [0]


def test_another_try_keeps_the_aspects_that_are_known(no_cache: ResultCache) -> None:
    first = decode_output(encode_output(one(Told(), no_cache, opened(WHOLE, MIXED))))
    failed = Outcome(error=RowError("inference_failed", "why"))
    before = replace(first, outcomes=(first.outcomes[0], failed))
    told = Told()

    again = one(told, no_cache, replace(opened(WHOLE, MIXED), before=before))

    assert again.outcomes[0] == first.outcomes[0]
    assert [mention.aspect for mention in again.outcomes[1].aspects] == [0, 1]
    assert WHOLE not in told.passes[0]


def test_a_pair_answers_clauses_as_it_answers_texts(engine_: Engine, no_cache: ResultCache, tmp_path: Path) -> None:
    copy_contrary(tmp_path, "contrary")
    make_pair(tmp_path, BUNDLED, "contrary", dividing_threshold(engine_, sentences(30)))
    pair = open_stored(find([tmp_path, BUNDLED_MODELS], f"{BUNDLED}+contrary"), backend="openvino", token_budget=64)

    output = one(pair, no_cache, opened(MIXED, PLAIN))

    whole, *_ = pair.classify([MIXED])
    assert output.outcomes[0].given_by == whole.given_by
    for mention in output.outcomes[0].aspects:
        assert sum(mention.probabilities) == pytest.approx(1)
    slow = output.outcomes[0].aspects[0]
    (clause,) = pair.classify([clause_text(MIXED, (slow.start, slow.end))])
    expected = aspect_probabilities(whole.probabilities, [clause.probabilities], mentioned=2)
    assert slow.probabilities == pytest.approx(expected, abs=0.005)
