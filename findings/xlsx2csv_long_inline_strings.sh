#!/bin/sh
# xlsx2csv 0.7.8: of a long inline string only the end comes out; exit status 0, nothing on standard error.
#
# Inline strings are what streaming writers make, such as XlsxWriter with constant_memory. The parser hands a long text
# over in pieces, and each replaces the one before. Seen: of 10,000 letters about 2,000 are left, of 1,000 all.
# The same text as a shared string (XlsxWriter without constant_memory) comes whole.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install XlsxWriter==3.3.1 xlsx2csv==0.7.8
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version

import xlsxwriter


def converted(text, constant_memory):
    with xlsxwriter.Workbook("a.xlsx", {"constant_memory": constant_memory}) as book:
        book.add_worksheet().write_string(0, 0, text)
    done = subprocess.run([sys.executable, "-m", "xlsx2csv", "a.xlsx"], capture_output=True, check=True)
    assert done.stderr == b"", done.stderr
    return done.stdout.decode().rstrip("\r\n")


print("xlsx2csv", version("xlsx2csv"))
for length in (1_000, 10_000):
    text = "".join(chr(0x61 + n % 26) for n in range(length))
    shared, inline = converted(text, False), converted(text, True)
    assert shared == text
    print(f"{length:,} letters: {len(shared):,} as a shared string, {len(inline):,} as an inline string")
    if length == 1_000:
        assert inline == text
    else:
        assert len(inline) < length / 2, len(inline)
        assert text.endswith(inline), "the end of it"
PYTHON
