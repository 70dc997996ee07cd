"""`sentiq-admin keys`: API keys."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from redis import Redis

from sentiq.core.api_keys import KeyStore, Scope


def add_commands(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make a key and print it, this once")
    create.add_argument("name", metavar="NAME", help="for people: who uses it")
    create.add_argument(
        "--scopes",
        type=_scopes,
        default=frozenset({Scope.SUBMIT, Scope.READ}),
        metavar="SCOPE[,SCOPE…]",
        help=f"of {', '.join(Scope)} (default: submit,read)",
    )
    create.add_argument("--rate", default="", metavar="LIMIT", help="such as 600/minute (default: SENTIQ_RATE_LIMIT)")
    actions.add_parser("list", help="list the keys")
    for name, what in (("rotate", "give a key a new secret"), ("revoke", "make a key void")):
        actions.add_parser(name, help=what).add_argument("id", metavar="ID", help="as `keys list` shows it")


def run(redis: Redis, options: argparse.Namespace) -> int:
    """Raises SentiqError and SettingsError."""
    store = KeyStore(redis)
    if options.action == "list":
        for key in store.all():
            made = datetime.fromtimestamp(key.created_at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            print(key.id, made, ",".join(sorted(key.scopes)), key.rate_limit or "-", key.name, sep="  ")
    elif options.action == "revoke":
        store.revoke(options.id)
        print(f"{options.id} is void", file=sys.stderr)
    else:
        if options.action == "create":
            key, token = store.create(options.name, options.scopes, options.rate)
        else:
            key, token = store.rotate(options.id)
        print(f"{key.id} ({key.name}); its secret is shown this once:", file=sys.stderr)
        print(token)
    return 0


def _scopes(text: str) -> frozenset[Scope]:
    try:
        return frozenset(Scope(word.strip()) for word in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; there are {', '.join(Scope)}") from None
