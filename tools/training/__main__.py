"""One command from labelled texts to the bundled model: see tools/training/README.md.

Needs torch and scikit-learn, in an environment of their own (.venv-torch). Exit status: 0 done; 2 wrong usage; 69 what
it needs is not installed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools.needs import need

EPOCHS = 7
NEEDED = ("torch", "numpy", "openvino", "safetensors", "scipy", "sklearn", "tokenizers")
REMEDY = "tools/training/README.md has the commands that make its environment."


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for split in ("train", "dev", "test"):
        parser.add_argument(f"--{split}", type=Path, required=True, help="TSV (or .tsv.gz): label, source, text")
    parser.add_argument("--clauses", type=Path, help="further labelled texts, as `tools.training.clauses` writes them")
    parser.add_argument("--unlabelled", type=Path, help="further texts, one a line, for the embeddings' first values")
    parser.add_argument("--out", type=Path, required=True, help="model directory to write; its name is the model's id")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--threads", type=int, default=1, help="of torch; the result depends on it in the last digits")
    args = parser.parse_args()
    need("python -m tools.training", REMEDY, *NEEDED)
    from tools.training.train import train  # only now: --help needs nothing but Python

    train(args)


if __name__ == "__main__":
    main()
