"""Commands whose output goes to `head`, which closes the pipe when it has seen enough."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.paths import REPOSITORY

FEW_WORDS = """
import sys
from sentiq.core.standard_output import until_nobody_reads
sys.exit(until_nobody_reads(lambda: print("few words, which stay in a buffer until the end") or 0))
"""


ONE_STEP = """
import sys
from sentiq.core.standard_output import until_nobody_reads
from tools.exit_status import exit_status
sys.exit(until_nobody_reads(lambda: exit_status("one-step", lambda: print("at once", flush=True), unwritten="nothing")))
"""

LONG_WORK = """
import sys
from sentiq.core.standard_output import until_nobody_reads
from tools.tuning.ending import exit_status
sys.exit(until_nobody_reads(lambda: exit_status("long-work", lambda _: print("at once", flush=True), "take less")))
"""


@pytest.mark.parametrize(
    "command",
    [["-m", "worker.doctor"], ["-c", FEW_WORDS], ["-c", ONE_STEP], ["-c", LONG_WORK]],
    ids=["sentiq-doctor", "at the end", "a command of one step", "a command that learns"],
)
def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word(command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, *command], cwd=REPOSITORY, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=300
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
