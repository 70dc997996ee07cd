"""sentiq-distil: from a good model and texts without labels to a fast model that answers like it.

The teacher gives its probabilities for the texts, in this process or as a bulk job of a running service; the student
learns them. Needs torch: `make .venv-torch/.installed` makes the environment (.venv-torch) once. Interrupted, however
roughly, the same command goes on where it was: docs/distilling.md.

Exit status: 0 the student is in the store, made now or before; 1 it cannot be made, the reason is on standard error;
2 wrong usage; 69 what it needs is not installed; 130 or 143 interrupted.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from sentiq.core.standard_output import until_nobody_reads
from tools.needs import need
from tools.prepare.__main__ import BUNDLED_MODELS, NEEDED, quiet

#: What is imported besides what sentiq-prepare needs.
NEEDED_HERE = ("peft", "scipy", "sklearn")
REMEDY = "`make .venv-torch/.installed` installs it into .venv-torch, once: .venv-torch/bin/sentiq-distil."


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="sentiq-distil", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("teacher", metavar="TEACHER", help="a prepared model: id, id@version, or its directory")
    made.add_argument("texts", metavar="TEXTS", type=Path, nargs="+", help="any files that the service reads")
    made.add_argument(
        "--student",
        dest="layers",
        metavar="STUDENT",
        type=_layers,
        default=0,
        help="'bundled': the architecture of the bundled model (default); 'layers:N': the teacher's first N layers",
    )
    made.add_argument("--labelled", type=Path, help="texts with labels by people, which count as much as the teacher")
    made.add_argument("--test", type=Path, help="labelled texts to measure on, instead of a tenth of what there is")
    made.add_argument("--text", help="heading or number of the column of texts in all files (default: recognised)")
    made.add_argument("--label", help="heading or number of the column of labels (default: recognised)")
    made.add_argument("--service", metavar="URL", help="a running service, in which the teacher answers as a bulk job")
    made.add_argument("--key", help="its API key (default: SENTIQ_API_KEY)")
    made.add_argument(
        "--store",
        type=Path,
        default=Path(os.environ.get("SENTIQ_MODEL_ROOT") or BUNDLED_MODELS),
        help="folder of models (default: SENTIQ_MODEL_ROOT, else the models folder of the checkout)",
    )
    made.add_argument("--id", default="", help="id of the student (default: that of TEACHER with -student)")
    made.add_argument("--report", type=Path, help="folder for the report (default: ID-report)")
    made.add_argument("--epochs", type=int, help="passes over the texts (default: 7, with layers 3)")
    made.add_argument("--seed", type=int, default=1, help="of all that is drawn (default: 1)")
    made.add_argument("--threads", type=int, help="of this process (default: one for each core)")
    made.add_argument(
        "--min-agreement",
        type=float,
        default=0.99,
        help="with layers: share of texts on which INT8 must give the label of float32 to be used (default: 0.99)",
    )
    made.add_argument("--fresh", action="store_true", help="teach anew, also where an interrupted run could go on")
    return made


def _layers(value: str) -> int:
    """Return how many of the teacher's layers the student has; 0: it has the bundled architecture."""
    found = re.fullmatch(r"bundled|layers:([1-9]\d?)", value)
    if not found:
        raise argparse.ArgumentTypeError(f"{value!r} is neither 'bundled' nor 'layers:N', such as layers:3")
    return int(found[1] or 0)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    need("sentiq-distil", REMEDY, *NEEDED, *NEEDED_HERE)
    if options.service:
        need("sentiq-distil --service", "`.venv-torch/bin/pip install ./client` installs it, once.", "sentiq_client")
    quiet()
    from tools.distilling.command import run  # only now: --help needs nothing but Python

    return until_nobody_reads(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
