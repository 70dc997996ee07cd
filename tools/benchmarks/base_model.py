"""Make a BERT-base-shaped model with random weights, for measuring where no real model can be downloaded.

    python -m tools.benchmarks.base_model --int8 DIR --bf16 DIR

The network has the shape of StructBERT base (12 layers, 768 wide, 21,128 characters), so its speed and memory are
those of the real model. Its labels mean nothing; they do vary with the text, so that answers can be compared.
Needs requirements/prepare.in and torch. The same seed gives the same weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools.needs import need

NEEDED = ("torch", "transformers", "tokenizers", "nncf", "onnx", "onnxruntime", "openvino")
REMEDY = "`make test-torch` makes .venv-torch, which has it: .venv-torch/bin/python -m tools.benchmarks.base_model"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--int8", type=Path, help="directory for the quantised model")
    parser.add_argument("--bf16", type=Path, help="directory for the unquantised model")
    options = parser.parse_args()
    need("python -m tools.benchmarks.base_model", REMEDY, *NEEDED)
    from tools.benchmarks.random_model import write_models  # only now: --help needs nothing but Python

    write_models(options.int8, options.bf16)


if __name__ == "__main__":
    main()
