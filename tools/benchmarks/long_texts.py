"""Processor time of long texts: tokenising, which looks at no more than is read, and the network.

    python -m tools.benchmarks.long_texts --model DIR --texts FILE [--count 64] [--chars 20000]

The texts are those of the file, one after another, cut into pieces. Each is measured as it is, and with all of it
tokenised. The figures are the least of three turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from sentiq.engine import Engine, LongTexts
from tools.benchmarks.texts import iterate_texts

CHOICES: tuple[LongTexts, ...] = get_args(LongTexts)
TURNS = 3


def long_texts(path: Path, count: int, chars: int) -> list[str]:
    """Texts of so many characters, made of the lines of a file."""
    text = ""
    lines = iterate_texts(path)
    while len(text) < count * chars:
        text += next(lines)
    return [text[at * chars : (at + 1) * chars] for at in range(count)]


def least_s(work: Callable[[], object]) -> float:
    """The processor time of the fastest turn, in seconds."""
    times = []
    for _ in range(TURNS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def show(engine: Engine, texts: Sequence[str]) -> None:
    reader = engine._reader
    boundary = reader._boundary
    print("long_texts   all of it tokenised   what is read tokenised   everything")
    for choice in CHOICES:
        reader._boundary = None
        whole = least_s(lambda choice=choice: reader.read(texts, choice))  # type: ignore[misc]
        reader._boundary = boundary
        cut = least_s(lambda choice=choice: reader.read(texts, choice))  # type: ignore[misc]
        everything = least_s(lambda choice=choice: engine.classify(texts, choice))  # type: ignore[misc]
        print(f"{choice:10} {whole:20.3f} s {cut:22.3f} s {everything:10.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model directory")
    parser.add_argument("--texts", type=Path, required=True, help="one text a line; may be .gz")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--chars", type=int, default=20_000)
    options = parser.parse_args()
    show(Engine.load(options.model), long_texts(options.texts, options.count, options.chars))


if __name__ == "__main__":
    main()
