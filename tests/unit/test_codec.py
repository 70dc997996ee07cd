"""What is stored comes back, and takes few bytes."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import islice

import msgpack
import pytest

from sentiq.jobs.codec import (
    SCALE,
    decode_columns,
    decode_output,
    decode_prediction,
    encode_output,
    encode_prediction,
    numbers_of_pair,
)
from sentiq.jobs.types import AspectOutcome, Outcome, OutputChunk, RowError


def test_probabilities_come_back_within_half_a_step() -> None:
    rng = random.Random(3)
    outcomes = []
    for _ in range(300):
        p = rng.random()
        outcomes.append(Outcome((1 - p, p), truncated=rng.random() < 0.1))
    outcomes[5] = Outcome(error=RowError("inference_failed", "why"))
    chunk = OutputChunk(30, "m@1", ("negative", "positive"), tuple(outcomes))

    back = decode_output(encode_output(chunk))

    assert decode_output(encode_output(replace(chunk, degraded=True))) == replace(back, degraded=True)
    assert not back.degraded
    assert (back.first, back.model, back.labels) == (30, "m@1", ("negative", "positive"))
    assert back.outcomes[5] == outcomes[5]
    for given, got in zip(outcomes, back.outcomes, strict=True):
        assert got.truncated == given.truncated
        assert got.probabilities == pytest.approx(given.probabilities, abs=0.5 / 65_535 + 1e-12)

    columns = decode_columns(encode_output(chunk))
    assert [numbers_of_pair(pair) for pair in columns.pairs()] == columns.predictions()


#: Answers of a pair: of the student, of the teacher, and of nobody.
OF_A_PAIR = OutputChunk(
    0,
    "small+large@1",
    ("negative", "positive"),
    (
        Outcome((0.0, 1.0), given_by=1),
        Outcome((0.2, 0.8), truncated=True, given_by=2),
        Outcome(error=RowError("inference_failed", "why")),
    ),
    parts=("small@1", "large@1"),
)


def test_who_of_a_pair_answered_comes_back() -> None:
    columns = decode_columns(encode_output(OF_A_PAIR))

    assert list(columns.models()) == ["small@1", "large@1", "small+large@1"]
    back = columns.decoded()
    assert (back.model, back.parts) == (OF_A_PAIR.model, OF_A_PAIR.parts)
    assert [outcome.given_by for outcome in back.outcomes] == [1, 2, 0]
    assert [outcome.truncated for outcome in back.outcomes] == [False, True, False]


def test_a_version_without_pairs_and_one_with_them_read_the_answers_of_each_other() -> None:
    fields = msgpack.unpackb(encode_output(OF_A_PAIR), strict_map_key=False)
    known_before = {name: fields[name] for name in ("first", "model", "labels", "flags", "p", "errors")}

    assert known_before["flags"] == bytes([0, 1, 0]), "an older version counts these by their value"
    older = decode_columns(msgpack.packb(known_before))
    assert list(islice(older.models(), 3)) == ["small+large@1"] * 3
    assert older.decoded() == replace(
        decode_output(encode_output(OF_A_PAIR)),
        parts=(),
        outcomes=tuple(replace(outcome, given_by=0) for outcome in decode_output(encode_output(OF_A_PAIR)).outcomes),
    )


@pytest.mark.parametrize("outcome", OF_A_PAIR.outcomes[:2])
def test_a_cached_prediction_of_a_pair_says_who_gave_it(outcome: Outcome) -> None:
    cached = encode_prediction(outcome)
    found = decode_prediction(cached, 2, parts=2)
    assert found is not None
    assert (found.given_by, found.truncated) == (outcome.given_by, outcome.truncated)
    assert decode_prediction(cached, 2) is None, "no model alone can have given it"
    assert decode_prediction(encode_prediction(replace(outcome, given_by=0)), 2, parts=2) is None


#: Rows of a model of two labels, of one of three, of the second again, and one that failed.
OF_ROUTES = OutputChunk(
    7,
    "zh=two,*=three@1",
    ("negative", "positive", "neutral"),
    (
        Outcome((0.1, 0.9, 0.0), given_by=1, language="zh"),
        Outcome((0.2, 0.3, 0.5), True, given_by=2, language="ja", aspects=(AspectOutcome(0, (0.6, 0.1, 0.3), 0, 2),)),
        Outcome((0.0, 1.0, 0.0), given_by=2),
        Outcome(error=RowError("inference_failed", "why"), language="ko", model="three@1"),
        Outcome(error=RowError("empty_text", "why", 5)),
    ),
    parts=("two@1", "three@1"),
    part_labels=(("negative", "positive"), ("negative", "neutral", "positive")),
)


def test_rows_of_routes_have_the_labels_of_their_models() -> None:
    columns = decode_columns(encode_output(OF_ROUTES))

    assert columns.is_routed
    two, three = OF_ROUTES.part_labels
    assert list(columns.row_labels()) == [two, three, three, OF_ROUTES.labels, OF_ROUTES.labels]
    shares = [tuple(n / SCALE for n in row) for row in columns.predictions()]
    assert shares[:3] == [pytest.approx(row, abs=1e-5) for row in ((0.1, 0.9), (0.2, 0.5, 0.3), (0.0, 0.0, 1.0))]
    ((offset, aspect, numbers, start, end),) = columns.mentions()
    assert (offset, aspect, start, end) == (1, 0, 0, 2)
    assert [n / SCALE for n in numbers] == pytest.approx([0.6, 0.3, 0.1], abs=1e-5)
    assert columns.judged(0) == [(), numbers, (), (), ()]
    assert columns.languages == ("zh", "ja", "", "ko", "")
    assert list(columns.models()) == ["two@1", "three@1", "three@1", "three@1", None]


def test_rows_of_routes_come_back_as_they_were() -> None:
    back = decode_output(encode_output(OF_ROUTES))
    for found, outcome in zip(back.outcomes, OF_ROUTES.outcomes, strict=True):
        assert found.probabilities == pytest.approx(outcome.probabilities, abs=1e-5)
        assert (found.given_by, found.language, found.error) == (outcome.given_by, outcome.language, outcome.error)
        assert found.model == outcome.model
    assert (back.parts, back.part_labels) == (OF_ROUTES.parts, OF_ROUTES.part_labels)


def test_rows_whose_routes_could_not_be_loaded_have_no_model() -> None:
    failed = Outcome(error=RowError("model_unavailable", "why"), language="zh")
    columns = decode_columns(encode_output(OutputChunk(0, "zh=two,*=gone", (), (failed, failed))))
    assert list(columns.models()) == [None, None]


def test_rows_that_a_pair_could_not_answer_name_the_pair() -> None:
    """Neither of its models: one that reads all texts may not be the one that failed."""
    failed = Outcome(error=RowError("inference_failed", "why"))
    columns = decode_columns(encode_output(OutputChunk(0, "a+b@1", ("x", "y"), (failed,), parts=("a@1", "b@1"))))
    assert list(columns.models()) == ["a+b@1"]
    of_routes = OutputChunk(
        *(0, "*=a+b@2", ("x", "y"), (replace(failed, model="a+b@1"),)),
        parts=("a@1", "b@1"),
        part_labels=(("x", "y"), ("x", "y")),
    )
    assert list(decode_columns(encode_output(of_routes)).models()) == ["a+b@1"]


def test_more_languages_than_a_byte_counts_are_left_out() -> None:
    codes = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(300)]
    outcomes = tuple(Outcome((0.5, 0.5), given_by=1, language=code) for code in codes)
    labels = ("negative", "positive")
    columns = decode_columns(
        encode_output(OutputChunk(0, "*=two@1", labels, outcomes, parts=("two@1",), part_labels=(labels,)))
    )
    assert columns.languages == (*codes[:255], *[""] * 45)


def test_three_labels_work_too() -> None:
    chunk = OutputChunk(0, "m@1", ("negative", "neutral", "positive"), (Outcome((0.2, 0.5, 0.3)),))

    assert decode_output(encode_output(chunk)).outcomes[0].probabilities == pytest.approx((0.2, 0.5, 0.3), abs=1e-5)


def test_a_prediction_takes_a_few_bytes() -> None:
    rng = random.Random(4)
    words = ["味道", "服务", "不错", "很差", "房间", "干净", "物流", "价格", "推荐", "失望"]
    texts = tuple("".join(rng.choices(words, k=15)) for _ in range(512))
    outcomes = tuple(Outcome((1 - (p := rng.random()), p)) for _ in texts)

    stored_outcomes = len(encode_output(OutputChunk(0, "m@1", ("negative", "positive"), outcomes)))

    assert stored_outcomes < 6 * len(texts)


#: Rows that speak of two aspects, of none, of one, and one that failed.
WITH_ASPECTS = OutputChunk(
    0,
    "m@1",
    ("negative", "positive"),
    (
        Outcome((0.0, 1.0), aspects=(AspectOutcome(0, (1.0, 0.0), 0, 5), AspectOutcome(63, (0.2, 0.8), 6, 70_000))),
        Outcome((0.2, 0.8), truncated=True),
        Outcome(error=RowError("inference_failed", "why")),
        Outcome((0.8, 0.2), aspects=(AspectOutcome(2, (0.4, 0.6), 3, 9),)),
    ),
)


def test_aspects_come_back_with_the_clauses_they_were_read_in() -> None:
    columns = decode_columns(encode_output(WITH_ASPECTS))

    assert columns.decoded() == WITH_ASPECTS
    assert columns.aspects is not None
    assert list(columns.aspects.offsets()) == [0, 0, 3]
    assert columns.aspects.predictions() == [(65_535, 0), (13_107, 52_428), (26_214, 39_321)]


def test_a_version_without_aspects_and_one_with_them_read_the_answers_of_each_other() -> None:
    fields = msgpack.unpackb(encode_output(WITH_ASPECTS), strict_map_key=False)
    without = tuple(replace(outcome, aspects=()) for outcome in WITH_ASPECTS.outcomes)

    known_before = {name: fields[name] for name in ("first", "model", "labels", "flags", "p", "errors")}

    assert decode_output(msgpack.packb(known_before)) == replace(WITH_ASPECTS, outcomes=without)
    assert "aspects" not in msgpack.unpackb(
        encode_output(replace(WITH_ASPECTS, outcomes=without)), strict_map_key=False
    ), "a job without aspects is stored as before"


def test_an_aspect_of_a_row_takes_a_few_bytes() -> None:
    rng = random.Random(5)

    def outcome() -> Outcome:
        p, q, start = rng.random(), rng.random(), rng.randrange(60)
        return Outcome((1 - p, p), aspects=(AspectOutcome(rng.randrange(8), (1 - q, q), start, start + 12),))

    outcomes = tuple(outcome() for _ in range(512))
    with_aspects = OutputChunk(0, "m@1", ("negative", "positive"), outcomes)
    without = replace(with_aspects, outcomes=tuple(replace(outcome, aspects=()) for outcome in outcomes))

    assert len(encode_output(with_aspects)) - len(encode_output(without)) < 9 * len(outcomes)
