"""Writes clauses that people judged as further texts for `python -m tools.training --clauses`.

A label of a whole text does not say which of its words decided. Where people said how a text speaks of an aspect, the
clauses about it have that label. They are cut, and put into plain words, as the service does it before the model reads
them. The file is one that `python -m tools.evaluation.aspects` measures; what is written has the form of `--train`.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tools.evaluation.__main__ import NEEDED
from tools.evaluation.opinions import Opinion, add_options, read_opinions
from tools.needs import need

if TYPE_CHECKING:
    from sentiq.aspects.sets import AspectSet

COMMAND = "python -m tools.training.clauses"
SOURCE = "clauses"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog=COMMAND, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(made)
    made.add_argument("--out", type=Path, required=True, help="TSV to write: label, source, text")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    need(COMMAND, "`make run` installs it into .venv, once: use .venv/bin/python.", "yaml", *NEEDED)
    from sentiq.aspects.sets import AspectSetError
    from tools.exit_status import exit_status
    from tools.labelled import LabelledError

    return exit_status(COMMAND, lambda: _write(options), AspectSetError, LabelledError, unwritten="nothing was written")


def _write(options: argparse.Namespace) -> None:
    from tools.training.data import COLUMNS

    aspects, opinions = read_opinions(options)
    labels = judged_clauses(aspects, opinions)
    with options.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((label, SOURCE, clause) for clause, label in labels.items())
    print(f"{len(labels):,} clauses of {len(opinions):,} opinions, {sum(labels.values()):,} of them positive")


def judged_clauses(aspects: AspectSet, opinions: Iterable[Opinion]) -> dict[str, int]:
    """Return each clause that speaks of a judged aspect, as the model reads it, with its label: 0 negative, 1 positive.

    Clauses that were judged in both ways are left out.
    """
    from sentiq.aspects.mentions import clause_text, mentions

    names = [aspect.name for aspect in aspects.aspects]
    signs: dict[str, set[int]] = {}
    for opinion in opinions:
        if opinion.sign == 0:
            continue
        for mention in mentions(opinion.text, aspects):
            if names[mention.aspect] == opinion.aspect:
                for span in mention.spans:
                    clause = " ".join(clause_text(opinion.text, span).split())
                    signs.setdefault(clause, set()).add(opinion.sign)
    return {clause: int(found == {1}) for clause, found in signs.items() if clause and len(found) == 1}


if __name__ == "__main__":
    sys.exit(main())
