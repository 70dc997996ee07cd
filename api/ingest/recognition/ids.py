"""Ids as people see them: without the marks that keep spreadsheets from changing them, and watched for loss."""

from __future__ import annotations

import re
from collections.abc import Iterable

from api.cell_kinds import ERROR, FORMULA, MISSING, NUMBER
from api.ingest.notes import Notes

IDS_COMPARED = 500_000  #: different ids that are remembered, as numbers, to find those that repeat
DIGITS = 15  #: that a spreadsheet keeps of a number
_EXPONENT = re.compile(r"-?[0-9](?:(?:[.,][0-9]+)?E\+|[.,][0-9]+E)[0-9]+", re.IGNORECASE)  #: Java writes no plus
_NO_ID = frozenset((ERROR, FORMULA, MISSING))
_FORMULA, _TAB, _APOSTROPHES = "=", "\t", "'`"


def guards_of(cells: Iterable[str]) -> str:
    """Return the marks around the ids of a column: `=` for ="…", a TAB, and an apostrophe or ` if all ids have it."""
    ids = [cell for cell in cells if cell.strip()]
    found = _TAB if any(id_.strip(_TAB) != id_ for id_ in ids) else ""
    bare = [id_.strip(_TAB) for id_ in ids]
    found += _FORMULA if any(_unquoted(id_) != id_ for id_ in bare) else ""
    return found + "".join(mark for mark in _APOSTROPHES if ids and all(id_.startswith(mark) for id_ in bare))


class Ids:
    """The ids of a file, one after the other."""

    def __init__(self, at: int, guards: str, notes: Notes, *, rounds: bool) -> None:
        """`rounds`: the file's numbers have no more digits than a spreadsheet keeps."""
        self._at, self._guards, self._notes, self._rounds = at, guards, notes, rounds
        self._seen: set[int] = set()
        self._count = 0  # of those that are remembered

    def of(self, cell: str, kinds: str) -> str | None:
        """Return the id that a cell holds, and note if it came before or a spreadsheet has dropped its last digits."""
        if not cell or cell.isspace() or (kinds and kinds[self._at : self._at + 1] in _NO_ID):
            return None
        if self._guards:
            cell = self._bare(cell)
        seen = self._seen
        if self._count < IDS_COMPARED:
            seen.add(hash(cell))
            if len(seen) > self._count:
                self._count += 1
            else:
                self._notes.count("ids_repeat")
        elif hash(cell) in seen:
            self._notes.count("ids_repeat")
        else:
            self._notes.count("ids_not_compared")
        if (("E" in cell or "e" in cell) and _EXPONENT.fullmatch(cell)) or (
            self._rounds and len(cell) > DIGITS and kinds[self._at : self._at + 1] == NUMBER
        ):
            self._notes.count("ids_rounded")
        return cell

    def _bare(self, cell: str) -> str:
        """Return an id without the marks that its column has."""
        bare = cell.strip(_TAB) if _TAB in self._guards else cell
        if _FORMULA in self._guards:
            bare = _unquoted(bare)
        if bare[:1] and bare[0] in self._guards and bare[0] in _APOSTROPHES:
            bare = bare[1:-1] if len(bare) > 2 and bare[-1] == bare[0] else bare[1:]
        self._notes.count("id_guards", bare != cell)
        return bare


def _unquoted(cell: str) -> str:
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and len(cell) > 3 else cell
