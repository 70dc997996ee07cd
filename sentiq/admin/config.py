"""`sentiq-admin config check`: would the service start with this environment, and does Redis keep what it is given?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr
from redis import Redis
from redis.exceptions import NoPermissionError, ResponseError

from sentiq.core.errors import NewerData
from sentiq.core.redis import REDIS_AWAY, connect
from sentiq.core.settings import PREFIX, Settings
from sentiq.jobs import schema

OLDEST_REDIS = (6, 2)  #: it has all commands that the scripts use


def check(settings: Settings) -> list[str]:
    """Print the settings that are not the default; return what is wrong around them, each with its remedy."""
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if value != field.default:
            shown = "(set, not shown)" if isinstance(value, SecretStr) and name != "redis_url" else value
            print(f"{PREFIX}{name.upper()}: {settings.redis_address if name == 'redis_url' else shown}")
    return [*_model(settings), *_redis(settings)]


def _model(settings: Settings) -> list[str]:
    """Workers alone have models: elsewhere there is nothing to look at."""
    roots = [root for root in dict.fromkeys(settings.model_roots) if root.is_dir()]
    where = " or ".join(map(str, roots))
    if settings.cascade:
        pair = [name.strip() for name in settings.cascade.split(",")]
        if not roots or any(_names_pair(path, pair) for root in roots for path in root.glob("*/cascade.json")):
            return []
        fit = f"Fit it: sentiq-cascade {' '.join(pair)} TEXTS (docs/cascade.md)."
        return [f"{PREFIX}CASCADE: no fitted pair {settings.cascade!r} in {where}. {fit}"]
    if not roots or any(_names_model(path, settings.model) for root in roots for path in root.glob("*/manifest.json")):
        return []
    return [f"{PREFIX}MODEL: there is no model {settings.model!r} in {where}. Prepare it: docs/models.md."]


def _names_model(manifest: Path, model: str) -> bool:
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        return model in (content["id"], f"{content['id']}@{content['version']}")
    except (OSError, ValueError, KeyError, TypeError):
        return False  # a damaged one is none; the worker says why when it starts


def _names_pair(file: Path, pair: Sequence[str]) -> bool:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        names = [content["student"], content["teacher"]]
        return all(asked in (name, name.rpartition("@")[0]) for asked, name in zip(pair, names, strict=True))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _redis(settings: Settings) -> list[str]:
    try:
        with connect(settings.redis_address, timeout_s=2) as redis:
            return _faults(redis)
    except REDIS_AWAY as error:
        return [f"{PREFIX}REDIS_URL: Redis cannot be reached at {settings.redis_address}: {error}."]
    except ResponseError as error:  # a wrong password, a database that is not there
        return [f"{PREFIX}REDIS_URL: Redis at {settings.redis_address} refuses: {error}."]


def _faults(redis: Redis) -> list[str]:
    faults = []
    try:
        schema.check(redis)
    except NewerData as error:
        faults.append(str(error))
    server, persistence = redis.info("server"), redis.info("persistence")
    version = tuple(map(int, server["redis_version"].split(".")[:2]))
    if version < OLDEST_REDIS:
        faults.append(f"Redis is {server['redis_version']}: take 6.2 or newer.")
    if not persistence["aof_enabled"]:
        faults.append("Redis loses jobs when it stops: set `appendonly yes`.")
    elif persistence["aof_last_write_status"] != "ok":
        faults.append("Redis cannot write its append-only file: make room on its disk (docs/runbook.md).")
    try:
        policy = redis.config_get("maxmemory-policy").get("maxmemory-policy")
    except NoPermissionError:
        policy = redis.info("memory").get("maxmemory_policy")
    if policy != "noeviction":
        faults.append(f"Redis throws jobs away when it is full (maxmemory-policy {policy}): set it to noeviction.")
    return faults
