"""sentiq-admin: what operators do to a running cluster.

    sentiq-admin status             lanes, workers, jobs, Redis, and what is wrong; --json
    sentiq-admin config check       the settings of this environment, and whether Redis fits them
    sentiq-admin backup FILE        write all jobs, keys and webhooks to a file, while the service runs
    sentiq-admin restore FILE       put a backup in the place of what Redis holds; --replace if it holds anything
    sentiq-admin models             list the models that the live workers have
    sentiq-admin activate MODEL     go over to another model, by id or id@version, without stopping
    sentiq-admin keys create NAME   make an API key and print it, this once: --scopes, --rate
    sentiq-admin keys list          list the API keys
    sentiq-admin keys rotate ID     give a key a new secret; the old one is void, its jobs stay its own
    sentiq-admin keys revoke ID     make a key void

Reads SENTIQ_REDIS_URL; where that is not set, `make run` of this folder is meant, if it is at work. Exit status: 0
done; 1 refused or not done in time, the reason is on standard error; 2 wrong usage; 78 a setting is wrong, or the data
are of a newer release.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from redis import Redis
from redis.exceptions import ResponseError

from sentiq.admin import config, keys, status
from sentiq.admin.backup import backup, backup_to, restore
from sentiq.admin.backup_file import BackupRefused
from sentiq.core import local_run
from sentiq.core.errors import NewerData, SentiqError, SettingsError
from sentiq.core.redis import REDIS_AWAY, RedisRefuses, connect
from sentiq.jobs import model_activation, schema
from sentiq.jobs.workers import live_workers

POLL_S = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="sentiq-admin", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    status_parser = commands.add_parser("status", help="the cluster at a glance; exit status 1 if something is wrong")
    status_parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
    config_actions = commands.add_parser("config", help="look at the settings").add_subparsers(
        dest="action", required=True
    )
    config_actions.add_parser("check", help="would the service start with these settings?")
    backup_parser = commands.add_parser("backup", help="write a backup while the service runs")
    backup_parser.add_argument("file", metavar="FILE", type=Path, help="must not exist yet; - for standard output")
    restore_parser = commands.add_parser("restore", help="restore a backup while Redis runs")
    restore_parser.add_argument("file", metavar="FILE", type=Path, help="- for standard input")
    restore_parser.add_argument("--replace", action="store_true", help="what Redis holds may be lost")
    commands.add_parser("models", help="list the models that the live workers have")
    activate_parser = commands.add_parser("activate", help="go over to another model without stopping")
    activate_parser.add_argument("model", metavar="MODEL", help="id, or id@version")
    activate_parser.add_argument("--timeout", type=float, default=180, help="seconds to wait (default: 180)")
    keys.add_commands(commands.add_parser("keys", help="make and void API keys"))
    options = parser.parse_args(arguments)
    try:
        settings = local_run.settings_beside()
        if options.command == "config":
            faults = config.check(settings)
            return fail("\n".join(faults)) if faults else 0
        with connect(settings.redis_address) as redis:
            if options.command != "restore":  # it is the way out
                schema.check(redis)
            match options.command:
                case "status":
                    return status.show(status.read(redis, settings), as_json=options.json)
                case "backup":
                    return save(redis, options.file)
                case "restore":
                    return bring_back(redis, options.file, options.replace)
                case "keys":
                    return keys.run(redis, options)
                case "models":
                    return models(redis)
                case _:
                    return activate(redis, options.model, options.timeout)
    except SettingsError as error:
        return fail(f"the settings are wrong.\n{error}", 78)
    except NewerData as error:
        return fail(str(error), 78)
    except SentiqError as error:
        return fail(error.detail)
    except BackupRefused as error:
        return fail(str(error))
    except RedisRefuses as error:
        return fail(f"Redis takes no writes now: {error}")
    except REDIS_AWAY as error:
        unset = "" if "redis_url" in settings.model_fields_set else " It is not set, and no `make run` is at work here."
        return fail(f"Redis cannot be reached at SENTIQ_REDIS_URL: {error}{unset}")
    except ResponseError as error:
        return fail(f"Redis refuses: {error}. What its user needs is in docs/security.md and docs/services.md.")


def save(redis: Redis, file: Path) -> int:
    """Write a backup, to standard output for `-`; say what it holds and for how long Redis took no writes."""
    made = backup_to(redis, sys.stdout.buffer) if str(file) == "-" else backup(redis, file)
    print(f"{made.keys:,} keys saved; Redis took no writes for {made.paused_s:.1f} s", file=sys.stderr)
    return 0


def bring_back(redis: Redis, file: Path, replace: bool) -> int:
    """Restore a backup, from standard input for `-`, and say of when it is."""
    with tempfile.NamedTemporaryFile() as copy:
        if str(file) == "-":  # it is read twice
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.flush()
        header = restore(redis, Path(copy.name) if str(file) == "-" else file, replace=replace)
    print(f"restored: as of {header['made_at']}, made by sentiq {header['version']}", file=sys.stderr)
    return 0


def models(redis: Redis) -> int:
    """Print id, version, labels, precision and, for each worker, whether it serves the model."""
    workers = live_workers(redis)
    for model in dict.fromkeys(found for worker in workers for found in worker.stored):
        serving = [w.worker for w in workers if (w.model, w.model_version) == (model.id, model.version)]
        print(model.name, model.precision, ",".join(model.labels), "active on " + ", ".join(serving) if serving else "")
    return 0 if workers else fail("no worker is live")


def activate(redis: Redis, model: str, timeout_s: float) -> int:
    """Propose a model, and wait until every live worker serves it."""
    name = model_activation.propose(redis, model, live_workers(redis))
    print(f"{name}: every live worker loads and tries it")
    deadline_s = time.monotonic() + timeout_s
    tried = False
    while time.monotonic() < deadline_s:
        decided = model_activation.read(redis)
        if decided.error:
            return fail(f"{name} is not activated, nothing has changed: {decided.error}")
        if decided.candidate not in ("", name):
            return fail(f"{name} is not activated: somebody proposed {decided.candidate} meanwhile")
        if decided.active == name and not tried:
            tried = True
            print(f"{name} is active; the workers go over to it")
        if decided.active == name and all(f"{w.model}@{w.model_version}" == name for w in live_workers(redis)):
            print(f"{name} serves on every worker")
            return 0
        time.sleep(POLL_S)
    return fail(f"{name} does not serve on every worker after {timeout_s:g} s; their logs say why")


def fail(reason: str, status: int = 1) -> int:
    print(f"sentiq-admin: {reason}", file=sys.stderr)
    return status
