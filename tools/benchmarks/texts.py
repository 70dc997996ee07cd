"""Texts to measure with."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path


def iterate_texts(path: Path) -> Iterator[str]:
    """The lines that are not blank, from a text file or a gzip-compressed one, over and over again."""
    while True:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
            yield from filter(None, map(str.strip, lines))


def read_texts(path: Path, count: int) -> list[str]:
    """The first `count` of them."""
    return list(islice(iterate_texts(path), count))
