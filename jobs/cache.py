"""The result cache: what a model said to a text once is said again without inference.

An entry is a field of a hash: 16 bytes of digest over model, way of reading and text, to the few bytes of the
prediction. There are two generations. New entries go to the current one; when that holds half of the cache or is half
of the TTL old, it becomes the previous one, and the one before is dropped. What is found in the previous generation
alone is copied to the current one: entries that are asked for stay, the others go, and nobody keeps an order of use.
All models share the two, so the bound is one for all of them together.

A cache that fails is a cache without entries. Only when Redis is away does the error go on to the caller, who cannot
record results either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypeVar

import structlog
from redis import Redis, RedisError

from jobs import keys
from jobs.codec import decode_prediction, encode_prediction, prediction_bytes
from jobs.connection import REDIS_AWAY, script
from jobs.models import Outcome, Question
from jobs.settings import Settings

FIELD_BYTES = 16  #: two of 10^12 texts have the same field with a probability of 10^-15
ENTRIES_AT_ONCE = 1_000  #: of one script call: Lua passes some thousand arguments on

_KEYS = (keys.CACHE_CURRENT, keys.CACHE_PREVIOUS, keys.CACHE_STATS)

log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the cache knows of some questions, for `ResultCache.store` to complete."""

    fields: Mapping[Question, bytes]  # of each different question, in the order of asking
    known: dict[Question, Outcome] = field(default_factory=dict)
    ageing: list[Question] = field(default_factory=list)  # those of `known` that are in the previous generation alone

    @property
    def unknown(self) -> list[Question]:
        return [question for question in self.fields if question not in self.known]


@dataclass(frozen=True, slots=True)
class CacheCounts:
    hits: int  # different questions of a batch that were answered from the cache
    misses: int
    entries: int  # in both generations; what is in both counts twice


class ResultCache:
    """The result cache of one Redis, shared by all who ask it. Switched off, it knows nothing and keeps nothing."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis = redis
        self._ttl_ms = settings.cache_ttl_s * 1000
        self._on = settings.cache_entries > 0
        self._generation = (max(settings.cache_entries // 2, 1), self._ttl_ms // 2)
        self._look_up = script(redis, "cache_look_up")
        self._store = script(redis, "cache_store")

    def look_up(self, model: str, labels: int, questions: Iterable[Question]) -> Lookup:
        """What `model` (`id@version`), which has so many labels, answered before; in one round trip."""
        if not self._on:
            return Lookup(dict.fromkeys(questions, b""))
        lookup = Lookup({question: _field(model, question) for question in dict.fromkeys(questions)})
        return self._guarded(lambda: self._find(lookup, labels), default=Lookup(lookup.fields))

    def store(self, lookup: Lookup, fresh: dict[Question, Outcome]) -> None:
        """Keep what was unknown and has a prediction now, and what grows old; in one round trip, or in none."""
        if not self._on:
            return
        ageing = {question: lookup.known[question] for question in lookup.ageing}
        entries = [
            (lookup.fields[question], encode_prediction(outcome))
            for question, outcome in (ageing | fresh).items()
            if outcome.error is None
        ]
        if entries:
            self._guarded(lambda: self._keep(entries), default=None)

    def counts(self) -> CacheCounts:
        pipe = self._redis.pipeline(transaction=False)
        pipe.hmget(keys.CACHE_STATS, "hits", "misses")
        pipe.hlen(keys.CACHE_CURRENT)
        pipe.hlen(keys.CACHE_PREVIOUS)
        (hits, misses), current, previous = pipe.execute()
        return CacheCounts(int(hits or 0), int(misses or 0), current + previous)

    def _find(self, lookup: Lookup, labels: int) -> Lookup:
        pipe = self._redis.pipeline(transaction=False)
        questions, width = list(lookup.fields), prediction_bytes(labels)
        for part in _parts(questions):
            fields = b"".join(lookup.fields[question] for question in part)
            self._look_up(keys=_KEYS, args=[fields, width, self._ttl_ms], client=pipe)
        for part, (current, previous) in zip(_parts(questions), pipe.execute(), strict=True):
            if not current and not previous:
                continue
            for at, question in enumerate(part):
                place = slice(at * width, (at + 1) * width)
                outcome = decode_prediction(current[place], labels)
                if outcome is None and (outcome := decode_prediction(previous[place], labels)) is not None:
                    lookup.ageing.append(question)
                if outcome is not None:
                    lookup.known[question] = outcome
        return lookup

    def _keep(self, entries: Sequence[tuple[bytes, bytes]]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for part in _parts(entries):
            fields, values = map(b"".join, zip(*part, strict=True))
            self._store(keys=_KEYS, args=[*self._generation, fields, values], client=pipe)
        pipe.execute()

    @staticmethod
    def _guarded(use: Callable[[], T], *, default: T) -> T:
        try:
            return use()
        except REDIS_AWAY:
            raise
        except RedisError as error:
            log.warning("the result cache fails; work goes on without it", reason=str(error))
            return default


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + ENTRIES_AT_ONCE] for start in range(0, len(values), ENTRIES_AT_ONCE))


def _field(model: str, question: Question) -> bytes:
    long_texts, text = question
    return blake2b(f"{model}\0{long_texts}\0{text}".encode(), digest_size=FIELD_BYTES).digest()
