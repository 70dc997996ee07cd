"""Print the cells of a file as readers find them that are not ours: python -m tools.writers.other_readers FILE.

It needs the environment of the writers from PyPI.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import lxml.html
import pandas
from python_calamine import CalamineWorkbook

ESCAPE = re.compile(r"\\(.|\n)", re.DOTALL)
SIGNS = {"line-break": "\n", "tab": "\t", "s": " "}
LETTERS = {"n": "\n", "t": "\t", "r": "\r"}


def cells_of(path: Path) -> Iterator[str]:
    """Yield the cells, by the suffix of the file. Raises whatever the reader raises."""
    kind = path.suffix.lstrip(".")
    if kind in ("csv", "tsv", "txt"):
        yield from _delimited(path.read_bytes().decode("utf-8-sig"))
    elif kind in ("xlsx", "xlsm"):
        for row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python():
            yield from map(str, row)
    elif kind in ("ods", "fods"):
        yield from _opendocument(path)
    elif path.read_bytes().startswith(b"<?xml"):
        yield from map(str, ElementTree.parse(path).getroot().itertext())  # noqa: S314 - it was written a moment ago
    elif kind == "xls":
        yield from pandas.read_excel(path, dtype=str, header=None).to_numpy().flatten()
    elif kind == "html":
        text = path.read_text(encoding="utf-8")
        tables = text if "<table" in text.lower() else f"<table>{text}</table>"
        yield from _html(tables)
    else:
        lines = path.read_text(encoding="utf-8").splitlines() if kind == "jsonl" else [path.read_text("utf-8")]
        for line in lines:
            yield from _strings(json.loads(line))


def _delimited(text: str) -> Iterator[str]:
    """Yield the cells as RFC 4180 has them, and as tabs and backslashes part and escape them."""
    lines = text.splitlines(keepends=True) if "\r\n" in text else re.findall(r"[^\n]*\n", text)
    for delimiter in ",;\t|":
        try:
            for row in csv.reader(lines, delimiter=delimiter):
                yield from row
        except csv.Error:
            continue
    for line in re.split(r"(?<!\\)\n", text):
        for cell in line.split("\t"):
            yield ESCAPE.sub(lambda found: LETTERS.get(found[1], found[1]), cell)


def _opendocument(path: Path) -> Iterator[str]:
    """Yield the cells, with what elements stand for within them, by the XML itself."""
    content = zipfile.ZipFile(path).read("content.xml") if path.suffix == ".ods" else path.read_bytes()
    content = content.replace(b"&#12;", b"")  # odfpy writes it for a CR in attributes: no XML
    root = ElementTree.fromstring(content)  # noqa: S314 - it was written a moment ago
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if name in SIGNS:
            element.text = SIGNS[name]
        elif name == "p":
            element.tail = "\n"
    for element in root.iter():
        if element.tag.endswith("}table-cell"):
            yield "".join(element.itertext()).strip("\n")


def _html(text: str) -> Iterator[str]:
    """Yield the cells, with line breaks for <br>."""

    for cell in lxml.html.fromstring(text).iter("td"):
        for br in cell.iter("br"):
            br.tail = "\n" + (br.tail or "")
        yield cell.text_content()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


if __name__ == "__main__":
    print(json.dumps([str(cell) for cell in cells_of(Path(sys.argv[1]))]))
