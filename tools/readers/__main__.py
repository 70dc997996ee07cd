"""The results of a job, read back by other programs: which of them find every cell exactly.

    python -m tools.readers --environments DIR

It makes one job of unusual texts, downloads its results as XLSX, CSV and NDJSON, and lets each reader print them. The
programs of PyPI and npm are installed into DIR in the versions pinned here; those of Debian are used where they are
installed (libreoffice-calc, r-cran-readxl, r-cran-openxlsx, ruby-roo, libspreadsheet-parsexlsx-perl,
libspreadsheet-xlsx-perl, php-cli). The first row of a file is compared as well. A cell may come as another type (5 as
5.0, a day as a moment or as the number that spreadsheets store), a text or an id may not.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sentiq_client import Client
from tests.support.cluster import Cluster

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"

#: Texts by what is unusual about them.
TEXTS = {
    "plain": "质量很好，下次还来",
    "line feed": "第一行\n第二行",
    "carriage return": "第一行\r\n第二行",
    "formula": "=SUM(1,2) 不是公式",
    "plus": "+1 支持",
    "quotation marks": '他说"不错"，我同意',
    "emoji": "太棒了😀👍🏻",
    "blanks": "  前后有空格  ",
    "markup": "<r>很好</r>",
    "entities": "A &amp; B <b> &#10;",
    "_x000D_": "字面_x000D_不变",
    "tab": "左\t右",
    "long": "长" * 5_000,
    "apostrophe": "'引号开头",
    "number": "12345678901234567890",
}
HEADINGS = ("编号", "日期", "评分", "评论")
ID = 123_456_789_012_345_600


def expected() -> list[list[str]]:
    """Return the rows as they are sent."""
    rows = [[str(ID + n), "2026-01-31", str(n % 5 + 1), text] for n, text in enumerate(TEXTS.values())]
    return [list(HEADINGS), *rows]


def make_results(folder: Path) -> None:
    """Write results.xlsx, results.csv and results.ndjson."""
    table = folder / "table.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(expected())
    cluster = Cluster(folder)
    try:
        cluster.redis_server.start()
        cluster.start_api()
        cluster.start_worker("bulk", 1, app="tools.benchmarks.noop_worker")
        with Client(cluster.url) as client:
            job = client.submit_file(table, keep_columns=True, text_column="评论", id_column="编号")
            job.wait()
            for kind in ("xlsx", "csv", "ndjson"):
                job.download(folder / f"results.{kind}", include="columns")
    finally:
        cluster.close()


def install(environments: Path) -> None:
    """Install what PyPI and npm have, once."""
    python, node = environments / "python", environments / "node"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python], check=True)
        subprocess.run([python / "bin/pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
    if not node.exists():
        node.mkdir(parents=True)
        (node / "package.json").write_bytes((HERE / "package.json").read_bytes())
        subprocess.run(["npm", "install", "--silent"], cwd=node, check=True)


def readers(environments: Path) -> dict[str, dict[str, list[str]]]:
    """Return the commands by kind of file and name of the reader."""
    python = [str(environments / "python/bin/python"), str(PROGRAMS / "readers.py")]
    node = ["env", f"NODE_PATH={environments / 'node/node_modules'}", "node", str(PROGRAMS / "readers.js")]
    r, ruby, perl, php = (
        [name, str(PROGRAMS / f"readers.{ending}")]
        for name, ending in (("Rscript", "R"), ("ruby", "rb"), ("perl", "pl"), ("php", "php"))
    )
    return {
        "xlsx": {
            **{name: [*python, name] for name in ("openpyxl", "pandas-openpyxl", "pandas-calamine", "calamine")},
            **{name: [*python, name] for name in ("polars", "xlsx2csv", "pyexcel", "tablib", "agate", "petl")},
            **{f"{name} (npm)": [*node, name] for name in ("xlsx", "exceljs", "read-excel-file")},
            **{f"{name} (R)": [*r, name] for name in ("readxl", "openxlsx")},
            **{f"Spreadsheet::{name} (Perl)": [*perl, name] for name in ("ParseXLSX", "XLSX")},
            "roo (Ruby)": [*ruby, "roo"],
            "LibreOffice": [*python, "libreoffice"],
        },
        "csv": {
            **{
                name: [*python, f"{name}-csv" if name != "csv" else name]
                for name in ("csv", "pandas", "polars", "duckdb")
            },
            **{f"{name} (npm)": [*node, name] for name in ("csv-parse", "papaparse")},
            "read.csv (R)": [*r, "read.csv"],
            "CSV (Ruby)": [*ruby, "csv"],
            "fgetcsv (PHP)": [*php, "fgetcsv"],
        },
        "ndjson": {
            **{
                name: [*python, f"{name}-json" if name != "json" else name]
                for name in ("json", "pandas", "polars", "duckdb")
            },
            "JSON.parse (Node)": [*node, "json"],
            "JSON (Ruby)": [*ruby, "json"],
            "json_decode (PHP)": [*php, "json"],
        },
    }


def rows_of(printed: bytes) -> list[list[Any]]:
    """Return the rows that a program printed: JSON, or hexadecimal cells by tabs."""
    if not printed.lstrip().startswith(b"["):
        return [[bytes.fromhex(cell).decode() for cell in line.split("\t")] for line in printed.decode().splitlines()]
    rows = json.loads(printed)
    if rows and isinstance(rows[0], dict):
        return [list(HEADINGS), *([cell for _, cell in row["columns"]] for row in rows)]
    return list(rows)


def is_same(cell: Any, wanted: str, kind: str, at: int) -> bool:
    """Tell whether a cell is the one that was sent. CSV has an apostrophe before what would be a formula."""
    if kind == "csv" and wanted[:1] in ("=", "+"):
        wanted = "'" + wanted
    found = str(cell)
    if (at == 1 and found[:10] == "2026-01-31") or (at == 2 and found == f"{wanted}.0"):
        return True
    return found == wanted or (at == 1 and found in ("46053", "46053.0"))


def compare(rows: Sequence[Sequence[Any]], kind: str) -> list[str]:
    """Return what differs: the names of texts, else places."""
    wanted, names = expected(), ["headings", *TEXTS]
    if len(rows) != len(wanted):
        return [f"{len(rows)} rows instead of {len(wanted)}"]
    found: list[str] = []
    for name, row, cells in zip(names, rows, wanted, strict=True):
        for at, cell in enumerate(cells):
            if at >= len(row) or not is_same(row[at], cell, kind, at):
                found.append(name if at == 3 or name == "headings" else f"{HEADINGS[at]} of {name}")
    return found


def report(name: str, kind: str, command: list[str], file: Path) -> str:
    """Run a reader; return a line of the table."""
    done = subprocess.run([*command, file], capture_output=True, check=False)
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()
        said = "does not run: " + (last[-1][:100] if last else str(done.returncode))
    else:
        said = ", ".join(compare(rows_of(done.stdout), kind)) or "exact"
    return f"| {kind} | {name} | {said} |"


def main() -> None:
    """Print a table of all readers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=Path, required=True, help="where readers are installed, once")
    environments = parser.parse_args().environments.resolve()
    install(environments)
    print("| file | reader | differs |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="sentiq-readers-") as name:
        make_results(Path(name))
        for kind, commands in readers(environments).items():
            for reader, command in commands.items():
                print(report(reader, kind, command, Path(name, f"results.{kind}")), flush=True)


if __name__ == "__main__":
    main()
