"""Opinions of aspects by people, from any file that the service reads.

A row holds a text, the name of an aspect as the set has it, and its polarity: negative, neutral or positive, or -1, 0
or 1.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sentiq.aspects.sets import AspectSet

_SIGNS = {"negative": -1, "neutral": 0, "positive": 1}


class Opinion(NamedTuple):
    """What people say of one aspect of a text."""

    text: str
    aspect: str
    sign: int  #: -1, 0 or 1


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what `read_opinions` needs."""
    parser.add_argument("set", metavar="SET", help="id of a set that comes along, or a YAML file")
    parser.add_argument("file", metavar="FILE", type=Path, help="texts with aspects and their polarities")
    parser.add_argument("--text", metavar="COLUMN", default="text", help="(default: text)")
    parser.add_argument("--aspect", metavar="COLUMN", default="aspect", help="(default: aspect)")
    parser.add_argument("--polarity", metavar="COLUMN", default="polarity", help="(default: polarity)")
    parser.add_argument("--half", choices=("a", "b"), help="only the texts whose SHA-256 is even (a) or odd (b)")


def half_of(text: str) -> str:
    """Return the half that a text is in, always the same one."""
    return "ab"[hashlib.sha256(text.encode()).digest()[-1] % 2]


def read_opinions(options: argparse.Namespace) -> tuple[AspectSet, list[Opinion]]:
    """Return the set and the opinions that the options name.

    Raises AspectSetError for a set, and LabelledError for a file, that cannot be used.
    """
    from sentiq.aspects.files import built_in, from_yaml
    from sentiq.aspects.sets import AspectSetError
    from tools.labelled import LabelledError, read_labelled

    aspects = built_in().get(options.set)
    if aspects is None:
        path = Path(options.set)
        if not path.suffix and not path.exists():
            raise AspectSetError(
                f"no set {options.set!r} comes along: name one of {', '.join(built_in())}, or a YAML file"
            )
        aspects = from_yaml(path.read_bytes())
    read = read_labelled(options.file, text=options.text, label=options.polarity, source=options.aspect)
    if unknown := sorted(set(read.labels) - set(_SIGNS)):
        raise LabelledError(f"{options.file}: {unknown[0]!r} is no polarity: negative, neutral and positive are")
    assert read.sources is not None  # the column was named
    opinions = [
        Opinion(text, aspect, _SIGNS[label])
        for text, aspect, label in zip(read.texts, read.sources, read.labels, strict=True)
        if options.half in (None, half_of(text))
    ]
    names = [aspect.name for aspect in aspects.aspects]
    if not any(opinion.aspect in names for opinion in opinions):
        raise LabelledError(f"{options.file}: no row has an aspect of {aspects.id}: {', '.join(names)}")
    return aspects, opinions
