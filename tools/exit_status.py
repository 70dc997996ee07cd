"""How a command ends that does one thing: its exit status, and one line on standard error where it went wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable


def exit_status(command: str, work: Callable[[], object], *refusals: type[Exception], unwritten: str) -> int:
    """Run `work`, and return 0, 1 after an error was told, or 130 when it was interrupted.

    `refusals` are errors whose text is all that there is to say; `unwritten` says what is not there after an OSError.
    """
    try:
        work()
    except refusals as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise  # nobody reads what it says: until_nobody_reads
    except OSError as error:
        print(f"{command}: {error}; {unwritten}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
