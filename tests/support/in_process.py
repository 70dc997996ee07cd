"""A command in the process of the tests, as a process of its own runs it, but without the start of one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

import pytest

INTERRUPTED = 130  #: exit code of a command that Ctrl-C ended
_ALONE = Lock()  #: there is one standard output


def call(
    main: Callable[[], object], words: Sequence[str], env: Mapping[str, str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Call the `main` of a command, whose name and arguments are `words`, with more environment.

    Standard streams are files, and what the tests set up of logging is left out. It is for commands that leave signals
    and their process as they are.
    """
    with ExitStack() as stack:
        given, out, err = (stack.enter_context(TemporaryFile()) for _ in range(3))
        given.write(stdin)
        given.seek(0)
        with _ALONE, _streams(given, out, err), pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", [*words])
            patch.setattr(logging.root, "handlers", [])
            for name, value in env.items():
                patch.setenv(name, value)
            try:
                status = main()
            except SystemExit as ended:
                status = ended.code
            if status == INTERRUPTED:  # who interrupts the tests does not mean a command
                raise KeyboardInterrupt
        for file in (out, err):
            file.seek(0)
        assert status is None or isinstance(status, int), status
        return subprocess.CompletedProcess([*words], status or 0, out.read(), err.read())


@contextmanager
def _streams(*files: IO[bytes]) -> Iterator[None]:
    """Put files in the place of the three standard streams, those of the system and those of Python."""
    kept = [os.dup(number) for number in range(3)]
    try:
        for number, file in enumerate(files):
            os.dup2(file.fileno(), number)
        with (
            open(0, encoding="utf-8", closefd=False) as given,
            open(1, "w", encoding="utf-8", closefd=False) as out,
            open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False) as err,
            pytest.MonkeyPatch.context() as patch,
        ):
            for name, stream in (("stdin", given), ("stdout", out), ("stderr", err)):
                patch.setattr(sys, name, stream)
            yield
    finally:
        for number, copy in enumerate(kept):
            os.dup2(copy, number)
            os.close(copy)
