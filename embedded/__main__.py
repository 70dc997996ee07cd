"""Serves small jobs in one process, without Redis and Celery: the same API and the same page.

Jobs are kept in the memory of this process. When it ends, they are lost.
"""

from __future__ import annotations

import argparse
import gc
import sys

EPILOG = """Settings: docs/settings.md; what differs here: docs/embedded.md. Exit codes: 0 stopped, 1 the port is taken,
2 wrong usage, 69 a package is missing, 78 a setting or the model cannot be used."""
EX_UNAVAILABLE = 69  #: of sysexits.h


def main() -> int:
    parser = argparse.ArgumentParser(prog="sentiq serve", description=__doc__, epilog=EPILOG)
    parser.add_argument("--embedded", action="store_true", help="required: it says that jobs are kept in memory alone")
    parser.add_argument("--port", type=int, help="port to listen on (SENTIQ_PORT, 8000)")
    parser.add_argument(
        "--store-mb", type=int, default=256, metavar="MB", help="most that jobs and results may take (%(default)s)"
    )
    asked = parser.parse_args()
    if not asked.embedded:
        parser.error(
            "the whole service is several processes and Redis, and `make run` or `make up` starts it; with --embedded "
            "it is one process that keeps its jobs in memory"
        )
    gc.disable()  # until all is imported, of which nothing is garbage
    try:
        from embedded.process import run
    except ModuleNotFoundError as error:
        sys.stderr.write(f"sentiq serve: {error.name} is missing: pip install -r requirements/embedded.txt\n")
        return EX_UNAVAILABLE
    return run(asked.port, asked.store_mb * 2**20)


if __name__ == "__main__":
    sys.exit(main())
