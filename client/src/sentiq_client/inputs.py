"""What can be submitted, as bytes that can be sent again: files, texts, frames."""

from __future__ import annotations

import csv
import inspect
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from numbers import Number
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, Self

from sentiq_client.errors import MissingPackage

SPOOLED_BYTES = 8 << 20  #: held in memory; more goes to a temporary file
#: Options that say nothing of texts which a program hands over itself.
FILE_ONLY = (
    *("text_column", "id_column", "label_column", "keep_columns", "sheet", "format", "encoding", "delimiter", "quotes"),
    *("escape", "has_header", "header_row", "date_column", "date_order", "date_year", "language_column"),
)
#: What a text that a program hands over may have beside it, and the option that names such a column.
BESIDE = {"date": "date_column", "language": "language_column"}
READING = (*FILE_ONLY, "filename", "null_values")  #: how data are read, whatever is made of them
Texts = Iterable[Any] | os.PathLike[str] | IO[bytes] | IO[str]
NOT_TEXTS = "submit a list or another iterable of texts, a Series, a DataFrame, a Path or an open file"


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes that can be read from their beginning as often as needed."""

    opened: Callable[[], AbstractContextManager[BinaryIO]]
    size: int
    content_type: str
    params: Mapping[str, Any]  #: how the service is to read it
    close: Callable[[], object]


def source_of(data: Any, options: Mapping[str, Any]) -> Source:
    """Whatever `submit` takes. Raises TypeError and ValueError for what it does not, and OSError."""
    if isinstance(data, os.PathLike):
        return of_path(Path(data))
    if isinstance(data, str | bytes | bytearray | Mapping):
        hint = "; of one text, analyze(text)" if isinstance(data, str) else ""
        raise TypeError(f"a {type(data).__name__} is no list of texts: {NOT_TEXTS}{hint}")
    if hasattr(data, "read"):
        return _of_file(data)
    if (records := _records(data)) is not None:
        return _of_frame(*records)
    if not isinstance(data, Iterable):
        raise TypeError(f"a {type(data).__name__} is no list of texts: {NOT_TEXTS}")
    with Lines(options) as lines:
        for item in data:
            lines.add(item)
        return lines.source()


def of_path(path: Path) -> Source:
    size = path.stat().st_size
    return Source(lambda: path.open("rb"), size, "application/octet-stream", {"filename": path.name}, lambda: None)


class Lines:
    """Texts on their way to NDJSON. A missing one is a null: that row fails alone."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        for name in FILE_ONLY:
            if options.get(name) is not None:
                raise TypeError(f"{name} is for files and frames; these are texts")
        self._spool = _spool()
        self._count = 0
        self._beside: set[str] = set()  # that the first one has: the service knows the members of lines by it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self._spool.close()

    def add(self, item: Any) -> None:
        row = self._row(item)
        self._spool.write(json.dumps(row).encode() + b"\n")
        self._count += 1

    def source(self) -> Source:
        if not self._count:
            raise ValueError("there are no texts to submit")
        return _of_spool(self._spool, "application/x-ndjson", {BESIDE[name]: name for name in sorted(self._beside)})

    def _row(self, item: Any) -> str | dict[str, str | None] | None:
        if not isinstance(item, Mapping):
            return self._text(item)
        if "text" not in item or not item.keys() <= {"text", "custom_id", *BESIDE}:
            names = ", ".join(map(repr, item)) or "nothing"
            allowed = "a mapping has `text`, and `custom_id`, `date` and `language` if you like"
            raise ValueError(f"item {self._count} has {names}: {allowed}")
        found = {"text": self._text(item["text"])}
        custom_id = self._text(item.get("custom_id"))
        if custom_id is not None:
            found["custom_id"] = custom_id
        if self._count == 0:
            self._beside = item.keys() & BESIDE.keys()
        for name in sorted(item.keys() & BESIDE.keys()):
            if name not in self._beside:
                raise ValueError(
                    f"item {self._count} has a {name} and the first one has none: give it one too, or None"
                )
            found[name] = _date(item[name]) if name == "date" else self._text(item[name])
        return found

    def _text(self, value: Any) -> str | None:
        if hasattr(value, "as_py"):  # of an Arrow array
            value = value.as_py()
        if is_missing(value):
            return None
        if isinstance(value, str | Number):  # numbers as in a file
            return str(value)
        raise TypeError(f"item {self._count} is a {type(value).__name__}, not a text")


def is_missing(value: Any) -> bool:
    """None, NaN, NaT or pandas' NA, without asking for pandas."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, Number) and bool(value != value)


def _date(value: Any) -> str | None:
    """Return a date as the service reads it; what is a text already is read there."""
    if is_missing(value):
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def as_params(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a query has them; what is None was not asked for."""
    return {name: _param(value) for name, value in options.items() if value is not None}


def as_json(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a JSON body has them; what is None was not asked for."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in options.items()
        if value is not None
    }


def _param(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return list(value) or [""]  # an empty list says something too, and a query has no other way to say it
    return value


def _of_file(file: Any) -> Source:
    """An open file from where it stands; of one that cannot be read twice, a copy."""
    if inspect.iscoroutinefunction(file.read):
        raise TypeError("this file is asynchronous: submit its path, or a file of open(path, 'rb')")
    name = getattr(file, "name", None)
    named = {"filename": Path(name).name} if isinstance(name, str) and not name.startswith("<") else {}
    if not isinstance(file, io.TextIOBase) and file.seekable():
        start = file.tell()
        size = file.seek(0, io.SEEK_END) - start
        file.seek(start)

        @contextmanager
        def opened() -> Iterator[BinaryIO]:
            file.seek(start)
            yield file

        return Source(opened, size, "application/octet-stream", named, lambda: None)
    encoding = {}
    with _whole(_spool()) as spool:
        while piece := file.read(1 << 20):
            if isinstance(piece, str):
                encoding = {"encoding": "utf-8"}
                piece = piece.encode("utf-8", "surrogatepass")
            spool.write(piece)
    return _of_spool(spool, "application/octet-stream", named | encoding)


def _records(data: Any) -> tuple[list[str], Iterator[tuple[Any, ...]]] | None:
    """Headings and rows of a frame; None for what is none."""
    if hasattr(data, "itertuples"):  # pandas
        return list(map(str, data.columns)), data.itertuples(index=False, name=None)
    if hasattr(data, "iter_rows") and hasattr(data, "columns"):  # polars
        return list(data.columns), data.iter_rows()
    if hasattr(data, "__arrow_c_stream__") and (hasattr(data, "schema") or not hasattr(data, "__iter__")):
        return _records_of_arrow(data)
    return None


def _records_of_arrow(data: Any) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Of whatever gives an Arrow stream (the PyCapsule interface)."""
    try:
        import polars
    except ImportError:
        pass
    else:
        frame = polars.DataFrame(data)
        return frame.columns, frame.iter_rows()
    try:
        import pyarrow
    except ImportError:
        raise MissingPackage("To read Arrow data install one of its readers: pip install polars") from None
    table = pyarrow.table(data)
    batches = table.to_batches()
    return table.column_names, (row for b in batches for row in zip(*(c.to_pylist() for c in b.columns), strict=True))


def _of_frame(headings: list[str], records: Iterable[tuple[Any, ...]]) -> Source:
    """A frame is a table as a CSV file is; nothing about it is left to be recognised but its columns."""
    count = 0
    with _whole(_spool()) as spool:
        # Half a surrogate pair is no character: it spoils its row alone, as in a file.
        text = io.TextIOWrapper(spool, "utf-8", "surrogatepass", newline="")
        table = csv.writer(text, lineterminator="\n")
        table.writerow(headings)
        for record in records:
            table.writerow(["" if is_missing(cell) else cell for cell in record])
            count += 1
        text.detach()
        if not count:
            raise ValueError("there are no rows to submit")
    how = {"format": "csv", "encoding": "utf-8", "delimiter": ",", "quotes": True, "has_header": True}
    return _of_spool(spool, "text/csv", how)


def _spool() -> Any:
    return tempfile.SpooledTemporaryFile(max_size=SPOOLED_BYTES, prefix="sentiq-")


@contextmanager
def _whole(spool: Any) -> Iterator[Any]:
    """The same; what was not written to its end is thrown away."""
    try:
        yield spool
    except BaseException:
        spool.close()
        raise


def _of_spool(spool: Any, content_type: str, params: Mapping[str, Any]) -> Source:
    size = spool.seek(0, io.SEEK_END)

    @contextmanager
    def opened() -> Iterator[BinaryIO]:
        spool.seek(0)
        yield spool

    return Source(opened, size, content_type, params, spool.close)
