"""Uploaded files that are previewed before a job is made of them: compressed pieces in Redis, for a limited time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import zstandard
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.errors import UploadNotFound
from sentiq.core.redis import text
from sentiq.core.redis_clock import now_ms
from sentiq.jobs.types import new_id

PIECE_BYTES = 1 << 18
LEVEL = 1  #: files are kept for an hour, and often packed already


@dataclass(frozen=True, slots=True)
class Upload:
    id: str
    file_name: str
    content_type: str
    size: int  # bytes
    created_at_ms: int
    expires_at_ms: int


class UploadStore:
    """All uploads of one Redis."""

    def __init__(self, redis: Redis, ttl_s: int, shard: str = "") -> None:
        self._redis = redis
        self._ttl_s = ttl_s
        self._shard = shard

    def create(self, pieces: Iterator[bytes], file_name: str, content_type: str, owner: str = "") -> str:
        """Store a file; returns its id. Raises what the pieces raise, and then nothing is stored.

        `owner` is the id of the API key that sends it; "" where no key is required.
        """
        upload_id = new_id("upl", self._shard)
        content, meta = redis_keys.upload_content(upload_id), redis_keys.upload(upload_id)
        size, waiting = 0, b""
        try:
            for piece in pieces:
                size += len(piece)
                waiting += piece
                if len(waiting) >= PIECE_BYTES:
                    self._push(content, waiting)
                    waiting = b""
            if waiting:
                self._push(content, waiting)
            fields = {"file_name": file_name, "content_type": content_type, "size": size, "owner": owner}
            fields["created_at"] = now_ms(self._redis)
            self._redis.hset(meta, mapping=fields)  # type: ignore[arg-type]  # its stub wants one type of value
            self._redis.expire(meta, self._ttl_s)
        except BaseException:
            self._redis.delete(content, meta)
            raise
        return upload_id

    def get(self, upload_id: str) -> Upload:
        """Raises UploadNotFound."""
        key = redis_keys.upload(upload_id)
        fields = {text(name): text(value) for name, value in self._redis.hgetall(key).items()}
        if not fields:
            raise UploadNotFound(f"There is no upload {upload_id}; uploads are kept for {self._ttl_s:,} s.")
        expires_at_ms = now_ms(self._redis) + int(self._redis.pttl(key))
        size, created_at_ms = int(fields["size"]), int(fields["created_at"])
        return Upload(upload_id, fields["file_name"], fields["content_type"], size, created_at_ms, expires_at_ms)

    def owner_of(self, upload_id: str) -> str | None:
        """Return the id of the API key that sent an upload; None when there is no such upload."""
        owner = self._redis.hget(redis_keys.upload(upload_id), "owner")
        return None if owner is None else text(owner)

    def pieces(self, upload_id: str) -> Iterator[bytes]:
        """Yield the content of the file. Raises UploadNotFound when it expires while it is read."""
        total = self._redis.llen(redis_keys.upload_content(upload_id))
        for number in range(int(total)):
            piece = self._redis.lindex(redis_keys.upload_content(upload_id), number)
            if piece is None:
                raise UploadNotFound(f"The upload {upload_id} expired while it was read; upload the file again.")
            yield zstandard.decompress(cast(bytes, piece))

    def delete(self, upload_id: str) -> None:
        """Raises UploadNotFound."""
        if not self._redis.delete(redis_keys.upload(upload_id), redis_keys.upload_content(upload_id)):
            raise UploadNotFound(f"There is no upload {upload_id}; uploads are kept for {self._ttl_s:,} s.")

    def _push(self, key: str, data: bytes) -> None:
        self._redis.rpush(key, zstandard.compress(data, LEVEL))
        self._redis.expire(key, self._ttl_s)
