"""sentiq-evaluate: how good a model is on your labelled texts, and how much its scores can be trusted.

The file is any that the service reads (CSV, TSV, workbooks, JSON lines, Parquet, gzip …), with a column of texts and
one of labels. The answers are those that a worker gives. `--fit` fits the temperature of the scores, and thresholds for
three labels or more, to the labels, and stores the model with them under a version of its own.

Exit status: 0 done; 1 it cannot be done, the reason is on standard error; 2 wrong usage; 69 what it needs is not
installed; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sentiq.core.standard_output import until_nobody_reads
from tools.needs import need

BUNDLED_MODELS = Path(__file__).parents[2] / "models"
#: What is imported between a file and a report.
NEEDED = (
    "filelock",
    "numpy",
    "openvino",
    "pydantic_settings",
    "python_calamine",
    "structlog",
    "tokenizers",
    "werkzeug",
)
REMEDY = "`make run` installs it into .venv, once: use .venv/bin/sentiq-evaluate."


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="sentiq-evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("model", metavar="MODEL", help="id, id@version, pair, routes, or a model's directory")
    made.add_argument("file", metavar="FILE", type=Path, help="texts with labels")
    made.add_argument("--against", metavar="MODEL", default="", help="a second model, compared on the same rows")
    made.add_argument("--text", metavar="COLUMN", help="heading or number of the texts' column (default: recognised)")
    made.add_argument("--label", metavar="COLUMN", help="… of the labels' column (default: recognised)")
    made.add_argument("--source", metavar="COLUMN", help="… of a column by which rows are also told apart")
    made.add_argument("--language", metavar="COLUMN", help="… of the column of their languages, as codes or names")
    made.add_argument("--json", metavar="FILE", type=Path, help="write the report as a JSON document")
    made.add_argument("--html", metavar="FILE", type=Path, help="write the report as a page of HTML")
    made.add_argument("--fit", action="store_true", help="fit and store a calibration")
    made.add_argument(
        "--backend", choices=("openvino", "onnx", "torch"), default="openvino", help="(default: openvino)"
    )
    made.add_argument(
        "--store",
        type=Path,
        default=Path(os.environ.get("SENTIQ_MODEL_ROOT") or BUNDLED_MODELS),
        help="folder of models (default: SENTIQ_MODEL_ROOT, else the models folder of the checkout)",
    )
    made.set_defaults(bundled=BUNDLED_MODELS)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    need("sentiq-evaluate", REMEDY, *NEEDED)
    from tools.evaluation.command import run  # only now: --help needs nothing but Python

    return until_nobody_reads(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
