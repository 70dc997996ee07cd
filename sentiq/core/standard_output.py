"""Standard output of commands, which `| head` closes when it has seen enough. Needs nothing but Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

READER_GONE = 141  #: exit status of who writes into a pipe that nobody reads any more: 128 + SIGPIPE


def until_nobody_reads(command: Callable[[], int]) -> int:
    """Run it and return its exit status; READER_GONE, without a word, where nobody reads what it prints."""
    try:
        status = command()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still buffered
        return READER_GONE
    return status
