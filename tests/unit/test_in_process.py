"""A command that a test calls in its own process finds what it would find in one of its own, and leaves nothing."""

from __future__ import annotations

import logging
import os
import sys

import pytest

from tests.support.in_process import call


def main() -> int:
    print(*sys.argv, os.environ["SENTIQ_URL"], os.isatty(0), os.isatty(1), sys.stderr.isatty())
    os.write(1, os.read(0, 10))  # before what is printed, which is flushed at the end
    logging.getLogger("sentiq_client").warning("passt auf, 小心")
    sys.exit(3)


def state() -> list[object]:
    streams = [sys.stdin, sys.stdout, sys.stderr, *(os.fstat(number).st_ino for number in range(3))]
    return [*streams, sys.argv, dict(os.environ), [*logging.root.handlers]]


def test_a_command_finds_what_a_process_of_its_own_has_and_leaves_nothing() -> None:
    before = state()
    done = call(main, ["sentiq", "很好"], {"SENTIQ_URL": "http://[::1]"}, b"any\xff\n")
    assert state() == before
    assert done.returncode == 3
    assert done.stdout == b"any\xff\n" + "sentiq 很好 http://[::1] False False False\n".encode()
    assert done.stderr.decode() == "passt auf, 小心\n"


def test_what_a_command_does_not_catch_comes_through() -> None:
    before = state()
    with pytest.raises(ZeroDivisionError):
        call(lambda: 1 // 0, ["sentiq"], {})
    assert state() == before
