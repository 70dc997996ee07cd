"""Checks Redis: can it be reached, does it take and keep what it is given, has it room, is its clock ours?"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from redis import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from sentiq.admin import checks
from sentiq.admin.checks import Check, Verdict
from sentiq.core import redis_clock
from sentiq.core.errors import NewerData
from sentiq.core.networks import is_loopback
from sentiq.core.redis import REDIS_AWAY, RedisFull, RedisRefuses, connect, memory_limit
from sentiq.core.redis_address import RedisAddress
from sentiq.core.settings import Settings
from sentiq.jobs import model_activation, schema
from sentiq.jobs.workers import check_writes

OLDEST = (6, 2)  #: it has all commands that the scripts use
TIMEOUT_S = 2.0
TRIPS = 20
SLOW_MS = 10.0  #: of one trip; a small job takes some ten
APART_S, FAR_APART_S = 2.0, 60.0  #: of two clocks; receivers of webhooks refuse signatures that are minutes old
CROWDED = 0.8  #: share of the connections that Redis allows
SWAPPED = 0.7  #: share of its memory that is resident, below which the rest is in swap
LARGE_BYTES = 100_000_000  #: below it that share says nothing

#: One key of each kind that the service and Celery use: what a Redis user must be allowed (docs/security.md).
KINDS_OF_KEYS = ("sentiq:probe", "interactive", "bulk", "unacked", "_kombu.binding.bulk", "reply.celery.pidbox")

RIGHTS = "give its user the rights that docs/security.md lists"
NO_TLS = "if it takes no TLS, write redis:// instead of rediss://"

#: Parts of the reasons why Redis cannot be used → what to do. The first that fits counts.
REMEDIES = {
    r"NOAUTH|WRONGPASS|AUTH|Authentication|invalid (username|password)": "correct the user or the password, in "
    "SENTIQ_REDIS_URL or SENTIQ_REDIS_PASSWORD",
    r"CERTIFICATE_VERIFY_FAILED|certificate verify failed": "renew the certificate of Redis, or name its issuer in "
    "SENTIQ_REDIS_CA_FILE (docs/runbook.md)",
    r"CERTIFICATE_REQUIRED|certificate required": "name a client certificate, in SENTIQ_REDIS_CERT_FILE and "
    "SENTIQ_REDIS_KEY_FILE",
    r"WRONG_VERSION_NUMBER|RECORD_LAYER|UNEXPECTED_EOF": NO_TLS,
    r"closed by server|reset by peer": "if it takes only TLS, write rediss:// instead of redis://",
    r"not known|name resolution|No address": "correct the name of its host, or the DNS",
    r"refused": "start it, or correct its host and port; `make run` starts one of its own",
    r"No such file": "start it, or correct the path of its socket",
    r"LOADING|loading the dataset": "wait: it reads its data after a start",
    r"max number of clients": "raise its `maxclients`, and the limit on its open files",
    r"DENIED|protected mode": "give it a password (docs/security.md), or let it listen on the loopback alone",
    r"No master": "start the Sentinels and the master that they watch, or correct the master's name at the end",
    r"DB index|invalid DB": "correct the number of the database at the end, such as /0",
    r"timed out|Timeout": "see whether it stands still, and whether a firewall drops what is sent to it",
    r"NOPERM|no permissions": RIGHTS,
}

_ok, _advice, _fault = (partial(say, "redis") for say in (checks.ok, checks.advice, checks.fault))


def check(settings: Settings) -> list[Check]:
    """Look at the Redis of these settings; a Redis that cannot be used is a fault, not an error."""
    address = settings.redis_address
    try:
        with connect(address, timeout_s=TIMEOUT_S) as redis:
            return list(_checks(redis, settings, address))
    except (*REDIS_AWAY, ResponseError) as error:
        return [_unusable(address, error)]


def active_model(settings: Settings) -> str:
    """Return the model that the cluster has gone over to; "" where there is none, or Redis does not tell."""
    try:
        with connect(settings.redis_address, timeout_s=TIMEOUT_S) as redis:
            return model_activation.read(redis).active
    except (*REDIS_AWAY, ResponseError):
        return ""


def _unusable(address: RedisAddress, error: RedisError) -> Check:
    reason = str(error).partition(" : <")[0].rstrip(".") or type(error).__name__  # redis-py shows all its options
    remedy = next((said for part, said in REMEDIES.items() if re.search(part, reason)), "docs/runbook.md has more")
    if address.tls is not None and "imeout" in reason:
        remedy += f"; {NO_TLS}"
    return _fault("reach", f"SENTIQ_REDIS_URL: Redis cannot be used at {address}: {reason}", remedy)


def _checks(redis: Redis, settings: Settings, address: RedisAddress) -> Iterator[Check]:
    info = redis.info()
    yield _reach(redis, info, address)
    yield _version(info)
    yield _login(address)
    rights = _rights(redis)
    yield rights
    if rights.verdict is Verdict.FAULT:
        return
    yield _data(redis)
    yield _writes(redis, info, config(redis))
    yield from _keeps(info, config(redis))
    yield _policy(info)
    yield _memory(info, settings)
    yield _clients(info)
    yield _clock(redis)
    folder = local_folder(info, config(redis))
    if folder is not None:
        yield _disk(folder, info)


def config(redis: Redis) -> dict[str, str]:
    """Return the configuration of Redis; {} for a user who may not read it, as docs/security.md advises."""
    try:
        return {str(name): str(value) for name, value in redis.config_get("*").items()}
    except NoPermissionError:
        return {}


def _reach(redis: Redis, info: dict[str, Any], address: RedisAddress) -> Check:
    ms = median(_trip_ms(redis) for _ in range(TRIPS))
    found = f"{info['role']} at {address} answers in {ms:.1f} ms"
    if info.get("cluster_enabled"):
        return _fault("reach", f"{found}, as a part of Redis Cluster", "take a Redis without it (docs/scaling.md)")
    if ms > SLOW_MS:
        return _advice("reach", found, "see whether its host, or the network to it, is busy")
    return _ok("reach", found)


def _trip_ms(redis: Redis) -> float:
    began = time.perf_counter()
    redis.time()  # a Redis that refuses writes refuses PING, too
    return (time.perf_counter() - began) * 1e3


def _version(info: dict[str, Any]) -> Check:
    version = str(info["redis_version"])
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        return _fault("version", f"Redis is {version}", "take 6.2 or newer")
    return _ok("version", f"Redis {version}")


def _login(address: RedisAddress) -> Check:
    is_near = address.path or all(is_loopback(host) for host, _ in address.hosts)
    found = ", ".join(
        [
            "a password" if address.login else "no password",
            "this host" if is_near else "no TLS" if address.tls is None else "TLS",
        ]
    )
    if not is_near and not address.login:
        return _advice("login", f"{found}, and it is on another host", "give it a password (docs/security.md)")
    return _ok("login", found)


def _rights(redis: Redis) -> Check:
    refused = [key for key in KINDS_OF_KEYS if not _is_allowed(partial(redis.exists, key))]
    if refused:
        found = f"its user may not use keys such as {', '.join(refused)}"
        return _fault("rights", found, RIGHTS)
    return _ok("rights", "its user may use all keys of the service")


def _is_allowed(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except NoPermissionError:
        return False
    return True


def _data(redis: Redis) -> Check:
    try:
        found = schema.check(redis)
    except NewerData as error:
        return _fault("data", str(error).rstrip("."), "docs/upgrading.md has the way back")
    return _ok("data", f"schema version {schema.VERSION if found is None else found}")


def _writes(redis: Redis, info: dict[str, Any], configured: dict[str, str]) -> Check:
    try:
        check_writes(redis)
    except RedisFull:
        found = f"Redis is full, and refuses writes: {_mb(info['used_memory'])} of {_mb(info['maxmemory'])}"
        return _fault("writes", found, "erase jobs, or raise `maxmemory` (docs/runbook.md, Redis fills up)")
    except RedisRefuses as error:
        return _fault("writes", f"Redis refuses writes: {str(error).rstrip('.')}", _why_refused(str(error), configured))
    except NoPermissionError as error:
        return _fault("writes", f"Redis refuses writes: {error}", RIGHTS)
    return _ok("writes", "Redis takes writes")


def _why_refused(reason: str, configured: dict[str, str]) -> str:
    if reason.startswith("MISCONF"):
        return f"make room on its disk{_place(configured)}, or mend that disk; Redis then goes on by itself"
    if "replica" in reason.lower() and "enough" not in reason.lower():
        return "SENTIQ_REDIS_URL names a replica: name the master"
    return "start the replicas that its `min-replicas-to-write` demands, or lower it"


def _keeps(info: dict[str, Any], configured: dict[str, str]) -> Iterator[Check]:
    if not info["aof_enabled"]:
        yield _fault("keeps", "Redis loses jobs when it stops", "set `appendonly yes`")
    elif info["aof_last_write_status"] != "ok":
        remedy = f"make room on its disk{_place(configured)} (docs/runbook.md, The disk of Redis is full)"
        yield _fault("keeps", "Redis cannot write its append-only file", remedy)
    elif info.get("aof_last_bgrewrite_status", "ok") != "ok":
        found = "Redis could not rewrite its append-only file, which grows therefore"
        yield _fault("keeps", found, f"make room on its disk{_place(configured)} and in its memory; read its log")
    elif configured.get("appendfsync") == "no":
        remedy = "set `appendfsync everysec`: a power loss then costs a second of jobs, not half a minute"
        yield _advice("keeps", "Redis leaves it to the kernel when its append-only file is on disk", remedy)
    else:
        yield _ok("keeps", f"Redis writes an append-only file, {_mb(info['aof_current_size'])}")


def _place(configured: dict[str, str]) -> str:
    return f", {configured['dir']}" if "dir" in configured else ""


def _policy(info: dict[str, Any]) -> Check:
    policy = info.get("maxmemory_policy")
    if policy != "noeviction":
        found = f"Redis throws jobs away when it is full (maxmemory-policy {policy})"
        return _fault("policy", found, "set it to noeviction")
    return _ok("policy", "noeviction")


def _memory(info: dict[str, Any], settings: Settings) -> Check:
    used, limit = info["used_memory"], memory_limit(info)
    found = f"{_mb(used)} of {_mb(limit)} in use"
    if used > settings.max_redis_share * limit:
        found += ", and new jobs are refused"
        return _fault("memory", found, "erase jobs, or raise its `maxmemory` (docs/runbook.md, Redis fills up)")
    if not info["maxmemory"]:
        remedy = "set `maxmemory`, to 40 % of its host at most: the rewrite of its file may copy all that it holds"
        return _advice("memory", f"{found}, and Redis has no limit but its host", remedy)
    if used > LARGE_BYTES and info["used_memory_rss"] < SWAPPED * used:
        return _advice("memory", f"{found}, and a part is in swap", "give its host more memory, or let it not swap")
    return _ok("memory", found)


def _clients(info: dict[str, Any]) -> Check:
    most = int(info["maxclients"])
    found = f"{info['connected_clients']:,} of {most:,} connections in use"
    remedy = "raise its `maxclients`, and the limit on its open files"
    if info["connected_clients"] > CROWDED * most:
        return _fault("connections", found, remedy)
    if info["rejected_connections"]:
        return _advice("connections", f"{found}; it has refused {info['rejected_connections']:,} so far", remedy)
    return _ok("connections", found)


def _clock(redis: Redis) -> Check:
    before_s = time.time()
    theirs_s = redis_clock.now_s(redis)
    apart_s = theirs_s - (before_s + time.time()) / 2
    found = f"its clock is {abs(apart_s):.1f} s {'ahead of' if apart_s > 0 else 'behind'} ours"
    remedy = "synchronise the clocks of both hosts (NTP): start times and signatures of webhooks depend on them"
    if abs(apart_s) > FAR_APART_S:
        return _fault("clock", found, remedy)
    return _advice("clock", found, remedy) if abs(apart_s) > APART_S else _ok("clock", found)


def local_folder(info: dict[str, Any], configured: dict[str, str]) -> Path | None:
    """Return the folder of the data of Redis; None unless it runs on this host and we can see its process."""
    folder = Path(configured.get("dir", ""))
    try:
        return folder if Path(f"/proc/{info['process_id']}/cwd").readlink() == folder else None
    except OSError:
        return None


def _disk(folder: Path, info: dict[str, Any]) -> Check:
    free, needed = shutil.disk_usage(folder).free, info["used_memory"]
    found = f"{_mb(free)} free for {folder}"
    if free < needed:
        return _fault("disk", f"{found}, and a rewrite of its file may need {_mb(needed)}", "make room on this disk")
    return _ok("disk", found)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
