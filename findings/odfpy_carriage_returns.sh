#!/bin/sh
# odfpy 1.4.1: a carriage return in an attribute is written as &#12;, a form feed, which no XML may have.
#
# pandas.to_excel("a.ods") puts each text into an attribute, too (office:string-value), so that one text with a CR in it
# makes a workbook that XML parsers refuse. Guess: &#13;. Seen: &#12;, and pandas itself reads none of
# the rows from there on. The text in the element beside it (text:p) is whole.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install odfpy==1.4.1 pandas==3.1.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import xml.parsers.expat
import zipfile
from importlib.metadata import version

import pandas

pandas.DataFrame({"text": ["first", "a\rb", "last"]}).to_excel("a.ods", index=False)
content = zipfile.ZipFile("a.ods").read("content.xml")
print("odfpy", version("odfpy"), content[content.index(b'string-value="a'):][:60])
assert b'string-value="a&#12;b"' in content
try:
    xml.parsers.expat.ParserCreate().Parse(content, True)
except xml.parsers.expat.ExpatError as error:
    print("expat:", error)
    assert "invalid character number" in str(error)
else:
    raise AssertionError("it is XML")
found = pandas.read_excel("a.ods")["text"].tolist()
print("pandas reads", found)
assert found[0] == "first" and found[1:] != ["a\rb", "last"], found
PYTHON
