"""The sets of aspects that jobs may name: those that come along, and those that were stored, each with its versions.

A version is never changed: storing other content under an id adds one and makes it the newest. Jobs carry the set they
were submitted with (JobOptions.aspects), so that nothing here touches a job.
"""

from __future__ import annotations

from dataclasses import dataclass

from redis import Redis

from sentiq.aspects.files import built_in
from sentiq.aspects.sets import AspectSet
from sentiq.core import redis_keys
from sentiq.core.documents import dump, load
from sentiq.core.errors import AspectSetNotFound, FieldError, InvalidInput
from sentiq.core.redis import text
from sentiq.core.redis_clock import now_ms

MAX_SETS = 100  #: stored at once: they are listed whole
MAX_VERSIONS = 50  #: of one set


@dataclass(frozen=True, slots=True)
class StoredSet:
    """One version of a set of aspects."""

    document: str  # AspectSet.dumps
    stored_at_ms: int | None = None  # None: it came along

    @property
    def aspects(self) -> AspectSet:
        return AspectSet.loads(self.document)


class AspectSetStore:
    """All sets of one Redis, beside those that come along."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def all(self) -> list[StoredSet]:
        """Return the newest version of each set: those that came along, then the stored ones by id."""
        stored = {
            text(id_): load(StoredSet, value) for id_, value in self._redis.hgetall(redis_keys.ASPECT_SETS).items()
        }
        along = [_along(aspects) for id_, aspects in built_in().items() if id_ not in stored]
        return along + [stored[id_] for id_ in sorted(stored)]

    def get(self, name: str) -> StoredSet:
        """Return a set by `id`, which means its newest version, or `id@version`. Raises AspectSetNotFound."""
        id_, _, version = name.partition("@")
        key, field = (redis_keys.aspect_set(id_), version) if version else (redis_keys.ASPECT_SETS, id_)
        found = self._redis.hget(key, field)
        if found is not None:
            return load(StoredSet, found)
        along = built_in().get(id_)
        if along is not None and version in ("", along.version):
            return _along(along)
        if version and (along is not None or self._redis.hexists(redis_keys.ASPECT_SETS, id_)):
            raise AspectSetNotFound(
                f"The set {id_!r} has no version {version!r}; GET /api/v1/aspect-sets/{id_} lists them."
            )
        raise AspectSetNotFound(f"There is no set of aspects {name!r}; GET /api/v1/aspect-sets lists them.")

    def versions(self, id_: str) -> list[StoredSet]:
        """Return all versions of a set, the newest first. Raises AspectSetNotFound."""
        newest = self.get(id_)
        stored = [load(StoredSet, value) for value in self._redis.hvals(redis_keys.aspect_set(id_))]
        stored.sort(key=lambda version: (version != newest, -(version.stored_at_ms or 0)))
        return stored or [newest]

    def save(self, aspects: AspectSet) -> bool:
        """Make this the newest version of its set; return whether the set is new. Raises InvalidInput.

        A version that is there already becomes the newest again.
        """
        if aspects.id in built_in():
            raise _refused(
                "built_in_set", f"The set {aspects.id!r} came along and stays as it is: store yours under another id."
            )
        key, version = redis_keys.aspect_set(aspects.id), aspects.version
        is_new = not self._redis.hexists(redis_keys.ASPECT_SETS, aspects.id)
        if is_new and self._redis.hlen(redis_keys.ASPECT_SETS) >= MAX_SETS:
            raise _refused("too_many_sets", f"There are {MAX_SETS} sets, and no more are stored: delete one first.")
        if self._redis.hlen(key) >= MAX_VERSIONS and not self._redis.hexists(key, version):
            detail = f"The set {aspects.id!r} has {MAX_VERSIONS} versions: delete it, or store this under another id."
            raise _refused("too_many_versions", detail)
        stored = dump(StoredSet(aspects.dumps(), now_ms(self._redis)))
        pipe = self._redis.pipeline(transaction=True)
        pipe.hset(redis_keys.ASPECT_SETS, aspects.id, stored)
        pipe.hset(key, version, stored)
        pipe.execute()
        return is_new

    def delete(self, id_: str) -> None:
        """Delete a stored set with all its versions. Raises AspectSetNotFound; InvalidInput for one that came along."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hdel(redis_keys.ASPECT_SETS, id_)
        pipe.delete(redis_keys.aspect_set(id_))
        deleted, _ = pipe.execute()
        if not deleted:
            self.get(id_)
            raise _refused("built_in_set", f"The set {id_!r} came along and cannot be deleted.")


def _along(aspects: AspectSet) -> StoredSet:
    return StoredSet(aspects.dumps())


def _refused(code: str, detail: str) -> InvalidInput:
    return InvalidInput(detail, errors=(FieldError(code, detail, pointer="/id"),))
