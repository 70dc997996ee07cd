"""sentiq-prepare: from a checkpoint to a proven, quantised model directory that the engine loads.

Needs torch: `make model MODEL=…` makes the environment (.venv-torch) once; the image `prepare` has it.

Exit status: 0 the model is in the store, made now or before; 1 it cannot be prepared, the reason is on standard error;
2 wrong usage; 69 what it needs is not installed; 130 interrupted.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from sentiq.core.standard_output import until_nobody_reads
from tools.needs import need

BUNDLED_MODELS = Path(__file__).parents[2] / "models"
CALIBRATION = Path(__file__).with_name("calibration.txt")
#: What is imported on the way from a hub or a directory to a model; a test holds it against requirements/prepare.in.
NEEDED = (
    "torch", "filelock", "huggingface_hub", "modelscope_hub", "nncf", "numpy", "onnx", "onnxruntime", "openvino",
    "requests", "safetensors", "tokenizers", "tqdm", "transformers",
)  # fmt: skip
REMEDY = "`make model MODEL=<hub id or directory>` installs it into .venv-torch, once, and prepares the model."


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="sentiq-prepare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "model",
        metavar="MODEL_ID_OR_DIR",
        help="a checkpoint's directory, an id of ModelScope's hub, or hf://owner/name",
    )
    made.add_argument("--revision", default="", help="of the hub's repository; the default is pinned for known models")
    made.add_argument(
        "--store",
        type=Path,
        default=Path(os.environ.get("SENTIQ_MODEL_ROOT") or BUNDLED_MODELS),
        help="folder to put the model into (default: SENTIQ_MODEL_ROOT, else the models folder of the checkout)",
    )
    made.add_argument("--id", default="", help="id of the model in the service (default: hub id or directory name)")
    made.add_argument(
        "--labels",
        default="",
        help="names of the outputs in their order, such as negative,positive; outputs of the same name become one"
        " label, such as negative,negative,neutral,positive,positive for one to five stars",
    )
    made.add_argument(
        "--max-tokens",
        type=int,
        default=0,
        help="tokens that are read of a text (default: as many as the checkpoint's own library reads, at most 512)",
    )
    made.add_argument(
        "--traditional",
        choices=("keep", "simplify"),
        default="keep",
        help="simplify: the model reads traditional characters as simplified ones, for one that has learned only these"
        " (default: keep)",
    )
    made.add_argument("--calibration", type=Path, default=CALIBRATION, help="texts to calibrate INT8 with, one a line")
    made.add_argument(
        "--min-agreement",
        type=float,
        default=0.99,
        help="share of texts on which INT8 must give the label of float32 to be used (default: 0.99; above 1: never)",
    )
    made.add_argument("--eval", type=Path, help="table with tabs, columns text and label: print accuracies too")
    made.add_argument("--force", action="store_true", help="prepare again also what is prepared and intact")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    need("sentiq-prepare", REMEDY, *NEEDED)
    quiet()
    from tools.prepare.command import run  # only now: --help needs nothing but Python

    return until_nobody_reads(lambda: run(options))


def quiet() -> None:
    """Keep the libraries' notes on their own future off the screen."""
    warnings.simplefilter("ignore")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    logging.basicConfig(level=logging.ERROR)


if __name__ == "__main__":
    sys.exit(main())
