"""Which column holds what: by its name, by its number, or by its heading and the looks of the first rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from api.cell_kinds import TEXT
from api.ingest.faults import readable
from api.ingest.notes import Notes
from api.ingest.options import Reading, bad_file
from api.ingest.recognition import headings
from api.ingest.recognition.cells import Look, look
from api.ingest.recognition.dates import check_dates, date_column
from api.ingest.recognition.ids import guards_of
from api.ingest.recognition.labels import label_column
from api.ingest.recognition.languages import language_column
from api.ingest.recognition.names import CLEAR, SELDOM, USUAL, Kind, Meaning, meaning, plain
from api.ingest.source import Source
from api.ingest.table import Record, Table
from sentiq.core.errors import InvalidInput

DELIMITED = frozenset(("csv", "tsv", "txt"))  #: kinds of files in which a delimiter too many moves the cells
SPREADSHEETS = frozenset(("xlsx", "xls", "xlsb", "ods", "xml"))
NAMES_SHOWN = 20


class Sureness(IntEnum):
    """How sure it is that a column holds the texts."""

    NOT = 0
    MAYBE = 1  #: its heading says so, but its cells could be something else
    LOOKS = 2  #: its cells look like texts of people
    NAMED = 3  #: its heading says so, and its cells can be texts


@dataclass(frozen=True, slots=True)
class Columns:
    """What was decided; positions count from 0."""

    names: tuple[str, ...]  #: headings, or `column 1` … where there are none
    has_header: bool
    text: tuple[int, ...]  #: the texts of several are joined in this order; () where no column holds texts
    id: int | None
    label: int | None  # of the labels that people gave
    date: int | None  # that says when the rows were written
    language: int | None  # that says in which language they are
    first_line: int  #: number of the first record that is a row
    header_row: int | None = None  #: number of the record with the headings
    is_asked: bool = False  #: the sender named the text columns
    sureness: Sureness = Sureness.NAMED
    is_clear: bool = True  #: the heading says clearly that these are the texts
    has_places: bool = False  #: cells have places of their own, so that a row may be shorter or longer than others
    takes_numbers: bool = True  #: a number among the texts is one, as 666 in a workbook
    rounds_numbers: bool = False  #: a spreadsheet keeps 15 digits of a number
    id_guards: str = ""  #: marks around the ids (ids.py)


def choose(table: Table, source: Source, notes: Notes) -> Columns:
    """Decide by the first records of a table, which are in its head; `notes` gets why. Raises InvalidInput."""
    reading, limits = source.reading, source.limits
    good = [record for record in table.head if record.error is None and any(map(str.strip, record.cells))]
    if not good and table.names is not None:  # the texts may come yet
        good = [record for record in table.head if record.error is None]
    if not good or (reading.header_row is not None and good[0].number != reading.header_row):
        raise _no_rows(table.head, reading.header_row)
    width = max(len(record.cells) for record in good)
    if width > limits.columns:
        raise bad_file(
            "too_many_columns", f"The file has {width:,} columns; the limit is {limits.columns:,} (SENTIQ_MAX_COLUMNS)."
        )
    at = None if table.names is not None else _headings(good, reading)
    skipped = 0 if at is None else headings.remarks([record.cells for record in good], at)
    body = good if at is None else good[at + 1 + skipped :]
    names = table.names if at is None else _names(good[at].cells, body, source.kind)
    if names is None:
        names = tuple(f"column {n}" for n in range(1, width + 1))
        if reading.has_header is None and width > 1:
            notes.add("headings_absent")
    notes.count("rows_above_headings", at if at and reading.header_row is None else 0)
    notes.count("lines_not_read", skipped)
    is_named = at is not None or table.names is not None
    asked = dict.fromkeys(position(name, names, is_named, "text_column") for name in reading.text_column)
    id_ = position(reading.id_column, names, is_named, "id_column")
    chooser = _Chooser(names if is_named else ("",) * len(names), body, reading.nulls)
    is_json = source.kind in ("json", "jsonl")
    text, sureness, others = chooser.text(id_, is_contract=is_json)
    wanted = tuple(column for column in asked if column is not None)
    if wanted:
        sureness = max(chooser.sureness(column) for column in wanted)
    elif text is not None and others:
        notes.add("text_column_recognised", column=names[text], others=[names[other] for other in others])
    chosen = wanted or (() if text is None else (text,))
    if len(chosen) > 1:
        notes.add("columns_joined", columns=[names[column] for column in chosen])
    if id_ is None and is_named:
        id_ = chooser.id(chosen, is_contract=is_json)
    first_line = 0 if at is None else good[at + skipped].number + 1
    label = _label(names, is_named, body, reading, [at for at in (*chosen, id_) if at is not None])
    if label is not None and not reading.label_column:
        notes.add("label_column_recognised", column=names[label])
    date = _date(names, is_named, body, reading, [at for at in (*chosen, id_, label) if at is not None], notes)
    language = _language(names, is_named, body, reading, [at for at in (*chosen, id_, label, date) if at is not None])
    if language is not None and not reading.language_column:
        notes.add("language_column_recognised", column=names[language])
    guards = "" if id_ is None else guards_of(record.cells[id_] for record in body if id_ < len(record.cells))
    return Columns(
        names=names,
        has_header=at is not None,
        text=chosen,
        id=id_,
        label=label,
        date=date,
        language=language,
        first_line=first_line,
        header_row=None if at is None else good[at].number,
        is_asked=bool(wanted),
        sureness=sureness,
        is_clear=is_named and bool(chosen) and chooser.meanings[chosen[0]].rank >= CLEAR,
        has_places=source.kind not in DELIMITED,
        takes_numbers=not is_json,
        rounds_numbers=source.kind in SPREADSHEETS,
        id_guards=guards,
    )


def position(asked: str | None, names: Sequence[str], has_header: bool, field: str) -> int | None:
    """The column that is asked for by its heading, or its number from 1; None when none is. Raises InvalidInput."""
    if asked is None or asked == "":
        return None
    places = [i for i, name in enumerate(names) if has_header and name == asked]
    if not places and has_header and any(map(str.isalnum, asked)):
        places = [i for i, name in enumerate(names) if plain(name) == plain(asked)]
    if len(places) == 1:
        return places[0]
    if places:
        numbers = ", ".join(str(i + 1) for i in places)
        raise bad_file("ambiguous_column", f"Several columns are called {asked!r}: give its number, {numbers}.", field)
    if asked.isascii() and asked.isdigit() and 1 <= int(asked) <= len(names):
        return int(asked) - 1
    there = _listed(names) if has_header else f"numbers from 1 to {len(names)}"
    raise bad_file("unknown_column", f"There is no column {asked!r}; there are: {there}.", field)


def no_text_column(table: Table, columns: Columns) -> InvalidInput:
    """Return the error for a table of which no column holds texts."""
    is_named = columns.has_header or table.names is not None
    there = _listed([name or f"column {n}" for n, name in enumerate(columns.names, start=1)])
    if columns.has_header and all(record.number < columns.first_line for record in table.head):
        return bad_file("no_rows", f"The file has headings, but no rows below them: {there}.")
    there = there if is_named else f"{len(columns.names)} without headings"
    return bad_file(
        "no_text_column",
        f"No column looks as if it held texts of people; the columns: {there}. If one does, name it (text_column).",
        "text_column",
    )


class _Chooser:
    """Weighs what headings say against what cells look like."""

    def __init__(self, names: Sequence[str], body: Sequence[Record], nulls: frozenset[str]) -> None:
        self.meanings: list[Meaning] = [meaning(name) for name in names]
        self._names = names
        self._looks: list[Look] = [
            look(
                ((cells[at], kinds[at] if at < len(kinds) else TEXT) for _, cells, kinds, _ in body if at < len(cells)),
                nulls,
            )
            for at in range(len(names))
        ]

        self._most = max((seen.filled for seen in self._looks), default=0)

    def text(self, but: int | None, *, is_contract: bool) -> tuple[int | None, Sureness, list[int]]:
        """Return the column of the texts, how sure that is, and the further ones that may be meant."""
        if is_contract and "text" in self._names:  # the format of our own API
            return self._names.index("text"), Sureness.NAMED, []
        places = [at for at in range(len(self._names)) if at != but or len(self._names) == 1]
        found = sorted(places, key=self._weight, reverse=True)
        best = found[0]
        sureness = self.sureness(best)
        if sureness is Sureness.NOT:
            return None, sureness, []
        others = [at for at in found[1:] if self.sureness(at) >= min(sureness, Sureness.LOOKS)]
        return best, sureness, others

    def sureness(self, at: int) -> Sureness:
        """Return how sure it is that this column holds the texts."""
        found, seen = self.meanings[at], self._looks[at]
        clear = found.kind is Kind.TEXT and found.rank >= CLEAR - 8
        if seen.filled and seen.texts < (0.05 if clear else 0.2):
            return Sureness.NOT
        if found.kind in (Kind.OTHER, Kind.ID):
            return Sureness.NOT
        is_only = len(self._names) == 1
        if not seen.filled:
            return Sureness.MAYBE if clear else Sureness.NOT
        if seen.is_chosen and found.rank > CLEAR + 5:
            return Sureness.LOOKS  # 评论内容 is no rating, however short its texts are
        if seen.is_chosen or seen.is_repeated:
            is_text = is_only or found.rank >= CLEAR or (found.rank >= CLEAR - 8 and not seen.is_chosen)
            return Sureness.MAYBE if is_text else Sureness.NOT
        if found.kind is Kind.TEXT and found.rank < SELDOM:
            return Sureness.MAYBE  # what the shop says
        if found.kind is Kind.TEXT and (found.rank >= USUAL or seen.sentences >= 0.5):
            return Sureness.NAMED if found.rank >= USUAL else Sureness.LOOKS
        if found.kind is Kind.UNKNOWN and seen.sentences >= 0.3:
            return Sureness.LOOKS
        return Sureness.MAYBE if is_only or self._is_beside_number(at) else Sureness.NOT

    def _is_beside_number(self, at: int) -> bool:
        """Tell whether there are two columns without headings, and the other one numbers the rows or rates them."""
        return len(self._names) == 2 and not any(self._names) and self._looks[1 - at].is_counted

    def id(self, texts: Sequence[int], *, is_contract: bool) -> int | None:
        """Return the column of ids, if one is called so and its cells can be ids."""
        if is_contract and "custom_id" in self._names:  # the format of our own API; the first rows may have none
            return self._names.index("custom_id")
        ranks = {at: self._id_rank(at) for at in range(len(self._names)) if at not in texts}
        best = max(ranks, key=ranks.__getitem__, default=None)
        return best if best is not None and ranks[best] > 0 else None

    def _id_rank(self, at: int) -> int:
        found, seen = self.meanings[at], self._looks[at]
        if found.kind is not Kind.ID or seen.sentences > 0.5:
            return 0
        if not seen.filled:
            return found.rank - CLEAR
        if seen.is_chosen and found.rank < CLEAR:
            return 0
        return found.rank - 25 * (seen.different < seen.filled)

    def _weight(self, at: int) -> tuple[int, int, int, float, float]:
        """Return what makes a column rather the one of the texts."""
        seen = self._looks[at]
        rank = self.meanings[at].rank if self.meanings[at].kind is Kind.TEXT else 0
        # of two that are named alike, the one behind may have what few have added
        filled = seen.filled * 4 // self._most if rank >= USUAL and self._most else 0
        return self.sureness(at), rank, filled, seen.sentences, seen.chars


def _label(
    names: Sequence[str], is_named: bool, body: Sequence[Record], reading: Reading, others: Sequence[int]
) -> int | None:
    """Return the column of labels, which is none of the others: the one that is asked for, else one of sentiments.

    Raises InvalidInput.
    """
    label = position(reading.label_column, names, is_named, "label_column")
    if label is not None and label in others:
        detail = f"The column {names[label]!r} cannot have the labels and the texts or ids too."
        raise bad_file("ambiguous_column", detail, "label_column")
    return label_column(names, [record.cells for record in body], others, is_any=False) if label is None else label


def _date(
    names: Sequence[str],
    is_named: bool,
    body: Sequence[Record],
    reading: Reading,
    others: Sequence[int],
    notes: Notes,
) -> int | None:
    """Return the column of dates, which is none of the others: the one that is asked for, else one that is sure.

    Raises InvalidInput.
    """
    date = position(reading.date_column, names, is_named, "date_column")
    if date is None:
        return date_column(names if is_named else ("",) * len(names), body, reading, others, notes)
    if date in others:
        detail = f"The column {names[date]!r} cannot have the dates and the texts, ids or labels too."
        raise bad_file("ambiguous_column", detail, "date_column")
    check_dates(names[date], date, body, reading)
    return date


def _language(
    names: Sequence[str], is_named: bool, body: Sequence[Record], reading: Reading, others: Sequence[int]
) -> int | None:
    """Return the column of languages, which is none of the others: the one that is asked for, else one that is sure.

    Raises InvalidInput.
    """
    language = position(reading.language_column, names, is_named, "language_column")
    if language is None:
        return language_column(names, [record.cells for record in body], others) if is_named else None
    if language in others:
        detail = f"The column {names[language]!r} cannot have the languages and the texts, ids, labels or dates too."
        raise bad_file("ambiguous_column", detail, "language_column")
    return language


def _headings(good: Sequence[Record], reading: Reading) -> int | None:
    """Return which of the records has the headings."""
    if reading.header_row is not None:
        return 0  # what is above it is not among them
    if reading.has_header is False:
        return None
    others = (reading.id_column, reading.label_column, reading.date_column, reading.language_column)
    asked = [*reading.text_column, *filter(None, others)]
    found = headings.find([record.cells for record in good], asked)
    return 0 if found is None and reading.has_header else found


def _names(row: Sequence[str], body: Sequence[Record], kind: str) -> tuple[str, ...]:
    """Return the headings; of a table whose rows are wider, also the names of the columns without one."""
    names = [readable(cell.strip().removeprefix("\ufeff")) for cell in row]
    widths = {len(record.cells) for record in body}
    firsts = {record.cells[0] for record in body}
    if (
        kind in DELIMITED
        and widths == {len(names) + 1}
        and 1 < len(body) == len(firsts)
        and any(record.cells[-1].strip() for record in body)
    ):
        return ("", *names)  # as R writes the names of its rows
    if kind not in DELIMITED:  # cells have places of their own: none is the half of another
        names += [""] * (max(widths, default=0) - len(names))
    return tuple(names)


def _no_rows(head: Sequence[Record], header_row: int | None) -> InvalidInput:
    if header_row is not None:
        return bad_file("unknown_row", f"There is no row {header_row} with headings.", "header_row")
    errors = [(record.number, record.error) for record in head if record.error is not None]
    if not errors:
        return bad_file("no_rows", "The file has no rows that can be read.")
    line, error = errors[0]
    return bad_file("no_rows", f"The file has no rows that can be read. Line {line}: {error.detail}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(repr(name) for name in names[:NAMES_SHOWN]) + more
