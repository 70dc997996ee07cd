"""API keys: what a client may do, and how often.

A key is shown once, when it is created; Redis stores its SHA-256. A slow hash would add nothing: the secret is 256
random bits, not a password that a person chose.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.documents import dump, load
from sentiq.core.errors import KeyNotFound, SettingsError
from sentiq.core.rate_limits import parse_rate_limits

_TOKEN = re.compile(r"sq_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Scope(StrEnum):
    """A group of requests that a key may make."""

    SUBMIT = "submit"  # send texts and files, and control the jobs it created
    READ = "read"  # read the jobs it created, the models and the cluster's state
    METRICS = "metrics"  # read /metrics and /health
    ADMIN = "admin"  # everything, with the jobs of all keys


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The record of one key."""

    id: str
    name: str  # for people
    scopes: frozenset[Scope]
    rate_limit: str  # "": the limit in the settings
    created_at_s: float  # Unix time
    digest: str  # SHA-256 of the secret, hex

    def has_scope(self, scope: Scope) -> bool:
        """Tell whether the key has this scope, or `admin`, which includes all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


class KeyStore:
    """All API keys of one Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def create(self, name: str, scopes: Collection[Scope], rate_limit: str = "") -> tuple[ApiKey, str]:
        """Create a key. Returns its record and the key itself, which cannot be read again.

        Raises SettingsError for an invalid rate limit.
        """
        try:
            parse_rate_limits(rate_limit)
        except ValueError as error:
            raise SettingsError(str(error)) from None
        key = ApiKey(secrets.token_hex(6), name, frozenset(scopes), rate_limit, time.time(), "")
        return self._with_new_secret(key)

    def rotate(self, key_id: str) -> tuple[ApiKey, str]:
        """Give a key a new secret; its jobs stay, and the old secret is invalid at once. Raises KeyNotFound."""
        return self._with_new_secret(self.get(key_id))

    def revoke(self, key_id: str) -> None:
        """Delete a key: from the next request on it is refused. Its jobs stay. Raises KeyNotFound."""
        if not self._redis.hdel(redis_keys.KEYS, key_id):
            raise _no_such(key_id)

    def get(self, key_id: str) -> ApiKey:
        """Return the record of a key. Raises KeyNotFound."""
        document = self._redis.hget(redis_keys.KEYS, key_id)
        if document is None:
            raise _no_such(key_id)
        return load(ApiKey, document)

    def all(self) -> list[ApiKey]:
        """Return the records of all keys, oldest first."""
        found = [load(ApiKey, document) for document in self._redis.hvals(redis_keys.KEYS)]
        return sorted(found, key=lambda key: key.created_at_s)

    def find(self, token: str) -> ApiKey | None:
        """Return the record of a key as a client sends it; None for an unknown or invalid key."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return None
        document = self._redis.hget(redis_keys.KEYS, parts[1])
        key = None if document is None else load(ApiKey, document)
        # Also compared for an unknown id, so that the response time does not reveal which ids exist.
        right = hmac.compare_digest(_digest(parts[2]), key.digest if key else _digest(""))
        return key if right else None

    def _with_new_secret(self, key: ApiKey) -> tuple[ApiKey, str]:
        secret = secrets.token_urlsafe(32)
        key = replace(key, digest=_digest(secret))
        self._redis.hset(redis_keys.KEYS, key.id, dump(key))
        return key, f"sq_{key.id}_{secret}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _no_such(key_id: str) -> KeyNotFound:
    return KeyNotFound(f"There is no API key {key_id}; `sentiq-admin keys list` shows all.")
