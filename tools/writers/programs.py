"""Writers from Debian, with their defaults: those that this machine has."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.writers import servers
from tools.writers.running import lines_of
from tools.writers.texts import HEADINGS
from tools.writers.written import Written, cells, records

HERE = Path(__file__).parent / "programs"
#: Each format of LibreOffice with the suffix that it asks for.
OFFICE = ("xlsx", "xls", "ods", "fods", "html", "csv")


def written(folder: Path) -> Iterator[Written]:
    """Yield the file of each, or that the program is absent."""
    _inputs(folder)
    for program, write in (
        ("jq", _jq),
        ("mlr", _miller),
        ("sqlite3", _sqlite),
        ("soffice", _office),
        ("php", lambda folder: lines_of(["php", HERE / "write.php", folder])),
        ("go", lambda folder: lines_of(["go", "run", HERE / "write.go", folder])),
        ("Rscript", lambda folder: lines_of(["Rscript", HERE / "write.R", folder])),
        ("psql", servers.postgresql),
        ("mariadbd", servers.mariadb),
    ):
        if shutil.which(program, path=servers.PATH) is None:
            yield Written(program, "–", "all", "", "absent on this machine")
        else:
            yield from write(folder)


def _inputs(folder: Path) -> None:
    """Write the rows in the forms that the programs read."""
    lines = "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records())
    (folder / "rows.jsonl").write_text(lines, encoding="utf-8")
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADINGS, *cells()])
    columns = (["c({})".format(", ".join(map(json.dumps, column)))] for column in zip(*cells(), strict=True))
    named = ", ".join(f"{heading} = {column[0]}" for heading, column in zip(HEADINGS, columns, strict=True))
    (folder / "items.R").write_text(f"rows <- data.frame({named}, check.names = FALSE)\n", encoding="utf-8")


def _output(
    writer: str, version: str, format_: str, suffix: str, folder: Path, command: Sequence[str | Path]
) -> Written:
    """Run a command whose standard output is the file."""
    name = re.sub(r"\W", "_", f"{writer}-{format_}") + f".{suffix}"
    with (folder / name).open("wb") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, cwd=folder, check=False)
    if done.returncode:
        return Written(writer, version, format_, "", done.stderr.decode()[:200].strip())
    return Written(writer, version, format_, name)


def version_of(*command: str) -> str:
    """Return the first number with dots that a program says of itself."""
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"[0-9]+(?:\.[0-9]+)+", said)
    assert found is not None, said
    return found[0]


def _jq(folder: Path) -> Iterator[Written]:
    number = version_of("jq", "--version")
    header, row = json.dumps(HEADINGS, ensure_ascii=False), "[.[]]"
    for format_, suffix, options in (
        ("json, one after another", "json", ["."]),
        ("json lines", "jsonl", ["-c", "."]),
        ("json, array", "json", ["-s", "."]),
        ("@csv", "csv", ["-rs", f"{header}, (.[] | {row}) | @csv"]),
        ("@tsv", "tsv", ["-rs", f"{header}, (.[] | {row}) | @tsv"]),
    ):
        yield _output("jq", number, format_, suffix, folder, ["jq", *options, "rows.jsonl"])


def _miller(folder: Path) -> Iterator[Written]:
    number = version_of("mlr", "--version")
    for format_, suffix in (("csv", "csv"), ("tsv", "tsv"), ("json", "json"), ("jsonl", "jsonl")):
        yield _output("Miller", number, format_, suffix, folder, ["mlr", "--icsv", f"--o{format_}", "cat", "rows.csv"])


def _sqlite(folder: Path) -> Iterator[Written]:
    number = version_of("sqlite3", "--version")
    database = folder / "sqlite3.db"
    database.unlink(missing_ok=True)
    names = ", ".join(HEADINGS)
    create = f"CREATE TABLE reviews ({HEADINGS[0]} INTEGER, {HEADINGS[1]} TEXT, {HEADINGS[2]} INTEGER)"
    subprocess.run(["sqlite3", database, create, ".import --csv --skip 1 rows.csv reviews"], cwd=folder, check=True)
    for format_, suffix in (("csv", "csv"), ("json", "json"), ("html", "html"), ("tabs", "tsv"), ("list", "txt")):
        options = ["-header", f"-{format_}", str(database), f"SELECT {names} FROM reviews"]  # noqa: S608
        yield _output("SQLite", number, format_, suffix, folder, ["sqlite3", *options])


def _office(folder: Path) -> Iterator[Written]:
    """Let LibreOffice convert a CSV whose cells it takes as texts."""
    number = version_of("soffice", "--version")
    texts = "CSV:44,34,76,1,1/2/2/2/3/2"  # comma, quotes, UTF-8, from line 1, columns as text
    for suffix in OFFICE:
        made = folder / "office" / f"rows.{suffix}"
        made.parent.mkdir(exist_ok=True)
        command = ["soffice", f"-env:UserInstallation={(folder / 'office-profile').as_uri()}", "--headless"]
        command += [f"--infilter={texts}", "--convert-to", suffix, "--outdir", str(made.parent), "rows.csv"]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        name = f"LibreOffice.{suffix}"
        if made.exists():
            made.replace(folder / name)
            yield Written("LibreOffice", number, suffix, name)
        else:
            yield Written("LibreOffice", number, suffix, "", done.stderr.decode()[:200].strip())
