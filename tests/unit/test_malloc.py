"""All threads of the API share what is free of memory."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from tests.support.paths import REPOSITORY

#: Prints how many arenas there are once eight threads have allocated.
PROGRAM = """
import ctypes, os, sys, tempfile
from threading import Barrier, Thread
from sentiq.core.malloc import share_one_arena

if sys.argv[1] == "shared":
    share_one_arena()
all_there = Barrier(8)


def allocate():
    kept = [bytes(4_000) for _ in range(1_000)]
    all_there.wait()


threads = [Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
with tempfile.TemporaryFile() as told:
    file = ctypes.c_void_p(libc.fdopen(os.dup(told.fileno()), b"w"))
    libc.malloc_info(0, file)
    libc.fclose(file)
    told.seek(0)
    print(told.read().count(b"<heap nr="))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the C library is not glibc")
def test_threads_share_one_arena_instead_of_having_one_each() -> None:
    def arenas(how: str) -> int:
        command = [sys.executable, "-c", PROGRAM, how]
        return int(subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, timeout=60).stdout)

    assert arenas("each its own") > 1
    assert arenas("shared") == 1
