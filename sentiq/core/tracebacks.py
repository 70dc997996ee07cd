"""Tells where an exception was raised, never what it says: that may be somebody's text."""

from __future__ import annotations

import os

PLACES = 6  #: the innermost ones


def places(error: BaseException) -> str:
    """Return the files and lines that an exception went through, separated by blanks."""
    found = []
    at = error.__traceback__
    while at is not None:
        name = os.path.basename(at.tb_frame.f_code.co_filename)  # noqa: PTH119  # pathlib is slow to load
        found.append(f"{name}:{at.tb_lineno}")
        at = at.tb_next
    return " ".join(found[-PLACES:])
