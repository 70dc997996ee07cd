"""What sentiq-tune does, once what it needs is known to be installed."""

from __future__ import annotations

import argparse
import errno
import sys

from sentiq.engine.registry import ModelError
from tools.labelled import LabelledError
from tools.prepare.report import step
from tools.tuning.plan import PlanError
from tools.tuning.stopping import Stopping

GO_ON = "the same command goes on from here"


def run(options: argparse.Namespace) -> int:
    """Tune a model; the exit status, after what went wrong was said on standard error."""
    stopping = Stopping()
    try:
        with step("import torch and transformers"):
            from tools.tuning.tune import tune
        directory = tune(options, stopping)
    except (ModelError, LabelledError, PlanError) as error:
        return failed(str(error))
    except OSError as error:
        room = ": make room on that disk" if error.errno == errno.ENOSPC else ""
        return failed(f"{error}{room}; {GO_ON}")
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "allocate memory" not in str(error):
            raise
        return failed(f"out of memory: end other programs, then {GO_ON}; or take --way head")
    except KeyboardInterrupt:
        return failed(f"interrupted; {GO_ON}", 130)
    return 0 if directory else failed(f"interrupted; {GO_ON}", 128 + stopping.signal)


def failed(why: str, status: int = 1) -> int:
    print(f"sentiq-tune: {why}", file=sys.stderr)
    return status
