"""The version of the data in Redis: older data are carried over once, newer ones are refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis, ResponseError
from redis.client import Pipeline

from sentiq.admin.backup import backup
from sentiq.admin.commands import main as admin
from sentiq.core import redis_keys
from sentiq.core.api_keys import KeyStore
from sentiq.core.errors import NewerData
from sentiq.core.settings import Settings, current
from sentiq.jobs import schema

COUNTS = "sentiq:carried"


def count(pipe: Pipeline) -> None:
    pipe.multi()
    pipe.hincrby(COUNTS, "first", 1)


def double(pipe: Pipeline) -> None:
    before = int(pipe.hget(COUNTS, "first") or 0)
    pipe.multi()
    pipe.hset(COUNTS, "second", before * 2)


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What an operator's shell has."""
    monkeypatch.setenv("SENTIQ_REDIS_URL", settings.redis_url.get_secret_value())
    current.cache_clear()
    yield
    current.cache_clear()


@pytest.fixture
def version_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "VERSION", 3)
    monkeypatch.setattr(schema, "MIGRATIONS", {1: count, 2: double})


def test_there_is_a_migration_for_each_older_version() -> None:
    assert set(schema.MIGRATIONS) == set(range(1, schema.VERSION))


def test_the_version_is_noted_and_stays(redis: Redis) -> None:
    schema.ensure(redis)

    assert redis.get(redis_keys.SCHEMA) == str(schema.VERSION).encode()
    assert redis.ttl(redis_keys.SCHEMA) == -1


@pytest.mark.usefixtures("version_3")
@pytest.mark.parametrize("noted", [None, "1"])
def test_older_data_are_carried_over_once_however_many_come(redis: Redis, noted: str | None) -> None:
    if noted:
        redis.set(redis_keys.SCHEMA, noted)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: schema.ensure(redis), range(64)))

    assert redis.get(redis_keys.SCHEMA) == b"3"
    assert redis.hgetall(COUNTS) == {b"first": b"1", b"second": b"2"}


@pytest.mark.usefixtures("version_3")
def test_only_what_is_missing_is_carried_over(redis: Redis) -> None:
    redis.set(redis_keys.SCHEMA, "2")

    schema.ensure(redis)

    assert redis.hgetall(COUNTS) == {b"second": b"0"}


def test_a_migration_that_fails_leaves_all_as_it_was(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(pipe: Pipeline) -> None:
        pipe.hget(redis_keys.JOBS, "")  # a sorted set: Redis refuses
        pipe.multi()

    redis.zadd(redis_keys.JOBS, {"job_1": 1})
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(schema, "MIGRATIONS", {1: fails})

    with pytest.raises(ResponseError):
        schema.ensure(redis)

    assert redis.get(redis_keys.SCHEMA) is None


def test_newer_data_are_refused_by_name_and_left_alone(redis: Redis) -> None:
    redis.set(redis_keys.SCHEMA, "7")

    for use in (schema.check, schema.ensure):
        with pytest.raises(NewerData, match=rf"version 7 .*up to {schema.VERSION}\..*docs/upgrading\.md"):
            use(redis)

    assert redis.get(redis_keys.SCHEMA) == b"7"


@pytest.mark.usefixtures("environment")
def test_an_operator_s_command_refuses_newer_data_but_restores_older(
    redis: Redis, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept, _ = KeyStore(redis).create("kept", [])
    backup(redis, tmp_path / "older")
    redis.set(redis_keys.SCHEMA, "7")
    backup(redis, tmp_path / "newer")

    assert admin(["keys", "create", "lost"]) == 78
    assert "schema version 7" in capsys.readouterr().err
    assert admin(["config", "check"]) == 1
    assert "schema version 7" in capsys.readouterr().err
    assert admin(["restore", str(tmp_path / "newer"), "--replace"]) == 78
    assert redis.get(redis_keys.SCHEMA) == b"7", "nothing was restored"

    assert admin(["restore", str(tmp_path / "older"), "--replace"]) == 0
    assert redis.get(redis_keys.SCHEMA) == str(schema.VERSION).encode()
    assert KeyStore(redis).all() == [kept]
