"""The result cache on a real Redis: what it keeps, for how long, how much, and that no fault of it stops work."""

from __future__ import annotations

import pytest
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.long_texts import LongTexts
from sentiq.core.settings import Settings
from sentiq.jobs.cache import ResultCache
from sentiq.jobs.codec import decode_output, encode_output
from sentiq.jobs.types import Outcome, OutputChunk, RowError

MODEL = "m@1"
SURE = Outcome((0.25, 0.75))


@pytest.fixture
def cache(redis: Redis, settings: Settings) -> ResultCache:
    return ResultCache(redis, settings)


def sized(redis: Redis, settings: Settings, entries: int, ttl_s: int = 600) -> ResultCache:
    return ResultCache(redis, settings.model_copy(update={"cache_entries": entries, "cache_ttl_s": ttl_s}))


def texts(count: int, word: str = "文") -> list[str]:
    return [f"{word}{i}" for i in range(count)]


def keep(cache: ResultCache, asked: list[str], outcome: Outcome = SURE, model: str = MODEL) -> None:
    """Ask, and answer what was unknown, as a child does."""
    lookup = cache.look_up(model, 2, "truncate", asked)
    cache.store(lookup, [outcome] * len(lookup.unknown))


def let_pass(redis: Redis, seconds: int) -> None:
    """Make both generations older."""
    redis.hincrby(redis_keys.CACHE_STATS, "began", -seconds * 1_000)
    for generation in (redis_keys.CACHE_CURRENT, redis_keys.CACHE_PREVIOUS):
        redis.pexpire(generation, redis.pttl(generation) - seconds * 1_000)


def known(
    cache: ResultCache,
    asked: list[str],
    *,
    model: str = MODEL,
    labels: int = 2,
    long_texts: LongTexts = "truncate",
) -> set[str]:
    return set(cache.look_up(model, labels, long_texts, asked).known)


def test_a_hit_is_what_the_row_said(cache: ResultCache) -> None:
    outcomes = tuple(Outcome((1 - i / 997, i / 997), truncated=i % 7 == 0) for i in range(998))
    stored = decode_output(encode_output(OutputChunk(0, MODEL, ("negative", "positive"), outcomes)))

    cache.store(cache.look_up(MODEL, 2, "windows", texts(998)), outcomes)

    answers = cache.look_up(MODEL, 2, "windows", texts(998))
    assert answers.known == dict(zip(texts(998), stored.outcomes, strict=True))
    assert answers.unknown == []


def test_a_pair_gets_back_who_answered_and_another_threshold_nothing(cache: ResultCache) -> None:
    sure, unsure = Outcome((0.0, 1.0), given_by=1), Outcome((0.2, 0.8), given_by=2)
    lookup = cache.look_up("small+large@1", 2, "truncate", ["好", "坏"], 2)
    cache.store(lookup, [sure, unsure])

    found = cache.look_up("small+large@1", 2, "truncate", ["好", "坏"], 2).known
    assert {text: outcome.given_by for text, outcome in found.items()} == {"好": 1, "坏": 2}
    assert cache.look_up("small+large@2", 2, "truncate", ["好", "坏"], 2).known == {}, "the version is of the threshold"
    assert known(cache, ["好", "坏"], model="small@1") == known(cache, ["好", "坏"], model="large@1") == set()


def test_model_way_of_reading_and_text_make_the_question(cache: ResultCache) -> None:
    keep(cache, ["好"])

    assert known(cache, ["好", "坏"]) == {"好"}
    assert known(cache, ["好"], long_texts="windows") == set()
    assert known(cache, ["好"], model="m@2") == set()


def test_rows_with_errors_are_not_kept(cache: ResultCache) -> None:
    keep(cache, texts(3), Outcome(error=RowError("inference_failed", "why")))

    assert known(cache, texts(3)) == set()


def test_a_batch_larger_than_one_script_call(cache: ResultCache) -> None:
    keep(cache, texts(2_500))

    assert known(cache, texts(2_600)) == set(texts(2_500))


def test_hits_and_misses_are_counted_once_for_each_different_text(cache: ResultCache) -> None:
    keep(cache, texts(3) * 2)
    keep(cache, texts(5))

    counts = cache.counts()
    assert (counts.hits, counts.misses, counts.entries) == (3, 5, 5)


def test_the_cache_is_bounded_over_all_models_and_keeps_what_is_asked_for(redis: Redis, settings: Settings) -> None:
    cache, batch = sized(redis, settings, entries=200), 20
    hot = texts(5, "热")
    keep(cache, hot)

    for number in range(40):
        keep(cache, texts(batch, f"批{number}-"), model=f"m@{number % 3}")
        assert known(cache, hot) == set(hot)
        keep(cache, hot)
        assert cache.counts().entries <= 200 + 2 * batch

    assert known(cache, texts(batch, "批1-"), model="m@1") == set()


def test_an_entry_lives_between_half_the_ttl_and_the_ttl(redis: Redis, settings: Settings) -> None:
    cache = sized(redis, settings, entries=1_000, ttl_s=2_000)
    old, young = texts(1, "旧"), texts(1, "新")
    keep(cache, old)
    let_pass(redis, 1_001)

    keep(cache, young)  # begins the next generation

    assert known(cache, old + young) == {*old, *young}
    assert redis.pttl(redis_keys.CACHE_PREVIOUS) <= 999_000 < redis.pttl(redis_keys.CACHE_CURRENT) <= 2_000_000
    let_pass(redis, 999)
    assert known(cache, old + young) == set(young)
    let_pass(redis, 1_001)
    assert not redis.exists(redis_keys.CACHE_CURRENT)


def test_every_key_of_it_expires(redis: Redis, settings: Settings) -> None:
    cache = sized(redis, settings, entries=4)
    for number in range(4):
        keep(cache, texts(2, str(number)))

    assert len(redis.keys("sentiq:cache:*")) == 3
    assert [key for key in redis.keys("*") if redis.pttl(key) < 0] == []


@pytest.mark.parametrize("wrong", [b"", b"\x00", b"\x07" + b"\x00" * 4, b"\x00" * 5, b"\xff" * 5, b"\x00" * 9])
def test_wrong_bytes_are_no_answer(redis: Redis, cache: ResultCache, wrong: bytes) -> None:
    keep(cache, texts(1))
    (field,) = redis.hkeys(redis_keys.CACHE_CURRENT)
    redis.hset(redis_keys.CACHE_CURRENT, field, wrong)

    assert known(cache, texts(1)) == set()
    keep(cache, texts(1))
    assert known(cache, texts(1)) == set(texts(1))


def test_an_entry_of_another_number_of_labels_is_no_answer(cache: ResultCache) -> None:
    keep(cache, texts(1))

    assert known(cache, texts(1), labels=3) == set()


def test_a_redis_that_refuses_the_cache_does_not_stop_work(redis: Redis, cache: ResultCache) -> None:
    redis.set(redis_keys.CACHE_CURRENT, "not a hash", ex=60)

    keep(cache, texts(3))

    assert known(cache, texts(3)) == set()


def test_switched_off_it_keeps_nothing(redis: Redis, settings: Settings) -> None:
    cache = sized(redis, settings, entries=0)
    keep(cache, texts(3))

    assert cache.look_up(MODEL, 2, "truncate", texts(3)).unknown == texts(3)
    assert redis.keys("*") == []
