#!/bin/sh
# XlsxWriter 3.3.1: write_string() of a text that begins with <r> and ends with </r> writes it as XML, unescaped.
#
# Seen: `<r>好</r>` is gone (readers get ""), and `<r>5 < 6</r>` makes xl/sharedStrings.xml not well-formed. So a text that
# somebody typed decides whether the workbook can be opened. In constant_memory mode it is the sheet itself.
# Instead: write_rich_string(row, col, text[:1], plain_format, text[1:]), or cells that are written by other means.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install XlsxWriter==3.3.1 openpyxl==3.1.5
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import xml.etree.ElementTree as ElementTree
import zipfile

import openpyxl
import xlsxwriter


def saved(text, **options):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, options) as book:
        assert book.add_worksheet().write_string(0, 0, text) == 0, "no error, no warning"
    return out


print("XlsxWriter", xlsxwriter.__version__)

gone = saved("<r>好</r>")
part = zipfile.ZipFile(gone).read("xl/sharedStrings.xml").decode()
assert "<si><r>好</r></si>" in part, part
read = openpyxl.load_workbook(gone).active["A1"].value
assert not read, read
print("write_string('<r>好</r>') wrote <si><r>好</r></si>; openpyxl reads", repr(read))

for options, name in (({}, "xl/sharedStrings.xml"), ({"constant_memory": True}, "xl/worksheets/sheet1.xml")):
    broken = saved("<r>5 < 6</r>", **options)
    try:
        ElementTree.fromstring(zipfile.ZipFile(broken).read(name))
    except ElementTree.ParseError as error:
        print(f"write_string('<r>5 < 6</r>') made {name}", error)
    else:
        raise AssertionError(f"{name} is well-formed")
PYTHON
