"""What a child answers to the chunks it opened, with the bundled model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from redis import Redis

import sentiq.core.long_texts
import sentiq.engine.long_texts
from sentiq.core.settings import BUNDLED_MODELS, Settings
from sentiq.engine import Engine, LongTexts
from sentiq.engine.cascade import open_stored
from sentiq.engine.pairs import STUDENT, TEACHER, find
from sentiq.engine.registry import find_model
from sentiq.jobs.cache import Lookup, ResultCache
from sentiq.jobs.lanes import OpenChunk
from sentiq.jobs.types import ChunkRef, InputChunk, Outcome, RowError
from tests.support.models import BUNDLED, copy_contrary, dividing_threshold, make_pair
from tests.support.texts import sentences
from worker.child.classify import answer

SHORT = "味道不错，下次还来"
LONG = "房间很大，服务也好。" * 100 + "可是隔音太差，一夜没睡，再也不来了。" * 20


@pytest.fixture(scope="module")
def engine_() -> Engine:
    return Engine.load(find_model([BUNDLED_MODELS], "sentiq-small-zh").directory)


@pytest.fixture
def no_cache() -> ResultCache:
    """Switched off, so that no Redis is asked."""
    return ResultCache(Redis(), Settings(cache_entries=0))


class NoIsolation:
    def isolate(self, ref: ChunkRef, state: bytes) -> None:
        raise AssertionError("no chunk crashed")


def opened(job_id: str, chunk: InputChunk, long_texts: LongTexts = "truncate") -> OpenChunk:
    return OpenChunk(ChunkRef(job_id, 0, len(chunk.texts)), chunk, 0, None, "request", long_texts=long_texts)


def test_chunks_of_one_batch_are_read_as_each_job_asked(engine_: Engine, no_cache: ResultCache) -> None:
    chunk = InputChunk(0, (SHORT, LONG, SHORT))
    modes: tuple[LongTexts, ...] = get_args(LongTexts)

    answers = answer(engine_, NoIsolation(), no_cache, [opened(mode, chunk, mode) for mode in modes])

    long_answers = {}
    for mode, (ref, output) in zip(modes, answers, strict=True):
        assert ref.job_id == mode
        expected = engine_.classify(chunk.texts, mode)
        assert [o.probabilities for o in output.outcomes] == [
            pytest.approx(p.probabilities, abs=0.002) for p in expected
        ]
        assert [o.truncated for o in output.outcomes] == [False, mode != "windows", False]
        long_answers[mode] = output.outcomes[1].probabilities
    assert len(set(long_answers.values())) == len(modes)


def test_rows_with_errors_keep_their_place(engine_: Engine, no_cache: ResultCache) -> None:
    fault = RowError("empty_text", "Line 2: The text is empty or blank.")
    chunk = InputChunk(7, (SHORT, "", SHORT), None, {1: fault})

    ((_, output),) = answer(engine_, NoIsolation(), no_cache, [opened("job", chunk)])

    assert output.first == 7
    assert [o.error for o in output.outcomes] == [None, fault, None]


def test_a_pair_names_who_answered_each_row_and_keeps_that_when_the_chunk_is_tried_again(
    engine_: Engine, no_cache: ResultCache, tmp_path: Path
) -> None:
    copy_contrary(tmp_path, "contrary")
    texts = sentences(30)
    threshold = dividing_threshold(engine_, texts)
    make_pair(tmp_path, BUNDLED, "contrary", threshold)
    pair = open_stored(find([tmp_path, BUNDLED_MODELS], f"{BUNDLED}+contrary"), backend="openvino", token_budget=64)
    chunk = InputChunk(0, (*texts, ""), None, {len(texts): RowError("empty_text", "It is blank.", 3)})

    ((_, output),) = answer(pair, NoIsolation(), no_cache, [opened("job", chunk)])

    sure = [max(prediction.probabilities) >= threshold for prediction in engine_.classify(texts)]
    assert set(sure) == {True, False}
    assert (output.model, output.parts) == (pair.manifest.name, pair.manifest.parts)
    assert [outcome.given_by for outcome in output.outcomes] == [
        *(STUDENT if is_sure else TEACHER for is_sure in sure),
        0,
    ]
    before = replace(output, outcomes=(Outcome(error=RowError("inference_failed", "why")), *output.outcomes[1:]))
    ((_, again),) = answer(pair, NoIsolation(), no_cache, [replace(opened("job", chunk), before=before)])
    assert again == output


def test_jobs_and_the_engine_name_the_same_ways_to_read_long_texts() -> None:
    assert get_args(sentiq.core.long_texts.LongTexts) == get_args(sentiq.engine.long_texts.LongTexts)


def test_unproven_answers_share_no_entry_of_the_cache_with_proven_ones() -> None:
    class Recording(ResultCache):
        def look_up(
            self, source: str, labels: int, long_texts: LongTexts, texts: Iterable[str], parts: int = 0
        ) -> Lookup:
            sources.append(source)
            return super().look_up(source, labels, long_texts, texts, parts)

    sources: list[str] = []
    cache = Recording(Redis(), Settings(cache_entries=0))
    engine = Engine.load(find_model([BUNDLED_MODELS], "sentiq-small-zh").directory)
    for engine.is_proven in (True, False, True):
        answer(engine, NoIsolation(), cache, [opened("job", InputChunk(0, (SHORT,)))])
    name = f"{engine.manifest.name} openvino {engine.computed}"
    assert sources == [name, f"{name} unproven", name]
