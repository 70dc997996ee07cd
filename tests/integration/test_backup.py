"""Backups: every kind of key, exactly; and files that are no sound backup are refused before anything changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis

from sentiq.admin import backup as backup_module
from sentiq.admin.backup import PART, backup, restore
from sentiq.admin.backup_file import MAGIC, BackupRefused, write
from sentiq.admin.commands import main as admin
from sentiq.core.settings import Settings, current
from sentiq.jobs import schema
from tests.support.admin import admin_here
from tests.support.paths import REPOSITORY
from tests.support.processes import wait_until


@pytest.fixture
def filled(redis: Redis) -> Redis:
    """A Redis with each kind of key, small and of several parts, with and without an end of life."""
    many = PART * 2 + 3
    redis.set("sentiq:a:string", b"\x00\xff")
    redis.rpush("sentiq:{j}:list", *(f"item {n}" for n in range(many)))
    redis.hset("sentiq:{j}:hash", mapping={f"field {n}": bytes([n % 256]) * n for n in range(many)})
    redis.hset("sentiq:webhooks", mapping={"one": "{}"})
    redis.zadd("sentiq:jobs", {f"job {n}": n + 0.25 for n in range(many)})
    redis.sadd("sentiq:set", *(str(n) for n in range(many)))
    redis.pexpire("sentiq:{j}:list", 500_000)
    redis.set("another's", "not ours")
    schema.ensure(redis)
    return redis


def content(redis: Redis) -> dict[bytes, Any]:
    names = cast("list[bytes]", redis.keys("*"))
    readers: dict[bytes, Any] = {
        b"string": redis.get,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"hash": redis.hgetall,
        b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
        b"set": redis.smembers,
    }
    return {key: readers[redis.type(key)](key) for key in names}


def test_all_keys_come_back_exactly_with_the_time_they_had_left(filled: Redis, tmp_path: Path) -> None:
    before = content(filled)

    made = backup(filled, tmp_path / "b")
    filled.flushall()
    filled.set("another's", "not ours")
    restore(filled, tmp_path / "b", replace=False)

    assert content(filled) == before
    assert made.keys == len(before) - 1
    assert 400_000 < filled.pttl("sentiq:{j}:list") <= 500_000
    assert filled.pttl("sentiq:jobs") == -1


@pytest.mark.parametrize("kind", ["string", "hash"])
def test_a_key_that_expires_while_it_is_read_is_left_out(
    filled: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    before, ask = content(filled), backup_module._ask
    brief = f"sentiq:{{j}}:brief {kind}"
    filled.set(brief, "x") if kind == "string" else filled.hset(brief, "field", "x")
    filled.pexpire(brief, 1_500)

    def ask_late(pipe: Any, what: str, of_kind: str, name: bytes) -> None:
        if what == "all" and name.decode() == brief:
            wait_until(lambda: not filled.exists(brief), message="the key expires")
        ask(pipe, what, of_kind, name)

    monkeypatch.setattr(backup_module, "_ask", ask_late)
    backup(filled, tmp_path / "b")
    restore(filled, tmp_path / "b", replace=True)
    assert content(filled) == before


@pytest.mark.parametrize("items", [[], [None]])
def test_a_backup_of_an_earlier_version_may_have_keys_without_elements(
    redis: Redis, tmp_path: Path, items: list[Any]
) -> None:
    kind = "string" if items else "hash"
    with (tmp_path / "b").open("wb") as file:
        write(file, {"version": "0.2.0"}, [(b"sentiq:gone", kind, 1, items), (b"sentiq:kept", "string", None, [b"x"])])
    restore(redis, tmp_path / "b", replace=False)
    assert (redis.exists("sentiq:gone"), redis.get("sentiq:kept")) == (0, b"x")


def test_what_came_later_goes_and_what_is_of_the_moment_stays(filled: Redis, tmp_path: Path) -> None:
    filled.hset("sentiq:workers", "interactive@a", "{}")
    backup(filled, tmp_path / "b")
    before = content(filled)
    filled.set("sentiq:a:later", "x")
    filled.delete("sentiq:a:string")
    filled.hset("sentiq:workers", "bulk@a", "{}")

    restore(filled, tmp_path / "b", replace=True)

    after = content(filled)
    assert after.pop(b"sentiq:workers") == {b"interactive@a": b"{}", b"bulk@a": b"{}"}
    before.pop(b"sentiq:workers")
    assert after == before


def test_writes_go_on_after_a_backup_and_after_one_that_fails(filled: Redis, tmp_path: Path) -> None:
    backup(filled, tmp_path / "b")
    assert filled.set("sentiq:a:string", "x")
    filled.xadd("sentiq:stream", {"no": "kind of ours"})

    with pytest.raises(BackupRefused, match="stream"):
        backup(filled, tmp_path / "c")

    assert filled.set("sentiq:a:string", "y")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize("fault", ["cut off", "damaged", "no backup", "missing", "empty"])
def test_a_bad_file_is_refused_before_anything_changes(filled: Redis, tmp_path: Path, fault: str) -> None:
    file = tmp_path / "b"
    backup(filled, file)
    sound = file.read_bytes()
    bad = {
        "cut off": sound[:-30],
        "damaged": sound[:200] + bytes([sound[200] ^ 1]) + sound[201:],
        "no backup": b"PK\x03\x04" + sound,
        "empty": MAGIC,
    }
    file.unlink()
    if fault in bad:
        file.write_bytes(bad[fault])
    filled.set("sentiq:a:string", "as it is now")
    before = content(filled)

    with pytest.raises(BackupRefused, match=str(file)):
        restore(filled, file, replace=True)

    assert content(filled) == before


def test_a_backup_never_overwrites_a_file(filled: Redis, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("precious")
    with pytest.raises(BackupRefused, match="exists"):
        backup(filled, tmp_path / "b")
    assert (tmp_path / "b").read_text() == "precious"


def test_settings_are_checked_against_the_redis_they_name(
    redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIQ_REDIS_URL", settings.redis_url.get_secret_value())
    monkeypatch.setenv("SENTIQ_MODEL", "no-such-model")
    redis.config_set("maxmemory-policy", "allkeys-lru")
    redis.config_set("appendonly", "no")
    current.cache_clear()
    try:
        assert admin(["config", "check"]) == 1
    finally:
        current.cache_clear()
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("appendonly", "yes")

    said = capsys.readouterr()
    for part in ("noeviction", "appendonly yes", "'no-such-model'"):
        assert part in said.err
    assert "SENTIQ_MODEL: no-such-model" in said.out


def test_settings_that_stop_a_start_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIQ_LEASE", "4")
    current.cache_clear()
    try:
        assert admin(["config", "check"]) == 78
    finally:
        current.cache_clear()
    assert "Did you mean SENTIQ_LEASE_S?" in capsys.readouterr().err


def test_a_backup_passes_through_pipes(filled: Redis, settings: Settings, tmp_path: Path) -> None:
    env = os.environ | {"SENTIQ_REDIS_URL": settings.redis_url.get_secret_value()}
    command = [sys.executable, "-m", "sentiq.admin"]
    before = content(filled)

    saved = subprocess.run([*command, "backup", "-"], cwd=REPOSITORY, env=env, capture_output=True, check=True)
    filled.delete("sentiq:a:string")
    subprocess.run([*command, "restore", "-", "--replace"], cwd=REPOSITORY, env=env, input=saved.stdout, check=True)

    assert content(filled) == before


ALLOWED = "~sentiq:* ~interactive* ~bulk* ~unacked* ~_kombu.* ~*celery.pidbox* ~celeryev* &* +@all -@dangerous +info"


@pytest.mark.parametrize("more", ["+client|pause +client|unpause", ""])
def test_the_user_of_the_docs_may_with_two_commands_more(
    filled: Redis, settings: Settings, tmp_path: Path, more: str
) -> None:
    assert ALLOWED in (REPOSITORY / "docs" / "security.md").read_text()
    rights = [*ALLOWED.split(), *more.split()]
    filled.execute_command("ACL", "SETUSER", "keeper", "on", ">correct-horse", *rights)  # type: ignore[no-untyped-call]
    port = settings.redis_address.hosts[0][1]
    env = {"SENTIQ_REDIS_URL": f"redis://keeper:correct-horse@127.0.0.1:{port}/0"}
    before = content(filled)
    try:
        for command in ("backup", "restore --replace"):
            run = admin_here(env, *command.split(), tmp_path / "b")
            assert run.returncode == (0 if more else 1), run.stderr
            assert "Traceback" not in run.stderr
            assert bool(more) or "client|pause" in run.stderr or str(tmp_path) in run.stderr
    finally:
        filled.acl_deluser("keeper")
    assert content(filled) == before
