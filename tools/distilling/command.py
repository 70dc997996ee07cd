"""What sentiq-distil does, once what it needs is known to be installed."""

from __future__ import annotations

import argparse
from pathlib import Path

from tools.prepare.report import step
from tools.tuning.ending import exit_status
from tools.tuning.stopping import Stopping


def run(options: argparse.Namespace) -> int:
    """Teach a student; the exit status, after what went wrong was said on standard error."""

    def work(stopping: Stopping) -> Path | None:
        with step("import torch and transformers"):
            from tools.distilling.distil import distil
        return distil(options, stopping)

    return exit_status("sentiq-distil", work, "give fewer texts")
