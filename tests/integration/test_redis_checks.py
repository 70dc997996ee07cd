"""Each way in which Redis can fail is named, with what to do, by `sentiq-admin config check` and `sentiq-doctor`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from redis import Redis

from sentiq.admin import redis_checks
from sentiq.admin.checks import Check, Verdict
from sentiq.core import redis_keys
from sentiq.core.redis import REDIS_AWAY, connect
from sentiq.core.settings import Settings
from tests.support.processes import free_port, wait_until
from tests.support.redis_server import RedisServer, has_tls


@contextmanager
def running(directory: Path, options: Mapping[str, str], **reached_by: str) -> Iterator[RedisServer]:
    server = RedisServer(directory, options)
    server.reached_by |= reached_by
    server.start()
    try:
        yield server
    finally:
        server.stop(kill=True)


def at(url: str) -> Settings:
    return Settings.model_validate({"redis_url": url})


def named(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in redis_checks.check(settings)}


def unreachable(url: str) -> Check:
    """The one thing that is said of a Redis that cannot be used."""
    found = named(at(url))
    assert list(found) == ["reach"]
    assert found["reach"].verdict is Verdict.FAULT
    return found["reach"]


def test_a_redis_as_it_should_be_has_no_fault(redis: Redis, settings: Settings) -> None:
    redis.config_set("maxmemory", 2**30)
    try:
        found = named(settings)
    finally:
        redis.config_set("maxmemory", 0)
    assert {check.verdict for check in found.values() if check.name not in ("reach", "disk")} == {Verdict.OK}
    assert found["reach"].verdict is not Verdict.FAULT
    assert "free for" in found["disk"].found


def test_looking_changes_nothing(redis: Redis, settings: Settings) -> None:
    redis_checks.check(settings)
    assert redis.keys() == []


@pytest.mark.parametrize(
    ("url", "reason", "remedy"),
    [
        ("redis://127.0.0.1:{free}/0", "refused", "start it"),
        ("unix:///no/such/socket", "No such file", "the path of its socket"),
        ("redis://127.0.0.1:{port}/99", "out of range", "number of the database"),
        ("redis+sentinel://127.0.0.1:{free}/mymaster", "No master found", "the master's name"),
    ],
)
def test_a_wrong_address_is_told_by_its_kind(redis_server: RedisServer, url: str, reason: str, remedy: str) -> None:
    found = unreachable(url.format(port=redis_server.port, free=free_port()))
    assert reason in found.found
    assert "SENTIQ_REDIS_URL" in found.found
    assert remedy in found.remedy


def test_a_redis_that_asks_for_a_password(tmp_path: Path) -> None:
    with running(tmp_path, {"--requirepass": "right"}, redis_password="right") as server:
        for login in ("", ":wrong@"):
            found = unreachable(f"redis://{login}127.0.0.1:{server.port}/0")
            assert "correct the user or the password" in found.remedy
            assert "wrong" not in found.found
        assert named(server.settings)["login"].found == "a password, this host"


@pytest.mark.skipif(not has_tls(), reason="this redis-server was built without TLS")
def test_tls_on_one_side_alone_and_an_unknown_issuer(tmp_path: Path) -> None:
    ca = trustme.CA()
    certificate = ca.issue_cert("127.0.0.1")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "redis.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "redis.key")
    plain = free_port()
    options = {
        "--tls-cert-file": str(tmp_path / "redis.pem"),
        "--tls-key-file": str(tmp_path / "redis.key"),
        "--tls-auth-clients": "no",
        "--tls-port": str(plain),
    }
    with running(tmp_path, options) as server:
        tls_url = f"rediss://127.0.0.1:{plain}/0"
        assert "SENTIQ_REDIS_CA_FILE" in unreachable(tls_url).remedy
        assert "rediss:// instead of redis://" in unreachable(f"redis://127.0.0.1:{plain}/0").remedy
        assert "redis:// instead of rediss://" in unreachable(f"rediss://127.0.0.1:{server.port}/0").remedy
        trusted = Settings.model_validate({"redis_url": tls_url, "redis_ca_file": str(tmp_path / "ca.pem")})
        assert named(trusted)["reach"].verdict is not Verdict.FAULT


def test_a_user_without_the_rights_that_are_needed(tmp_path: Path) -> None:
    users = tmp_path / "users.acl"
    users.write_text("user default on nopass ~sentiq:* ~interactive* &* +@all -@dangerous +info\n")
    with running(tmp_path, {"--aclfile": str(users)}) as server:
        found = named(server.settings)["rights"]
    assert (found.verdict, "bulk, unacked" in found.found, "sentiq:" in found.found) == (Verdict.FAULT, True, False)
    assert "docs/security.md" in found.remedy


def test_a_user_with_those_rights_alone_can_look(tmp_path: Path) -> None:
    users = tmp_path / "users.acl"
    rights = "~sentiq:* ~interactive* ~bulk* ~unacked* ~_kombu.* ~*celery.pidbox* ~celeryev* &*"
    users.write_text(f"user default on nopass {rights} +@all -@dangerous +info\n")
    with running(tmp_path, {"--aclfile": str(users), "--maxmemory": "1gb"}) as server:
        assert [check for check in named(server.settings).values() if check.verdict is Verdict.FAULT] == []


def test_a_redis_that_loses_what_it_is_given(tmp_path: Path) -> None:
    options = {"--appendonly": "no", "--maxmemory-policy": "allkeys-lru", "--maxmemory": "1gb"}
    with running(tmp_path, options) as server:
        found = named(server.settings)
    assert (found["keeps"].verdict, found["keeps"].remedy) == (Verdict.FAULT, "set `appendonly yes`")
    assert (found["policy"].verdict, "allkeys-lru" in found["policy"].found) == (Verdict.FAULT, True)


def test_a_redis_that_is_full(tmp_path: Path) -> None:
    with running(tmp_path, {"--maxmemory": "1"}) as server:
        found = named(server.settings)
    assert (found["writes"].verdict, "Redis is full" in found["writes"].found) == (Verdict.FAULT, True)
    assert "maxmemory" in found["writes"].remedy
    assert (found["memory"].verdict, "new jobs are refused" in found["memory"].found) == (Verdict.FAULT, True)


def test_a_redis_without_a_limit_gets_advice(redis: Redis, settings: Settings) -> None:
    assert redis.config_get("maxmemory") == {"maxmemory": "0"}
    found = named(settings)["memory"]
    assert (found.verdict, "maxmemory" in found.remedy) == (Verdict.ADVICE, True)


def test_a_replica_and_a_master_without_replicas(tmp_path: Path) -> None:
    (tmp_path / "replica").mkdir()
    with running(tmp_path, {"--min-replicas-to-write": "1"}) as master:
        alone = named(master.settings)["writes"]
        with running(tmp_path / "replica", {"--replicaof": f"127.0.0.1 {master.port}"}) as replica:
            of_replica = named(replica.settings)["writes"]
    assert (alone.verdict, "min-replicas-to-write" in alone.remedy) == (Verdict.FAULT, True)
    assert (of_replica.verdict, "name the master" in of_replica.remedy) == (Verdict.FAULT, True)


def test_data_of_a_newer_release(redis: Redis, settings: Settings) -> None:
    redis.set(redis_keys.SCHEMA, "7")
    found = named(settings)["data"]
    assert (found.verdict, "schema version 7" in found.found) == (Verdict.FAULT, True)


def test_connections_that_run_out(tmp_path: Path) -> None:
    with running(tmp_path, {"--maxclients": "2"}) as server, connect(server.settings.redis_address) as other:
        assert other.ping()
        found = named(server.settings)["connections"]
    assert (found.verdict, found.found) == (Verdict.FAULT, "2 of 2 connections in use")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_named_with_its_folder(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], check=True)
    try:
        with running(disk, {}) as server, connect(server.settings.redis_address) as redis:
            ballast = disk / "ballast"
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while file.write(bytes(2**16)):
                    pass
            with suppress(*REDIS_AWAY):
                redis.set("sentiq:test", os.urandom(2**18))
            wait_until(lambda: redis.info("persistence")["aof_last_write_status"] == "err")

            found = named(server.settings)

            assert (found["writes"].verdict, "MISCONF" in found["writes"].found) == (Verdict.FAULT, True)
            assert f"make room on its disk, {disk}" in found["writes"].remedy
            assert (found["keeps"].verdict, str(disk) in found["keeps"].remedy) == (Verdict.FAULT, True)
            assert (found["disk"].verdict, found["disk"].found.partition(",")[0]) == (
                Verdict.FAULT,
                f"0 MB free for {disk}",
            )
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
