"""Cuts texts into clauses: after punctuation and before conjunctions behind which another judgement begins."""

from __future__ import annotations

import re

#: Behind a run of these a clause ends. A dot or comma within a number does not, nor does the mark of lists (、).
_MARKS = r"(?:[。！？!?；;…~～\n\r]|(?<![0-9])[,，.]|[,，.](?![0-9]))[。！？!?；;…~～，,.\s]*|\s+"
_TURNS = "但是|但|不过|可是|然而|只是|就是|除了|而且|另外|其次|虽然|尽管"
_CUT = re.compile(rf"{_MARKS}|(?<=.)(?={_TURNS})")


def clauses(text: str) -> list[tuple[int, int]]:
    """Return [start, end) of each clause, in their order and without a gap; marks belong to the clause before them."""
    cuts = [match.end() for match in _CUT.finditer(text)]
    starts = [0, *cuts]
    return [(start, end) for start, end in zip(starts, [*cuts, len(text)], strict=True) if start < end]
