"""A running `make run`, for commands of another terminal: its folder, and there the address of the Redis it started."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

from sentiq.core.settings import REPOSITORY, Settings, current

REDIS_URL = "redis-url"  #: the file with the address, which is there while `make run` is at work


def directory() -> Path:
    """Return the folder that RUN_DIR names, by default `.run` beside our code."""
    return Path(os.environ.get("RUN_DIR") or REPOSITORY / ".run").absolute()


def settings_beside() -> Settings:
    """Return the settings of this process; where they name no Redis, with that of `make run`, if it is at work.

    Raises SettingsError as `current` does.
    """
    settings = current()
    if "redis_url" in settings.model_fields_set:
        return settings
    try:
        url = (directory() / REDIS_URL).read_text().strip()
    except OSError:
        return settings
    return settings.model_copy(update={"redis_url": SecretStr(url)})
