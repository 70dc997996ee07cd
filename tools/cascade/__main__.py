"""sentiq-cascade: from which confidence on a fast model may answer instead of a better one.

Both models classify the texts. The threshold is the lowest one at which, of all texts like these, the pair gives at
least the wanted share of the teacher's answers, or is not much less often right than the teacher; that is true with a
certainty, 95 % by default. The pair goes into the folder of models, with its curve as a table and as a picture. Workers
serve it with SENTIQ_CASCADE=STUDENT,TEACHER: docs/cascade.md.

Exit status: 0 the pair is in the store; 1 it cannot be fitted, the reason is on standard error; 2 wrong usage; 69 what
it needs is not installed; 130 interrupted.
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
NEEDED = ("numpy", "openvino", "pydantic", "pygal", "tokenizers")
REMEDY = "`make run` installs it into .venv, once: .venv/bin/sentiq-cascade."


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="sentiq-cascade", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("student", metavar="STUDENT", help="the faster model: id, or id@version")
    made.add_argument("teacher", metavar="TEACHER", help="the better model, with the same labels")
    made.add_argument(
        "texts",
        metavar="TEXTS",
        type=Path,
        help="texts like those that will come, some thousands, in any file that the service reads; with labels or not",
    )
    bound = made.add_mutually_exclusive_group()
    bound.add_argument(
        "--agreement",
        type=_share,
        default=0.99,
        help="share of answers that must be the teacher's own (default: 0.99)",
    )
    bound.add_argument(
        "--max-loss",
        type=_share,
        help="how much less often than the teacher the pair may be right, such as 0.002; the texts need labels",
    )
    made.add_argument(
        "--certainty",
        type=_certainty,
        default=0.95,
        help="how certain it is that texts like these keep the bound (default: 0.95); 0.5: as often as not",
    )
    made.add_argument("--text", help="heading or number of the column of texts (default: recognised)")
    made.add_argument("--label", help="heading or number of the column of labels (default: recognised)")
    made.add_argument(
        "--store",
        type=Path,
        default=Path(os.environ.get("SENTIQ_MODEL_ROOT") or BUNDLED_MODELS),
        help="folder of models (default: SENTIQ_MODEL_ROOT, else the models folder of the checkout)",
    )
    made.add_argument(
        "--backend",
        choices=("openvino", "onnx", "torch"),
        default=os.environ.get("SENTIQ_BACKEND") or "openvino",
        help="library that runs the models (default: SENTIQ_BACKEND, else openvino)",
    )
    return made


def _share(word: str) -> float:
    value = float(word)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{word} does not lie between 0 and 1")
    return value


def _certainty(word: str) -> float:
    value = float(word)
    if not 0.5 <= value < 1:
        raise argparse.ArgumentTypeError(f"{word} is not between 0.5 and 1")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    need("sentiq-cascade", REMEDY, *NEEDED)
    from tools.cascade.command import run  # only now: --help needs nothing but Python

    return until_nobody_reads(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
