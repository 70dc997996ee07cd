"""`python -m worker.rehearsal MODEL`: load, warm and prove a model in a process that serves nobody.

A model that is damaged, crashes or hangs does so here. Exit status 0 when it can be used, else 1 with the reason on
standard error.
"""

from __future__ import annotations

import argparse
import sys

from worker import models


def main(name: str) -> int:
    try:
        engine = models.load(models.find(name))
        engine.warm()
        engine.prove()
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the reason
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m worker.rehearsal", description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="id, or id@version")
    sys.exit(main(parser.parse_args().model))
