"""Reads labelled texts from any file that the service reads: CSV, TSV, workbooks, JSON lines, Parquet, gzip and more.

The columns are named or recognised. A row needs a text and a label; rows that lack one are left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from api.ingest.files import File
from api.ingest.limits import limits
from api.ingest.options import Reading
from api.ingest.recognition.columns import position
from api.ingest.recognition.labels import label_column, source_column
from sentiq.core.errors import InvalidInput, SentiqError
from sentiq.core.settings import Settings
from sentiq.evaluation.label_names import KNOWN, UnclearNumbers, cell_label, meanings

PIECE_BYTES = 1 << 16
FAULTS_SHOWN = 5
MOST_LABELS = 50  #: different ones of a file; more are no labels
_OPTIONS = {
    "text_column": "--text",
    "label_column": "--label",
    "source_column": "--source",
    "language_column": "--language",
}


class LabelledError(ValueError):
    """A file cannot be used: the text names the file, the row or column, and the remedy."""


class Conflict(NamedTuple):
    """A text that occurs with different labels."""

    text: str
    rows: tuple[int, ...]
    labels: tuple[str, ...]  #: of these rows


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts with their labels; all lists have one place for each row that has both, in the order of the file."""

    texts: list[str]
    labels: list[str]  #: names, as sentiq.evaluation.label_names.normalise gives them
    sources: list[str] | None  #: None where the file has no such column
    rows: list[int]  #: number of the row in the file, from 1, without the headings
    text_column: str  #: its heading, or `column 1`
    label_column: str
    source_column: str | None = None
    languages: list[str] | None = None  #: codes, "" where a row has none; None where the file has no such column
    language_column: str | None = None
    without_text: int = 0  #: rows that were left out as they have no text, or one that cannot be read
    without_label: int = 0  #: rows that were left out as their label is blank

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows each label has, the most frequent first."""
        return dict(Counter(self.labels).most_common())

    def conflicts(self) -> list[Conflict]:
        """Return the texts that occur with different labels, in the order of the file."""
        return [
            Conflict(text, tuple(self.rows[at] for at in places), tuple(self.labels[at] for at in places))
            for text, places in self._places().items()
            if len({self.labels[at] for at in places}) > 1
        ]

    def distinct(self) -> Labelled:
        """Return each text once: of doubles the first row, of texts with different labels none.

        What learns from the rows needs this, so that no text is both learned from and tested on; a measure of a model
        keeps doubles, since they are as frequent where it is used.
        """
        kept = sorted(places[0] for places in self._places().values() if len({self.labels[at] for at in places}) == 1)
        return replace(
            self,
            texts=[self.texts[at] for at in kept],
            labels=[self.labels[at] for at in kept],
            sources=None if self.sources is None else [self.sources[at] for at in kept],
            rows=[self.rows[at] for at in kept],
            languages=None if self.languages is None else [self.languages[at] for at in kept],
        )

    def _places(self) -> dict[str, list[int]]:
        """Return where each text is; blanks around it do not count."""
        found: dict[str, list[int]] = {}
        for at, text in enumerate(self.texts):
            found.setdefault(text.strip(), []).append(at)
        return found


def read_labelled(
    path: Path,
    *,
    text: str | None = None,
    label: str | None = None,
    source: str | None = None,
    language: str | None = None,
    labels: Sequence[str] | None = None,
) -> Labelled:
    """Read all rows that have a text and a label.

    `text`, `label`, `source` and `language` are headings, or numbers from 1; None: recognised. `labels` are the known
    ones, in the order of the model's outputs; None: those of the file. Raises LabelledError naming the file, the row
    and the column: for a file that cannot be read, a column that is not there, a label that is none of the known ones
    (with None: one that is unknown beside known ones), and when no row has both a text and a label.
    """
    with _opened(path, text, language) as file:
        names, texts_at = file.columns.names, file.columns.text[0]
        if not file.sample:
            raise LabelledError(f"{path}: the file has headings, but no rows below them")
        label_at = position(label, names, _has_names(file), "label_column")
        if label_at is None:
            label_at = label_column(names, file.sample, (texts_at,))
        if label_at is None:
            raise LabelledError(
                f"{path}: no column looks as if it held labels; there are {_listed(names)}. Name it with --label."
            )
        if label_at == texts_at:
            raise LabelledError(f"{path}: the column {names[label_at]!r} cannot hold both the texts and the labels")
        source_at = position(source, names, _has_names(file), "source_column")
        if source_at is None:
            source_at = source_column(names, file.sample, (texts_at, label_at))
        texts: list[str] = []
        found: list[str] = []
        sources: list[str] = []
        languages: list[str] = []
        rows: list[int] = []
        without_text = without_label = 0
        for number, row in enumerate(file.rows(), start=1):
            cells = row.cells or ()
            name = cell_label(_cell(cells, label_at, texts_at))
            if row.error is not None:
                without_text += 1
            elif not name:
                without_label += 1
            else:
                texts.append(row.text)
                found.append(name)
                rows.append(number)
                languages.append(row.language)
                sources.append("" if source_at is None else _cell(cells, source_at, texts_at).strip())
    if not texts:
        raise LabelledError(
            f"{path}: no row has both a text ({names[texts_at]!r}) and a label ({names[label_at]!r}): "
            f"{without_text:,} without a text, {without_label:,} without a label. Are these the right columns?"
        )
    return Labelled(
        texts=texts,
        labels=_checked(path, names[label_at], found, rows, labels),
        sources=None if source_at is None else sources,
        languages=None if file.columns.language is None else languages,
        rows=rows,
        text_column=names[texts_at],
        label_column=names[label_at],
        source_column=None if source_at is None else names[source_at],
        language_column=None if file.columns.language is None else names[file.columns.language],
        without_text=without_text,
        without_label=without_label,
    )


def read_texts(path: Path, text: str | None = None) -> list[str]:
    """Read the texts of a file without labels; rows without a text are left out. Raises LabelledError."""
    with _opened(path, text) as file:
        texts = [row.text for row in file.rows() if row.error is None]
    if not texts:
        raise LabelledError(f"{path}: no row has a text. Name the column of the texts with --text.")
    return texts


@contextmanager
def _opened(path: Path, text: str | None, language: str | None = None) -> Iterator[File]:
    """Open a file as the service does, all its columns kept; what is wrong with it becomes a LabelledError."""
    reading = Reading(
        file_name=path.name, text_column=() if text is None else (text,), language_column=language, keep_columns=True
    )
    try:
        with File(_pieces(path), reading, limits(Settings())) as file:
            yield file
    except OSError as error:
        raise LabelledError(f"{path}: {error.strerror or error}") from error
    except SentiqError as error:
        detail = error.detail
        for field, option in _OPTIONS.items():
            detail = detail.replace(f"({field})", f"({option})")
        pointer = error.errors[0].pointer if isinstance(error, InvalidInput) and error.errors else None
        option = _OPTIONS.get((pointer or "").removeprefix("/"), "")
        raise LabelledError(f"{path}: {option}{': ' if option else ''}{detail}") from error


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _has_names(file: File) -> bool:
    """Tell whether the columns have headings of the file's own."""
    return file.columns.has_header or "has_header" not in file.options


def _cell(cells: Sequence[str], at: int, texts_at: int) -> str:
    """Return a cell of a row, which is kept without its text."""
    place = at - (at > texts_at)
    return cells[place] if place < len(cells) else ""


def _checked(
    path: Path, column: str, found: Sequence[str], rows: Sequence[int], labels: Sequence[str] | None
) -> list[str]:
    """Return the labels by their names. Raises LabelledError for any that is not known."""
    different = set(found)
    if len(different) > MOST_LABELS:
        raise LabelledError(
            f"{path}: the column {column!r} holds {len(different):,} different values, which are no labels. "
            "Name the column of the labels with --label."
        )
    names = {name for name in different if not name.lstrip("+-").isdecimal()}
    if labels is None and names & set(KNOWN.values()):
        known: Sequence[str] | None = sorted(set(KNOWN.values()))
    else:
        known = labels
    try:
        meant = meanings(different, known)
    except UnclearNumbers as error:
        raise LabelledError(f"{path}, column {column!r}: {error}") from error
    wrong = [(row, name) for row, name in zip(rows, found, strict=True) if name not in meant]
    if wrong and known is not None:
        shown = "; ".join(f"row {row}: {name!r}" for row, name in wrong[:FAULTS_SHOWN])
        more = f" and {len(wrong) - FAULTS_SHOWN:,} more" if len(wrong) > FAULTS_SHOWN else ""
        raise LabelledError(
            f"{path}, column {column!r}: labels that are none of {', '.join(known)}: {shown}{more}. "
            "Correct them, or leave their cells empty."
        )
    return [meant[name] for name in found]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:20])) + (" and more" if len(names) > 20 else "")
