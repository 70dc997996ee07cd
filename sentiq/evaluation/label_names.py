"""What files and checkpoints call the labels, and the names this service knows them by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

#: Names that are in use → the service's.
KNOWN = {
    name: label
    for label, names in {
        "negative": ("negative", "neg", "负面", "负向", "负", "消极", "差评", "負面", "負", "負向", "消極", "差評"),
        "positive": ("positive", "pos", "正面", "正向", "正", "积极", "好评", "積極", "好評"),
        "neutral": ("neutral", "neu", "中性", "中立", "中", "中评", "中評"),
    }.items()
    for name in names
}

_BITS = {"0": "negative", "1": "positive"}
_SIGNS = {"-1": "negative", "0": "neutral", "1": "positive"}
_OF_STARS = {"1": "negative", "2": "negative", "3": "neutral", "4": "positive", "5": "positive"}
_STARS = re.compile(r"([1-5一二三四五])(?:\.0)?\s*(?:颗?星|分|stars?)|(★{1,5})☆{0,4}|(⭐{1,5})", re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?[0-9]{1,3})(?:\.0+)?")


class UnclearNumbers(ValueError):
    """The labels are numbers, and what they mean cannot be known. Its text says what to do."""


def normalise(name: str) -> str:
    """Return the service's name of a label where it has one, otherwise the name itself without blanks around it."""
    return KNOWN.get(name.strip().lower(), name.strip())


def cell_label(cell: str) -> str:
    """Return the label that a cell of a file holds, normalised; whole numbers without a fraction, as 1 for 1.0.

    "" where the cell is blank. Stars, up to five, are `1 star`, `2 stars` …, however they are written.
    """
    text = unicodedata.normalize("NFKC", cell).strip()
    if (number := _NUMBER.fullmatch(text)) is not None:
        return str(int(number.group(1)))
    if (stars := _STARS.fullmatch(text)) is not None:
        count = len(stars[2] or stars[3]) if stars[1] is None else "一二三四五".find(stars[1]) + 1 or int(stars[1])
        return "1 star" if count == 1 else f"{count} stars"
    return normalise(text if text.isascii() else "".join(text.split()))


def meanings(found: Collection[str], labels: Sequence[str] | None) -> dict[str, str]:
    """Return what each label found in a file (by `cell_label`) stands for; those that stand for none are left out.

    `labels` are those of the model in the order of its outputs; None: they are to be learned from the file, and every
    name stands for itself. Numbers are the model's own names where it has such; else, with a -1 among them, they are
    negative, neutral and positive; 0 and 1 are negative and positive where the model has these two labels or `labels`
    is None; else they count the model's labels from 0. Of a model of sentiments, numbers from 1 with a 4 or a 5 among
    them are stars: up to two are negative, from four on positive, three neutral. Raises UnclearNumbers where none of
    this can be told.
    """
    numbers = {name for name in found if _NUMBER.fullmatch(name)}
    meant = {name: name for name in found if name not in numbers}
    if labels is not None and not meant.keys() & set(labels):
        meant |= {name: _OF_STARS[stars[1]] for name in meant if (stars := _STARS.fullmatch(name))}
    if labels is not None and numbers & set(labels):
        meant |= {number: number for number in numbers}
    elif numbers:
        meant |= _of_numbers(numbers, labels, may_be_wrong=labels is not None and bool(meant))
    return {name: label for name, label in meant.items() if labels is None or label in labels}


def _of_numbers(numbers: set[str], labels: Sequence[str] | None, *, may_be_wrong: bool) -> dict[str, str]:
    """Return what numbers mean; those that mean nothing are left out where they `may_be_wrong`, as beside names."""
    if "-1" in numbers:
        table = _SIGNS
    elif labels is not None and set(labels) <= set(_OF_STARS.values()) and numbers & {"4", "5"}:
        table = _OF_STARS
    elif labels is None or set(labels) == set(_BITS.values()):
        table = _BITS
    else:
        table = {str(place): label for place, label in enumerate(labels)}
    is_short = labels is not None and len(labels) > 2 and numbers <= set(_BITS)  # of three labels, or of two
    if is_short or not (may_be_wrong or numbers <= table.keys()):
        listed = ", ".join(sorted(numbers, key=int))
        raise UnclearNumbers(f"the labels {listed} are numbers that may mean several things: write names instead")
    return {number: table[number] for number in numbers if number in table}
