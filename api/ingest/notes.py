"""What was decided while a file was read, and what was left out: codes with facts, for the job and for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.ingest.faults import readable
from sentiq.jobs.types import Note

NAMES_SAID = 10  #: of a list, in a sentence
NAMES_KEPT = 100  #: of a list, with the job
NAME_CHARS = 200  #: of a name, with the job

#: The sentence of each code; the page has the same in its languages (api/static/app/words).
SENTENCES: Mapping[str, str] = {
    "archive_member": "The archive was unpacked and “{name}” in it was read.",
    "cells_not_read": "Rows with cells further right than all headings, which were left out: {count}.",
    "columns_joined": "The texts of these columns were joined, in this order: {columns}.",
    "date_column_recognised": "The dates of the rows were taken from the column “{column}”. Others that may be meant: "
    "{others}.",
    "dates_day_first": "In the column “{column}” the day stands before the month, as “{example}” shows.",
    "dates_month_first": "In the column “{column}” the month stands before the day, as “{example}” shows.",
    "dates_of_months": "Some dates say no day, such as “{example}”. Each counts as the first day of its month.",
    "dates_of_unix": "The dates are Unix times, shown by the clock of {zone}.",
    "dates_unclear": "Dates that count as none, since it is not clear whether the day, the month or the year stands "
    "first: {count}, such as “{example}”. Say which does (date_order).",
    "dates_unreadable": "Cells of the column “{column}” that are no date, so that their rows have none: {count}. The "
    "first is “{example}” in line {line}. Write dates as 2024-03-05 or 2024-03-05 15:00.",
    "dates_without_year": "Some dates say no year, such as “{example}”. Each was taken for the last such day until "
    "{day}. If they are of another year, say which (date_year).",
    "dates_year_first": "In the column “{column}” the year stands first, as “{example}” shows.",
    "encoding_recognised": "The encoding was recognised as {encoding}, {share} percent sure.",
    "error_cells": "Cells with an error of the workbook, which is no text: {count}.",
    "escapes_undone": "Escapes in the cells were undone ({style}).",
    "formulas_without_value": "Formulas without a stored value, which have no text: {count}. "
    "Open the workbook in a spreadsheet program and save it again to get them.",
    "headings_absent": "No headings were found: the first row was read like the others.",
    "id_guards": "Ids without the guards of spreadsheets around them (an equals sign, a tab, an apostrophe): {count}.",
    "ids_not_compared": "Ids that were not compared with others, because the file has so many: {count}.",
    "ids_repeat": "Rows with an id that a row before has too: {count}.",
    "ids_rounded": "Ids with more digits than a number can keep, so that the last ones are wrong: {count}. "
    "Write the ids as text.",
    "label_column_recognised": "The column “{column}” has labels, with which the answers can be compared.",
    "language_column_recognised": "The column “{column}” says in which language each text is.",
    "languages_unknown": "Cells of the column “{column}” that name no language: {count}. The first is “{example}” in "
    "line {line}. Their texts are answered like those without one. Write codes, such as zh, en or ja.",
    "lines_not_read": "Lines that are no rows, such as comments, settings and headings once more, and were left out: "
    "{count}.",
    "members_not_read": "Members of the JSON objects that were left out: {members}.",
    "null_values": "Cells that stand for a missing value ({values}) and have no text: {count}.",
    "rows_above_headings": "Rows above the headings that were left out: {count}.",
    "rows_without_text": "Rows without a text: {count}.",
    "sheets_not_read": "The sheet “{sheet}” was read. Not read: {others}.",
    "surplus_cells": "Rows with more cells than headings, all of them empty and left out: {count}.",
    "tables_not_read": "The table “{table}” was read. Not read: {others}.",
    "text_column_recognised": "The texts were taken from the column “{column}”. Others that may be meant: {others}.",
}


class Notes:
    """Collects the notes on one file. A code occurs once; what is counted grows."""

    def __init__(self) -> None:
        self._facts: dict[str, dict[str, Any]] = {}

    def __contains__(self, code: str) -> bool:
        """Tell whether there is such a note."""
        return code in self._facts

    def add(self, code: str, **facts: str | int | list[str]) -> None:
        """Note a decision, with the facts that its sentence names."""
        self._facts[code] = facts

    def count(self, code: str, more: int = 1, **also: str | int | list[str]) -> None:
        """Note that something happened, once more; further facts are the newest ones."""
        if more:
            facts = self._facts.setdefault(code, {"count": 0})
            facts["count"] += more
            facts |= also

    def drop(self, code: str) -> None:
        """Take back what was noted, where it has turned out not to be so."""
        self._facts.pop(code, None)

    def take(self, other: Notes) -> None:
        """Take over what another collection has."""
        self._facts |= other._facts

    def all(self) -> tuple[Note, ...]:
        """Return the notes so far, in the order in which their codes first came."""
        return tuple(
            Note(code, sentence(code, facts), {name: _kept(value) for name, value in facts.items()})
            for code, facts in self._facts.items()
        )


def sentence(code: str, facts: Mapping[str, Any]) -> str:
    """Return what a note says to people in English."""
    return SENTENCES[code].format_map({name: _said(value) for name, value in facts.items()})


def _said(value: str | int | list[str]) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str):
        return _kept_name(value)
    names = [f"“{_kept_name(name)}”" for name in value[:NAMES_SAID]]
    more = len(value) - len(names)
    if more:
        names.append(f"{more:,} more")
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:]))) or "none"


def _kept(value: str | int | list[str]) -> str | int | list[str]:
    """Return the fact as the job stores it: names come from files, and may be of any length and number."""
    if isinstance(value, int):
        return value
    return _kept_name(value) if isinstance(value, str) else [_kept_name(name) for name in value[:NAMES_KEPT]]


def _kept_name(name: str) -> str:
    return readable(name if len(name) <= NAME_CHARS else name[: NAME_CHARS - 1] + "…")
