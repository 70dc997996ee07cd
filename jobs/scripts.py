"""Lua scripts on Redis, whatever it has forgotten of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha1
from typing import Any

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import NoScriptError


class Script:
    """Runs by its digest. Where Redis may not know that, the source is sent in the same command that runs it.

    redis-py asks and loads beforehand: between that and the run, a flush or a restart takes the script away again.
    """

    def __init__(self, redis: Redis, source: str) -> None:
        self._redis, self._source = redis, source
        self._digest = sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], args: Iterable[Any], client: Pipeline | None = None) -> Any:
        """`client`: a pipeline that runs it later, and no other script."""
        words = (*keys, *args)
        if client is not None:
            if len(client) == 0:
                return client.eval(self._source, len(keys), *words)
            return client.evalsha(self._digest, len(keys), *words)
        try:
            return self._redis.evalsha(self._digest, len(keys), *words)
        except NoScriptError:
            return self._redis.eval(self._source, len(keys), *words)
