"""python -m tools.checkpoints: the tables of docs/models.md, of what sentiq-prepare takes and of what it refuses.

Small random checkpoints are written by transformers, converted, and compared with the original on the same texts. It
needs .venv-torch and takes some minutes.
"""

from __future__ import annotations

import argparse
import sys

from tools.needs import need
from tools.prepare.__main__ import NEEDED, quiet

REMEDY = "`make .venv-torch/.installed` installs it into .venv-torch."


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.checkpoints", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--refused", action="store_true", help="the table of what is refused only, which takes seconds")
    options = parser.parse_args()
    need("tools.checkpoints", REMEDY, *NEEDED)
    quiet()
    from tools.checkpoints.cases import CASES
    from tools.checkpoints.table import accepted_lines, refused_lines

    if not options.refused:
        for row in accepted_lines(CASES):
            print(row, flush=True)
        print()
    for row in refused_lines():
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
