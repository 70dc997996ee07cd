"""sentiq-tune: from a model and a file of labelled texts to a model that has learned them, ready to be activated.

Needs torch: `make tune BASE=… LABELLED=…` makes the environment (.venv-torch) once. docs/tuning.md leads from a
spreadsheet to an activated model. Interrupted, however roughly, the same command goes on where it was.

Exit status: 0 the model is in the store, made now or before; 1 it cannot be made, the reason is on standard error;
2 wrong usage; 69 what it needs is not installed; 130 or 143 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sentiq.core.standard_output import until_nobody_reads
from tools.needs import need
from tools.prepare.__main__ import BUNDLED_MODELS, NEEDED, quiet

#: What is imported besides what sentiq-prepare needs; a test holds it against requirements/tuning.in.
NEEDED_HERE = ("cleanlab", "peft")
REMEDY_TOGETHER = "`make .venv-federated/.installed` installs it, once: .venv-federated/bin/sentiq-tune."
REMEDY = "`make tune BASE=<model> LABELLED=<file>` installs it into .venv-torch, once, and tunes the model."


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="sentiq-tune", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "base", metavar="BASE", help="a prepared model's id, a checkpoint's directory, or an id of ModelScope's hub"
    )
    made.add_argument("labelled", metavar="LABELLED", type=Path, help="any file that the service reads, with labels")
    made.add_argument("--text", help="the column of the texts: its heading or number (default: recognised)")
    made.add_argument("--label", help="the column of the labels (default: recognised)")
    made.add_argument("--labels", default="", help="names of the outputs in their order, such as negative,positive")
    made.add_argument("--test", type=Path, help="labelled texts to measure on, instead of a tenth of LABELLED")
    made.add_argument("--minutes", type=float, default=30.0, help="time it may take on this machine (default: 30)")
    made.add_argument(
        "--way", choices=("whole", "lora", "head"), help="what learns (default: chosen by rows, time and memory)"
    )
    made.add_argument("--epochs", type=int, help="passes over the texts (default: as many as help and fit)")
    made.add_argument("--learning-rate", type=float, help="the highest of the schedule (default: by way and size)")
    made.add_argument("--seed", type=int, default=1, help="of all that is drawn (default: 1)")
    made.add_argument("--threads", type=int, help="of torch (default: one for each core)")
    made.add_argument("--revision", default="", help="of the hub's repository")
    made.add_argument(
        "--store",
        type=Path,
        default=Path(os.environ.get("SENTIQ_MODEL_ROOT") or BUNDLED_MODELS),
        help="folder to put the model into (default: SENTIQ_MODEL_ROOT, else the models folder of the checkout)",
    )
    made.add_argument("--id", default="", help="id of the tuned model (default: that of BASE with -tuned)")
    made.add_argument("--report", type=Path, help="folder for the report (default: ID-report)")
    made.add_argument(
        "--min-agreement",
        type=float,
        default=0.99,
        help="share of texts on which INT8 must give the label of float32 to be used (default: 0.99; above 1: never)",
    )
    made.add_argument("--federated", metavar="HOST:PORT", default="", help="tune with other sites: docs/federated.md")
    made.add_argument("--site", default="", help="with --federated: this site's name")
    made.add_argument("--authority", type=Path, help="with --federated: the certificate that signed the server's")
    made.add_argument("--secret", type=Path, help="with --federated: the file that all sites and the server have")
    made.add_argument("--fresh", action="store_true", help="begin anew, also where an interrupted run could go on")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    made = parser()
    options = made.parse_args(arguments)
    if options.federated:
        if not options.site:
            made.error("--federated needs --site, a name that no other site has")
        if options.epochs or options.learning_rate or options.way not in (None, "lora"):
            made.error("with --federated the server says what learns and for how long: no --way, --epochs or rate here")
        need("sentiq-tune", REMEDY_TOGETHER, "flwr")
    need("sentiq-tune", REMEDY, *NEEDED, *NEEDED_HERE)
    quiet()
    from tools.tuning.command import run  # only now: --help needs nothing but Python

    return until_nobody_reads(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
