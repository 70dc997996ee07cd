"""What the store in memory adds to its library, compared with Redis itself where that has it too."""

from __future__ import annotations

import msgpack
import pytest
from redis import Redis

from sentiq.core import memory_store
from sentiq.core.redis import connect
from sentiq.core.redis_address import IN_MEMORY, RedisAddress
from sentiq.core.settings import Settings

BOTH = pytest.mark.stores("redis", "memory")


@BOTH
def test_lua_packs_what_python_unpacks(redis: Redis) -> None:
    packed = redis.eval("return cmsgpack.pack({'文', {'a', 1, 2.5}, false, {x = '\\255'}})", 0)
    assert isinstance(packed, bytes)
    assert msgpack.unpackb(packed, raw=True) == ["文".encode(), [b"a", 1, 2.5], False, {b"x": b"\xff"}]


@BOTH
def test_lua_unpacks_what_python_packs(redis: Redis) -> None:
    packed = msgpack.packb([b"a\xff", 7, [b"b"]], use_bin_type=False)
    assert redis.eval("local v = cmsgpack.unpack(ARGV[1]); return {v[1], v[2], v[3][1]}", 0, packed) == [
        b"a\xff",
        7,
        b"b",
    ]


@BOTH
def test_of_an_absent_hash_several_fields_are_none(redis: Redis) -> None:
    assert redis.hrandfield("absent", 3, withvalues=True) == []
    assert redis.hrandfield("absent") is None


@pytest.mark.stores("memory")
def test_the_memory_in_use_grows_with_what_is_stored_and_shrinks_again(redis: Redis) -> None:
    before = redis.info("memory")["used_memory"]
    with redis.pipeline(transaction=True) as pipe:
        pipe.set("text", b"x" * 100_000)
        pipe.hset("hash", mapping={str(n): b"y" * 1_000 for n in range(100)})
        pipe.rpush("list", *(b"z" * 1_000 for _ in range(100)))
        pipe.zadd("sorted", {"w" * 1_000 + str(n): n for n in range(100)})
        pipe.execute()
    used = redis.info("memory")["used_memory"] - before
    assert 380_000 < used < 800_000
    redis.delete("text", "hash", "list", "sorted")
    assert redis.info("memory")["used_memory"] - before < 100_000


@pytest.mark.stores("memory")
def test_the_store_belongs_to_its_process_and_is_gone_when_it_is_closed(redis: Redis, settings: Settings) -> None:
    redis.set("key", "value")
    with connect(settings.redis_address) as other:
        assert other.get("key") == b"value"
    memory_store.close_store()
    with pytest.raises(memory_store.NotOpened, match="sentiq serve --embedded"):
        connect(RedisAddress.parse(IN_MEMORY))
