#!/bin/sh
# python-calamine 0.9.1: two forms of OpenDocument sheets are not read as they are.
#
# A tab in a cell, which LibreOffice writes as <text:tab/> (ODF 1.3, 6.1.4), is lost, so that two words become one; and a
# sheet with white space between its cells, as SheetJS writes it, cannot be read at all.
# We expected "one<TAB>two", and the same table with and without the white space.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install python-calamine==0.9.1
"$folder/venv/bin/python" - <<'PYTHON'
import io
import zipfile
from importlib.metadata import version

from python_calamine import CalamineError, CalamineWorkbook

NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
)
CELLS = (
    '<table:table-cell office:value-type="string"><text:p>one<text:tab/>two</text:p></table:table-cell>',
    '<table:table-cell office:value-type="string"><text:p>one<text:s text:c="2"/>two</text:p></table:table-cell>',
)
MANIFEST = """<?xml version="1.0"?><manifest:manifest
xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"""


def read(between):
    content = (
        f'<?xml version="1.0"?><office:document-content {NAMES}><office:body><office:spreadsheet>'
        f'<table:table table:name="s"><table:table-row>{between.join(CELLS)}</table:table-row></table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("content.xml", content)
    book.seek(0)
    return CalamineWorkbook.from_filelike(book).get_sheet_by_index(0).to_python()


print("python-calamine", version("python-calamine"))
print(read(""))
assert read("") == [["onetwo", "one  two"]]
try:
    read("\n")
except CalamineError as error:
    print("white space between the cells:", error)
else:
    raise SystemExit("white space between the cells: it was read")
PYTHON
