#!/bin/sh
# pylightxl 1.61: inline strings come as empty cells, without an error; every text of an openpyxl workbook is one.
#
# openpyxl 3.1 writes all texts as inline strings, which other readers take (openpyxl itself, python-calamine). Seen: of
# its workbook pylightxl gives the numbers, and "" for each text; of one by XlsxWriter, with shared strings, all.
# Guessed before: it reads both, as both are in ECMA-376 since its first edition.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install \
    openpyxl==3.1.5 pylightxl==1.61 python-calamine==0.9.1 XlsxWriter==3.3.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import openpyxl
import pylightxl
import python_calamine
import xlsxwriter

ROWS = [["review", "stars"], ["tasty", 5], ["slow", 1]]

book = openpyxl.Workbook()
for row in ROWS:
    book.active.append(row)
book.save("inline.xlsx")
with xlsxwriter.Workbook("shared.xlsx") as written:
    sheet = written.add_worksheet("Sheet")
    for at, row in enumerate(ROWS):
        sheet.write_row(at, 0, row)

print("pylightxl", version("pylightxl"), "openpyxl", version("openpyxl"))
for name in ("inline.xlsx", "shared.xlsx"):
    assert python_calamine.CalamineWorkbook.from_path(name).get_sheet_by_index(0).to_python() == ROWS, name
    found = list(pylightxl.readxl(name).ws("Sheet").rows)
    print(name, found)
    if name == "shared.xlsx":
        assert found == ROWS
    else:
        assert found == [["", ""], ["", 5], ["", 1]]
PYTHON
