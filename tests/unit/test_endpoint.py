"""Each way to write where Redis is means the same to redis-py and to kombu."""

from __future__ import annotations

import pytest

from sentiq.core.redis_address import RedisAddress


@pytest.mark.parametrize(
    ("url", "broker_url", "told"),
    [
        ("redis://h", "redis://h:6379/0", "h:6379"),
        ("redis://h:1/2", "redis://h:1/2", "h:1"),
        ("redis://:p%40ss@h:1/0", "redis://:p%40ss@h:1/0", "h:1"),
        ("redis://me:pw@[::1]:1/0", "redis://me:pw@[::1]:1/0", "::1:1"),
        ("rediss://me:pw@h/0", "rediss://me:pw@h:6379/0", "h:6379"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3", "unix socket /run/redis.sock"),
        (
            "redis+sentinel://me:pw@a:1,b/mymaster/2",
            "sentinel://me:pw@a:1/2;sentinel://me:pw@b:26379/2",
            "master mymaster of the Sentinels a:1, b:26379",
        ),
    ],
)
def test_an_address_is_read(url: str, broker_url: str, told: str) -> None:
    address = RedisAddress.parse(url)

    assert address.broker_url == broker_url
    assert str(address) == told
    assert "pw" not in repr(address)


def test_the_broker_is_told_of_the_master() -> None:
    address = RedisAddress.parse("rediss+sentinel://a,b/mymaster")

    assert address.broker_options["master_name"] == "mymaster"
    assert address.broker_options["sentinel_kwargs"] == {"ssl": True}
    assert RedisAddress.parse("redis://a").broker_options == {}
