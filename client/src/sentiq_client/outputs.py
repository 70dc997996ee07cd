"""What is written to files, as their names say."""

from __future__ import annotations

from pathlib import Path

FILE_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: Endings that mean NDJSON as well; standard output and pipes have none.
_NDJSON = ("", "jsonl")
_PAGES = ("", "html", "htm")


def file_kind(path: str | Path) -> str:
    """Return the kind of results that a file with this name holds, one of FILE_TYPES. Raises ValueError."""
    ending = _ending(path)
    if ending in _NDJSON:
        return "ndjson"
    if ending not in FILE_TYPES:
        kinds = ", ".join(f".{kind}" for kind in FILE_TYPES)
        raise ValueError(f"results are not written as .{ending}: name the file with one of {kinds}.")
    return ending


def check_page(path: str | Path) -> None:
    """Raises ValueError if a file with this name is none of HTML."""
    if (ending := _ending(path)) not in _PAGES:
        raise ValueError(f"a report is a page of HTML, not .{ending}: name the file with .html.")


def _ending(path: str | Path) -> str:
    return Path(path).suffix.lower().removeprefix(".")
