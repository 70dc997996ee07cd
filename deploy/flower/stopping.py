"""Flower's end: at once and with its memory saved, whatever its threads wait for.

Flower 2.2.0 ends by SystemExit in its main thread. Python then waits for the threads of its executor before Flower
saves what it knows, and while Redis is away one of them waits for ever: what it sends to workers every five seconds is
tried again without limit (kombu 5.7.0, Mailbox._publish). SIGKILL alone ended it then, and what it knew was lost.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from flower.app import Flower

_serve = Flower.start


def _serve_and_end(flower: Any) -> None:
    try:
        _serve(flower)
    except (KeyboardInterrupt, SystemExit):
        flower.stop()
        sys.stdout.flush()
        os._exit(0)


def install() -> None:
    """From now on Flower ends so."""
    Flower.start = _serve_and_end
