"""Delivers the messages of webhooks until SIGTERM, which lets those on their way arrive."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

import structlog

from sentiq.core import logs
from sentiq.core.errors import NewerData, SettingsError
from sentiq.core.networks import parse_networks
from sentiq.core.redis import REDIS_AWAY, connect
from sentiq.core.settings import current
from sentiq.core.systemd import notify
from sentiq.jobs import schema
from sentiq.jobs.store import JobStore
from sentiq.webhooks.deliverer import Deliverer
from sentiq.webhooks.sending import Sender
from sentiq.webhooks.store import WebhookStore

EX_CONFIG = 78  #: exit code for settings or data that cannot be used (sysexits.h)
INTERVAL_S = 0.5

log = structlog.get_logger(__name__)


def main() -> int:
    epilog = "Settings: docs/settings.md. Exit status: 0 stopped; 78 a setting is wrong."
    argparse.ArgumentParser(prog="python -m sentiq.webhooks", description=__doc__, epilog=epilog).parse_args()
    try:
        settings = current()
    except SettingsError as error:
        sys.stderr.write(f"sentiq: the settings are wrong.\n{error}\n")
        return EX_CONFIG
    logs.configure(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    redis = connect(settings.redis_address)
    alive = Path(settings.alive_file) if settings.alive_file else None
    deliverer = Deliverer(
        JobStore(redis, settings), WebhookStore(redis), Sender(parse_networks(settings.webhook_networks))
    )
    log.info("webhooks are delivered")
    exit_code, knows_data = 0, False
    while not stop.is_set():
        moved = 0
        try:
            if not knows_data:
                schema.ensure(redis)
                knows_data = True
            moved = deliverer.step()
        except NewerData as error:
            log.critical("this release is too old for the data in Redis", reason=str(error))
            exit_code = EX_CONFIG
            break
        except REDIS_AWAY as error:
            log.warning("webhooks wait for Redis", reason=str(error))
        notify("READY=1", "WATCHDOG=1")
        if alive:
            alive.touch()
        if not moved and not stop.is_set():
            deliverer.rest(INTERVAL_S)
    notify("STOPPING=1")
    deliverer.close()
    if alive:
        alive.unlink(missing_ok=True)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
