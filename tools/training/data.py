"""Labelled texts: gzip or plain TSV with the columns `label` (0 negative, 1 positive), `source` and `text`."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

import numpy as np
from numpy.typing import NDArray

COLUMNS = ["label", "source", "text"]


@dataclass(frozen=True, slots=True)
class Split:
    texts: list[str]
    labels: NDArray[np.int64]  # [texts], 0 or 1
    sources: NDArray[np.str_]  # [texts]


def read_split(path: Path) -> Split:
    """Quotes are ordinary text. Raises ValueError naming the file and the line."""
    with _open(path) as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows or rows[0] != COLUMNS:
        raise ValueError(f"{path}: the first line must name the columns {', '.join(COLUMNS)}, parted by tabs")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 3 or row[0] not in ("0", "1"):
            raise ValueError(f"{path}, line {number}: expected a label 0 or 1, a source and a text, parted by tabs")
    return Split(
        texts=[row[2] for row in rows[1:]],
        labels=np.array([int(row[0]) for row in rows[1:]]),
        sources=np.array([row[1] for row in rows[1:]]),
    )


def read_unlabelled(path: Path) -> list[str]:
    """One text a line, no header."""
    with _open(path) as file:
        return [line.rstrip("\n") for line in file]


def _open(path: Path) -> TextIO:
    opener = gzip.open if path.suffix == ".gz" else open
    return cast(TextIO, opener(path, "rt", encoding="utf-8", newline="\n"))
