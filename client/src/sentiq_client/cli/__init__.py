"""The command `sentiq`."""

from __future__ import annotations

import sys

# httpx imports a command of its own where rich and click are installed, and ours would start a fifth of a second later.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # as Python documents it: it is not to be found

from sentiq_client.cli.main import main  # noqa: E402  # it imports httpx

__all__ = ["main"]
