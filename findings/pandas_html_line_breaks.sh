#!/bin/sh
# pandas 3.1.1: to_html writes a line break in a text as a backslash and an n.
#
# Guess: the line break as it is, or <br>. Seen: \n, \t and \r become two characters each, with no way to tell them from
# a text that has a backslash and an n. to_csv, to_json and to_excel keep them. Instead: write one of these.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install pandas==3.1.1
"$folder/venv/bin/python" - <<'PYTHON'
import pandas

print("pandas", pandas.__version__)
for text in ("two\nlines", "a\ttab", "a\rb"):
    written = pandas.DataFrame({"text": [text, "plain"]}).to_html(index=False)
    cell = written.partition("<td>")[2].partition("</td>")[0]
    print(f"{text!r} is written as {cell!r}")
    assert cell == text.encode("unicode_escape").decode(), cell
PYTHON
