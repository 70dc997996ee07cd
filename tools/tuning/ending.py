"""How a command that learns for long ends: its exit status, and one line on standard error where it went wrong."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

from sentiq.engine.registry import ModelError
from tools.labelled import LabelledError
from tools.tuning.plan import PlanError
from tools.tuning.stopping import Stopping

GO_ON = "the same command goes on from here"


def exit_status(command: str, work: Callable[[Stopping], object], smaller: str, go_on: str = GO_ON) -> int:
    """Run `work`, and return the exit status of the command.

    `smaller` says how it would need less memory, `go_on` how to go on after an interruption.

    What `work` returns is falsy when the signal that it was given asked it to stop.
    """

    def failed(why: str, status: int = 1) -> int:
        print(f"{command}: {why}", file=sys.stderr)
        return status

    stopping = Stopping()
    try:
        done = work(stopping)
    except (ModelError, LabelledError, PlanError) as error:
        return failed(str(error))
    except BrokenPipeError:
        raise  # nobody reads what it says: until_nobody_reads
    except OSError as error:
        room = ": make room on that disk" if error.errno == errno.ENOSPC else ""
        return failed(f"{error}{room}; {go_on}")
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "allocate memory" not in str(error):
            raise
        return failed(f"out of memory: end other programs, then {go_on}; or {smaller}")
    except KeyboardInterrupt:
        return failed(f"interrupted; {go_on}", 130)
    return 0 if done else failed(f"interrupted; {go_on}", 128 + stopping.signal)
