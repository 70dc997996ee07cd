"""What the programs that write report: a JSON line for each file. It needs the standard library alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tools.writers.texts import HEADINGS, ITEMS


class Written(NamedTuple):
    """A file, or the reason why a writer wrote none."""

    writer: str
    version: str
    format: str
    file: str  # its name; "" if there is none
    reason: str = ""


def report(folder: Path, writer: str, version: str, format_: str, suffix: str, write: Callable[[Path], object]) -> None:
    """Let a writer write its file into the folder, and say on standard output what came of it."""
    name = f"{writer}-{format_}.{suffix}".replace(" ", "_").replace(",", "").replace("/", "_")
    reason = ""
    try:
        write(folder / name)
    except Exception as error:  # noqa: BLE001 - whatever a writer cannot do is a line of the table
        name, reason = "", f"{type(error).__name__}: {error}"[:200]
    print(json.dumps(Written(writer, version, format_, name, reason)), flush=True)


def save(make: Callable[[], str | bytes], path: Path) -> None:
    """Write what a writer makes in memory."""
    content = make()
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def cells() -> list[list[str]]:
    """Return the rows as texts, for formats that have nothing else."""
    return [[item["id"], item["text"], str(item["rating"])] for item in ITEMS]


def values() -> list[list[object]]:
    """Return the rows with the id and the rating as numbers, as databases and programs hold them."""
    return [[int(item["id"]), item["text"], item["rating"]] for item in ITEMS]


def records() -> list[dict[str, object]]:
    """Return the same as objects with the headings as names."""
    return [dict(zip(HEADINGS, row, strict=True)) for row in values()]
