"""Checks that what a command needs is installed; where it is not, names the remedy instead of a traceback."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NOT_INSTALLED = 69  #: exit status


def need(command: str, remedy: str, *modules: str) -> None:
    """End the process with NOT_INSTALLED unless the modules are installed. To be called before they are imported."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        sys.stderr.write(f"{command}: not installed here: {', '.join(missing)}. {remedy}\n")
        sys.exit(NOT_INSTALLED)
