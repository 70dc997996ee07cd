#!/bin/sh
# XlsxWriter 3.3.1: of two texts of the form _xHHHH_ that share an underscore only the first is escaped.
#
# Workbooks write characters that XML has not as _xHHHH_ (ECMA-376, 22.9.2.19), so a text that looks so by itself is
# escaped as _x005F_xHHHH_. Seen: `a_x0041_x0042_b` is written as `a_x005F_x0041_x0042_b`, in which readers that undo the form
# find _x0042_: they give `a_x0041Bb`. Instead: escape each underscore before xHHHH_, with a lookahead.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install XlsxWriter==3.3.1 python-calamine==0.9.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import zipfile

import xlsxwriter
from python_calamine import CalamineWorkbook


def written_and_read(text):
    with xlsxwriter.Workbook("a.xlsx") as book:
        book.add_worksheet().write_string(0, 0, text)
    part = zipfile.ZipFile("a.xlsx").read("xl/sharedStrings.xml").decode()
    written = part.partition("<t>")[2].partition("</t>")[0]
    return written, CalamineWorkbook.from_path("a.xlsx").get_sheet_by_index(0).to_python()[0][0]


print("XlsxWriter", xlsxwriter.__version__)
for text, expected in (
    ("a_x0041_b", ("a_x005F_x0041_b", "a_x0041_b")),
    ("a_x0041_x0042_b", ("a_x005F_x0041_x0042_b", "a_x0041Bb")),
):
    found = written_and_read(text)
    assert found == expected, found
    print(f"{text}: written as {found[0]}, calamine 0.9.1 reads {found[1]}")
PYTHON
