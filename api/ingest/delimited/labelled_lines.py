"""Lines that begin with the label of their text, as fastText and many training sets have them.

Source: the format of supervised training, https://fasttext.cc/docs/en/supervised-tutorial.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from api.ingest.delimited.records import record
from api.ingest.recognition.labels import NUMBERS
from api.ingest.table import Record
from sentiq.evaluation.label_names import KNOWN

NAMES = ("label", "text")
_PREFIXED = re.compile(r"((?:__label__\S+\s+)+)(?:,\s+)?(.*)")
_BARE = re.compile(r"(\S{1,10}) (.*)")
_ENOUGH = 4  #: lines, of which numbers must begin so many, lest they count the lines


def are_labelled(lines: Iterable[str]) -> bool:
    """Tell whether all lines that are not blank begin with a label: all `__label__…`, or all as 正面, neg, 0 and 1."""
    filled = [line.strip() for line in lines if not line.isspace()]
    if filled and all(map(_PREFIXED.match, filled)):
        return True
    found = [_BARE.match(line) for line in filled]
    labels = {match[1].lower() for match in found if match is not None}
    if None in found or not 1 < len(labels) < len(found):
        return False
    return labels <= KNOWN.keys() or (labels <= NUMBERS and len(found) >= _ENOUGH)


def labelled_records(numbered: Iterator[tuple[int, str]]) -> Iterator[Record]:
    """Yield the label and the text of each numbered line; a line that has no label is a text."""
    for number, line in numbered:
        yield record((number, _cut(line.strip()), "", None))


def _cut(line: str) -> Sequence[str]:
    if (match := _PREFIXED.fullmatch(line)) is not None:
        return match[1].replace("__label__", "").strip(), match[2]
    match = _BARE.fullmatch(line)
    if match is not None and (match[1].lower() in KNOWN or match[1] in NUMBERS):
        return match[1], match[2]
    return "", line
