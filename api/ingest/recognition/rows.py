"""Turns the records of a table into rows: its text, its id, the other cells, or the reason why there is no text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from api.cell_kinds import BOOLEAN, DATE, DURATION, ERROR, FORMULA, MISSING, NUMBER, STRUCTURE, TEXT, TIME
from api.ingest.faults import ID_CHARS, is_unicode, readable, text_fault
from api.ingest.limits import Limits
from api.ingest.notes import Notes
from api.ingest.options import Reading
from api.ingest.recognition.columns import Columns
from api.ingest.recognition.dates import Dates
from api.ingest.recognition.ids import Ids
from api.ingest.recognition.placeholders import MAY_BEGIN, TOTALS, is_filled_in, is_of_table
from api.ingest.table import Record
from sentiq.core.invisible_characters import is_blank
from sentiq.core.languages import language_code
from sentiq.jobs.types import EMPTY_TEXT, WITHOUT_TEXT, Row, RowError

CELLS_KEPT = 1_000  #: of the column of languages, whose codes are remembered
LABEL_CHARS = 100  #: of a cell in the column of labels that are stored; a longer one is no label

_NO_TEXT = {
    BOOLEAN: "TRUE or FALSE",
    DATE: "a date",
    TIME: "a time of a day",
    DURATION: "a duration",
    NUMBER: "a number",  # not in a workbook or a CSV
}


def rows_of(
    records: Iterator[Record],
    columns: Columns,
    reading: Reading,
    limits: Limits,
    notes: Notes,
    dates: Dates | None = None,
) -> Iterator[Row]:
    """Yield a row for each record below the headings. A record that has no text is a row with the reason and its line.

    `notes` gets what was counted on the way. `dates` reads the column of dates, where there is one.
    """
    # Names are local, and what few rows need is elsewhere: this loop runs for each of a million rows.
    maker = _Maker(columns, reading, limits, notes, dates)
    text_at, id_at, label_at, width = columns.text[0], columns.id, columns.label, len(columns.names)
    language_at, code_of = columns.language, lru_cache(CELLS_KEPT)(language_code)
    is_one, keep, max_chars = len(columns.text) == 1, reading.keep_columns, limits.text_chars
    heading = columns.names[text_at] if columns.has_header else None
    nulls, null_chars = maker.nulls, maker.null_chars
    id_of = maker.ids.of
    for record in records:
        line, cells, kinds, error = record
        if error is not None or len(cells) != width:
            fitted = maker.fitted(record)
            if isinstance(fitted, Row):
                yield fitted
                continue
            cells = fitted
        text = cells[text_at]
        if text == heading and maker.is_heading(cells):
            notes.count("lines_not_read")
            continue
        custom_id = None if id_at is None else id_of(cells[id_at], kinds)
        if kinds or not is_one:
            text, fault = maker.text(cells, kinds)
        else:
            fault = None
            if len(text) <= null_chars and text.strip() in nulls:
                fault = maker.null(text.strip())
        if fault is None and (text[:1] in MAY_BEGIN or cells[0] in TOTALS):
            fault = maker.placeholder(text, cells)
        if fault is None and (fault := text_fault(text, max_chars)) is None:
            if custom_id is not None and not (custom_id.isascii() and len(custom_id) <= ID_CHARS):
                fault = _id_fault(custom_id)
            if fault is None:
                label = "" if label_at is None else readable(cells[label_at][:LABEL_CHARS])
                when = None if dates is None else dates.of(cells, kinds, line)
                kept = maker.kept(cells) if keep else None
                language = "" if language_at is None else code_of(cells[language_at])
                if not language and language_at is not None:
                    maker.note_language(cells[language_at], line)
                yield Row(text, custom_id, None, kept, kinds if keep else "", label, when, language)
                continue
        yield maker.failed(fault, record, cells, custom_id, language_at)


class _Maker:
    """Makes what few rows need: all that is not a text and an id of a record as wide as the headings."""

    def __init__(self, columns: Columns, reading: Reading, limits: Limits, notes: Notes, dates: Dates | None) -> None:
        self._dates = dates
        self._columns, self._limits, self._notes = columns, limits, notes
        self._keeps = reading.keep_columns
        self._has_usual_nulls = reading.null_values is None
        self.ids = Ids(columns.id or 0, columns.id_guards, notes, rounds=columns.rounds_numbers)
        self.nulls = reading.nulls
        self.null_chars = max(map(len, self.nulls), default=-2) + 2  # of a cell with blanks around
        self._nulls_seen: list[str] = []
        self._unknown_language: tuple[str, int] | None = None  # the first, with its line

    def fitted(self, record: Record) -> Sequence[str] | Row:
        """Return the cells, as many as there are columns; or the row that fails because they are not."""
        columns, cells, width = self._columns, record.cells, len(self._columns.names)
        error, count = record.error, len(record.cells)
        if error is None and count > width:
            if not any(map(str.strip, cells[width:])):
                self._notes.count("surplus_cells")
            elif columns.has_places:
                self._notes.count("cells_not_read")
            else:
                hint = "is a delimiter inside a cell not quoted?"
                error = RowError("ragged_row", f"There are {count} cells instead of {width}: {hint}")
        elif error is None and count <= min(columns.text) and not columns.has_places:
            error = RowError("ragged_row", f"There are {count} cells instead of {width}.")
        fitting = (*cells[:width], *[""] * (width - count))
        if error is None:
            return fitting
        last = min(columns.text) if count > width else width  # a cell that is torn moves those behind it
        id_at, language_at = (None if at is None or at > last else at for at in (columns.id, columns.language))
        custom_id = None if id_at is None else fitting[id_at] or None
        return self.failed(error, record, fitting, custom_id, language_at)

    def is_heading(self, cells: Sequence[str]) -> bool:
        """Tell whether a row is that of the headings once more, as in files that were put together."""
        return tuple(readable(cell.strip()) for cell in cells) == self._columns.names

    def text(self, cells: Sequence[str], kinds: str) -> tuple[str, RowError | None]:
        """Return the text of a row, joined where there are several columns, or why there is none."""
        found = [self._text(cells[at], kinds[at : at + 1] or TEXT) for at in self._columns.text]
        if len(found) == 1:
            return found[0]
        parts = [text for text, fault in found if fault is None and not is_blank(text)]
        faults = [fault for _, fault in found if fault is not None]
        return "\n".join(parts), None if parts or not faults else faults[0]

    def _text(self, text: str, kind: str) -> tuple[str, RowError | None]:
        if kind == ERROR:
            self._notes.count("error_cells")
            return "", RowError("error_cell", f"The cell holds the error {text or 'of a formula'}, which is no text.")
        if kind == FORMULA:
            self._notes.count("formulas_without_value")
            detail = "The cell is a formula without a stored value. Save the workbook in a spreadsheet program."
            return "", RowError("formula_without_value", detail)
        if kind == STRUCTURE:
            return "", RowError("not_a_text", "The cell holds a list or an object, which is no text.")
        if kind in _NO_TEXT and not self._columns.is_asked and not (kind == NUMBER and self._columns.takes_numbers):
            detail = f"The cell holds {_NO_TEXT[kind]}, which is no text. Name the column (text_column) to read it."
            return "", RowError("not_a_text", detail)
        if kind == MISSING:
            return "", RowError(EMPTY_TEXT, "The text is missing: there is no value.")
        bare = text.strip() if len(text) <= self.null_chars else ""
        return (text, None) if bare not in self.nulls else ("", self.null(bare))

    def note_language(self, cell: str, line: int) -> None:
        """Note a cell of the column of languages that names none, if it is not empty."""
        if not cell.strip() or self._columns.language is None:
            return
        self._unknown_language = self._unknown_language or (cell.strip(), line)
        example, first = self._unknown_language
        column = self._columns.names[self._columns.language]
        self._notes.count("languages_unknown", column=column, example=example, line=first)

    def null(self, text: str) -> RowError | None:
        """Return why a cell with this text has none, and note it; None if it is only blank."""
        if not text:
            return None
        if text not in self._nulls_seen:
            self._nulls_seen.append(text)
        self._notes.count("null_values", values=self._nulls_seen)
        return RowError(EMPTY_TEXT, f"The cell holds {text}, which stands for a missing value (null_values).")

    def placeholder(self, text: str, cells: Sequence[str]) -> RowError | None:
        """Return why a cell among the texts is none that a person wrote; None if it may be one."""
        if self._has_usual_nulls and is_filled_in(text):
            return self.null(text.strip())
        if is_of_table(text) or (cells[0] in TOTALS and cells[0] != text):
            return RowError("not_a_text", "The row says something of the table: a sum, or when it was exported.")
        return None

    def kept(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Return the cells that are stored beside the text, of characters that can be stored."""
        texts = self._columns.text
        if len(texts) == 1:
            at = texts[0]
            cells = (*cells[:at], *cells[at + 1 :])
        return tuple(map(readable, cells))

    def failed(
        self,
        error: RowError,
        record: Record,
        cells: Sequence[str],
        custom_id: str | None,
        language_at: int | None,
    ) -> Row:
        """Return the row of a record without a text; it keeps its id and its cells as far as they can be stored.

        `language_at`: place of its language; None where there is none.
        """
        if error.counts_as == WITHOUT_TEXT:
            self._notes.count("rows_without_text")
        if error.code == "invalid_unicode" and any("\udc80" in cell for cell in cells):  # see Decoder
            detail = (
                "Some bytes are no characters of the file's encoding. If it was put together of several files, save "
                "all of them as UTF-8 before."
            )
            error = RowError("undecodable", detail)
        usable = custom_id if custom_id and len(custom_id) <= ID_CHARS and is_unicode(custom_id) else None
        kept, kinds = None, ""
        if self._keeps:
            most = self._limits.cell_chars
            kept = self.kept([cell if len(cell) <= most else "" for cell in cells])
            kinds = record.kinds[: len(cells)]
        detail = f"Line {record.number}: {error.detail}"
        when = None if self._dates is None else self._dates.of(cells, record.kinds, record.number)
        language = "" if language_at is None else language_code(cells[language_at])
        return Row("", usable, RowError(error.code, detail, record.number), kept, kinds, when=when, language=language)


def _id_fault(custom_id: str) -> RowError | None:
    if not is_unicode(custom_id):
        return RowError("invalid_unicode", "The id has half a surrogate pair.")
    if len(custom_id) <= ID_CHARS:
        return None
    return RowError("invalid_id", f"The id has {len(custom_id):,} characters; the limit is {ID_CHARS}.")
