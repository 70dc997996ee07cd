"""sentiq-admin: what operators do to a running cluster.

    sentiq-admin models             list the models that the live workers have
    sentiq-admin activate MODEL     go over to another model, by id or id@version, without stopping
    sentiq-admin keys create NAME   make an API key and print it, this once: --scopes, --rate
    sentiq-admin keys list          list the API keys
    sentiq-admin keys rotate ID     give a key a new secret; the old one is void, its jobs stay its own
    sentiq-admin keys revoke ID     make a key void

Reads SENTIQ_REDIS_URL. Exit status: 0 done; 1 refused or not done in time, the reason is on standard error; 2 wrong
usage; 78 a setting is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from redis import Redis

from admin import keys
from jobs import activation
from jobs.cluster import live_workers
from jobs.connection import REDIS_AWAY, connect
from jobs.errors import SentiqError, SettingsError
from jobs.settings import current

POLL_S = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="sentiq-admin", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("models", help="list the models that the live workers have")
    activate_parser = commands.add_parser("activate", help="go over to another model without stopping")
    activate_parser.add_argument("model", metavar="MODEL", help="id, or id@version")
    activate_parser.add_argument("--timeout", type=float, default=180, help="seconds to wait (default: 180)")
    keys.add_commands(commands.add_parser("keys", help="make and void API keys"))
    options = parser.parse_args(arguments)
    try:
        with connect(current()) as redis:
            if options.command == "keys":
                return keys.run(redis, options)
            return models(redis) if options.command == "models" else activate(redis, options.model, options.timeout)
    except SettingsError as error:
        return fail(f"the settings are wrong.\n{error}", 78)
    except SentiqError as error:
        return fail(error.detail)
    except REDIS_AWAY as error:
        return fail(f"Redis cannot be reached at SENTIQ_REDIS_URL: {error}")


def models(redis: Redis) -> int:
    """Print id, version, labels, precision and, for each worker, whether it serves the model."""
    workers = live_workers(redis)
    for model in dict.fromkeys(found for worker in workers for found in worker.stored):
        serving = [w.worker for w in workers if (w.model, w.model_version) == (model.id, model.version)]
        print(model.name, model.precision, ",".join(model.labels), "active on " + ", ".join(serving) if serving else "")
    return 0 if workers else fail("no worker is live")


def activate(redis: Redis, model: str, timeout_s: float) -> int:
    """Propose a model, and wait until every live worker serves it."""
    name = activation.propose(redis, model, live_workers(redis))
    print(f"{name}: every live worker loads and tries it")
    deadline_s = time.monotonic() + timeout_s
    tried = False
    while time.monotonic() < deadline_s:
        decided = activation.read(redis)
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


if __name__ == "__main__":
    sys.exit(main())
