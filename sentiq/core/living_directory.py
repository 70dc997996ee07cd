"""A directory that processes share for as long as one of them lives."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path


def make(prefix: str) -> Path:
    """Make a directory for this process and those that it will fork, and return it.

    Removes those with the same prefix whose processes have all ended, as after a kill. Raises OSError when the disk is
    full.
    """
    _remove_stale(prefix)
    new = Path(tempfile.mkdtemp(prefix=f"new-{prefix}"))
    # The descriptor stays open: all these processes hold the lock for as long as one of them lives.
    fcntl.flock(os.open(new, os.O_RDONLY), fcntl.LOCK_EX)
    return new.rename(new.with_name(new.name.removeprefix("new-")))


def _remove_stale(prefix: str) -> None:
    for directory in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        try:
            fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # another user's, or just removed
        try:
            if os.fstat(fd).st_uid == os.getuid():
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory, ignore_errors=True)
        except BlockingIOError:
            pass  # its process lives
        finally:
            os.close(fd)
