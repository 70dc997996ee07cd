"""The result cache: predictions of a model for a text are stored and reused without inference.

An entry is a field of a hash: 16 bytes of digest over model, backend, way of reading and text, to the few bytes of the
prediction. There are two generations. New entries go to the current one; when that holds half of the cache or is half
of the TTL old, it becomes the previous one, and the one before is dropped. What is found in the previous generation
alone is copied to the current one: entries in use stay, the others go, and no order of use has to be stored.
All models share the two, so the bound is one for all of them together.

A cache that fails answers as if it were empty. Only when Redis is away is the error raised: the caller then cannot
record results either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain
from typing import TypeVar

import msgpack
import structlog
from redis import Redis, RedisError

from sentiq.core import redis_keys
from sentiq.core.long_texts import LongTexts
from sentiq.core.redis import REDIS_AWAY
from sentiq.core.settings import Settings
from sentiq.jobs.codec import decode_prediction, encode_prediction
from sentiq.jobs.scripts import Script
from sentiq.jobs.types import Outcome

FIELD_BYTES = 16  #: two of 10^12 texts have the same field with a probability of 10^-15
ENTRIES_AT_ONCE = 1_000  #: of one script call, and so of one round trip: Lua passes some thousand arguments on

log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lookup:
    """The predictions found for some texts, and the texts that `ResultCache.store` adds later."""

    unknown: list[str]  # each once, in the order of asking
    fields: list[bytes]  # of `unknown`; empty when the cache is off
    known: dict[str, Outcome] = field(default_factory=dict)
    ageing: list[tuple[bytes, bytes]] = field(default_factory=list)  # entries of the previous generation alone


@dataclass(frozen=True, slots=True)
class CacheCounts:
    hits: int  # different texts of a batch that were answered from the cache
    misses: int
    entries: int  # in both generations; what is in both counts twice


class ResultCache:
    """The result cache of one Redis, shared by all processes. Switched off, it finds nothing and stores nothing."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis = redis
        self._ttl_ms = settings.cache_ttl_s * 1000
        self._on = settings.cache_entries > 0
        self._max_entries = max(settings.cache_entries // 2, 1)  # of one generation
        self._look_up = Script(redis, "cache_look_up")
        self._store = Script(redis, "cache_store")

    def look_up(self, source: str, labels: int, long_texts: LongTexts, texts: Iterable[str], parts: int = 0) -> Lookup:
        """Find the predictions of a model for texts, one round trip for each thousand.

        `source` names the model and the form it is computed in, `labels` is how many labels it has, `long_texts` how
        it reads them. Of a pair, `parts` is how many models it has, and an answer says which of them gave it.
        """
        unique = list(dict.fromkeys(texts))
        if not self._on:
            return Lookup(unique, [])
        asked = f"{source}\0{long_texts}\0".encode()
        fields = [blake2b(asked + text.encode(), digest_size=FIELD_BYTES).digest() for text in unique]
        return self._guarded(lambda: self._find(unique, fields, labels, parts), default=Lookup(unique, fields))

    def store(self, lookup: Lookup, outcomes: Sequence[Outcome]) -> None:
        """Store the predictions for `lookup.unknown`, and again the found ones that grow old."""
        entries = lookup.ageing + [
            (name, encode_prediction(outcome))
            for name, outcome in zip(lookup.fields, outcomes, strict=self._on)
            if outcome.error is None
        ]
        if entries:
            self._guarded(lambda: self._write(entries), default=None)

    def counts(self) -> CacheCounts:
        pipe = self._redis.pipeline(transaction=False)
        pipe.hmget(redis_keys.CACHE_STATS, "hits", "misses")
        pipe.hlen(redis_keys.CACHE_CURRENT)
        pipe.hlen(redis_keys.CACHE_PREVIOUS)
        (hits, misses), current, previous = pipe.execute()
        return CacheCounts(int(hits or 0), int(misses or 0), current + previous)

    def _find(self, texts: Sequence[str], fields: Sequence[bytes], labels: int, parts: int) -> Lookup:
        found = Lookup([], [])
        for some_texts, some_fields in zip(_parts(texts), _parts(fields), strict=True):
            answer = self._look_up(
                current=redis_keys.CACHE_CURRENT,
                previous=redis_keys.CACHE_PREVIOUS,
                stats=redis_keys.CACHE_STATS,
                packed_fields=_packed(some_fields),
                ttl_ms=self._ttl_ms,
            )
            current, previous = map(_unpacked, answer)
            for text, name, young, old in zip(some_texts, some_fields, current, previous, strict=True):
                value = young or old
                outcome = decode_prediction(value, labels, parts) if value else None
                if outcome is None:
                    found.unknown.append(text)
                    found.fields.append(name)
                else:
                    found.known[text] = outcome
                    if not young:
                        found.ageing.append((name, value))
        return found

    def _write(self, entries: Sequence[tuple[bytes, bytes]]) -> None:
        for part in _parts(entries):
            self._store(
                current=redis_keys.CACHE_CURRENT,
                previous=redis_keys.CACHE_PREVIOUS,
                stats=redis_keys.CACHE_STATS,
                max_entries=self._max_entries,
                generation_ms=self._ttl_ms // 2,
                packed_entries=_packed(list(chain.from_iterable(part))),
            )

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


def _packed(values: Sequence[bytes]) -> bytes:
    packed: bytes = msgpack.packb(values, use_bin_type=False)  # Lua's library predates the type
    return packed


def _unpacked(blob: bytes) -> list[bytes]:
    """Unpack values; b"" where there is none."""
    return [value or b"" for value in msgpack.unpackb(blob, raw=True)]
