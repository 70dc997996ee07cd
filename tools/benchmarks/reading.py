"""Speed and memory of reading files, this checkout and an older one in turn.

    python -m tools.benchmarks.reading --texts FILE [--rows 200000 1000000] [--formats xlsx csv] [--baseline DIR]

Each run is a process of its own that reads a file of three columns (an id, a text, a rating) to its last row, as an
upload would. What is measured of it and of the processes that it starts:

- rows/s: rows that come out of `File.rows()`, the time to begin included
- PSS: the most memory that all of them used at the same time, sampled every 20 ms
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import xlsxwriter

from tools.benchmarks.texts import iterate_texts

SAMPLE_EVERY_S = 0.02
HERE = Path(__file__).parents[2]

#: Runs in the checkout that is measured, which may be older: it uses what both have.
READ = """
import json, sys, time
sys.path.insert(0, ".")
from api.ingest.files import File
from api.ingest.limits import Limits
from api.ingest.options import Reading
limits = Limits(inflated_bytes=10**11, inflate_ratio=10**4, rows=10**8, columns=100, cell_chars=10**5, text_chars=10**5)
def pieces(path):
    with open(path, "rb") as file:
        while piece := file.read(65536):
            yield piece
begun = time.perf_counter()
with File(pieces(sys.argv[1]), Reading(file_name=sys.argv[1]), limits) as file:
    rows = sum(1 for row in file.rows() if row.error is None)
print(json.dumps({"rows": rows, "s": time.perf_counter() - begun}))
"""

Rows = Iterator[tuple[str, str, int]]


def rows_of(texts: Path, count: int) -> Rows:
    """Yield ids, texts and ratings."""
    for number, text in enumerate(itertools.islice(iterate_texts(texts), count), start=1):
        yield str(10**17 + number), text, number % 5 + 1


def write_csv(path: Path, rows: Rows) -> None:
    """Write CSV."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "text", "rating"))
        writer.writerows(rows)


def write_jsonl(path: Path, rows: Rows) -> None:
    """Write JSON lines."""
    with path.open("w") as file:
        for number, text, rating in rows:
            document = {"custom_id": number, "text": text, "rating": rating}
            file.write(json.dumps(document, ensure_ascii=False) + "\n")


def write_txt(path: Path, rows: Rows) -> None:
    """Write one text a line."""
    with path.open("w") as file:
        file.writelines(f"{text}\n" for _, text, _ in rows)


def write_xlsx(path: Path, rows: Rows) -> None:
    """Write a workbook as Excel does, with its texts in a part of their own."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("id", "text", "rating"))
        for at, (number, text, rating) in enumerate(rows, start=1):
            sheet.write_string(at, 0, number)
            sheet.write_string(at, 1, text)
            sheet.write_number(at, 2, rating)


def write_inline(path: Path, rows: Rows) -> None:
    """Write a workbook with its texts in the cells, as openpyxl and streaming writers do."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(("id", "text", "rating"))
    for row in rows:
        sheet.append(row)
    book.save(path)


WRITERS: dict[str, tuple[str, Callable[[Path, Rows], None]]] = {
    "xlsx": ("xlsx", write_xlsx),
    "inline": ("xlsx", write_inline),
    "csv": ("csv", write_csv),
    "jsonl": ("jsonl", write_jsonl),
    "txt": ("txt", write_txt),
}


def measure(checkout: Path, file: Path) -> dict[str, Any]:
    """Read a file with a checkout."""
    reader = subprocess.Popen([sys.executable, "-c", READ, file], cwd=checkout, stdout=subprocess.PIPE, text=True)
    most = 0
    while reader.poll() is None:
        most = max(most, pss(reader.pid))
        time.sleep(SAMPLE_EVERY_S)
    assert reader.stdout is not None
    found = json.loads(reader.stdout.read())
    return {"rows": found["rows"], "rows_per_s": found["rows"] / found["s"], "pss_mb": most / 1e6}


def pss(pid: int) -> int:
    """Return the memory of a process and of those that it started, in bytes."""
    total = 0
    try:
        process = psutil.Process(pid)
        for each in (process, *process.children()):
            total += each.memory_full_info().pss
    except psutil.Error:
        pass  # it has just ended
    return total


def main() -> None:
    """Measure what the command line asks for, and print a line of JSON for each file and checkout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True, help="one text a line, plain or gzipped")
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000])
    parser.add_argument("--formats", nargs="+", choices=list(WRITERS), default=list(WRITERS))
    parser.add_argument("--baseline", type=Path, help="another checkout, read with in turn")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    checkouts = {"this": HERE} | ({"baseline": asked.baseline} if asked.baseline else {})
    with tempfile.TemporaryDirectory() as folder:
        for format_, count in itertools.product(asked.formats, asked.rows):
            suffix, write = WRITERS[format_]
            file = Path(folder, f"{format_}-{count}.{suffix}")
            write(file, rows_of(asked.texts, count))
            runs: dict[str, list[dict[str, Any]]] = {name: [] for name in checkouts}
            for _ in range(asked.runs):
                for name, checkout in checkouts.items():
                    runs[name].append(measure(checkout, file))
            for name, results in runs.items():
                medians = {key: round(statistics.median(run[key] for run in results)) for key in results[0]}
                print(json.dumps({"format": format_, "checkout": name, **medians}), flush=True)
            file.unlink()


if __name__ == "__main__":
    main()
