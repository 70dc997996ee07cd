#!/bin/sh
# Werkzeug 3.1.9: three kinds of file names in forms that programs do send are lost, or end the form.
#
# A name that is not ASCII and has no quotation marks is dropped, so that the file comes as a field; backslashes of a
# Windows path are taken for escapes; bytes that are not UTF-8 raise UnicodeDecodeError out of the parser.
# We expected the name or the bytes of it in each case.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install Werkzeug==3.1.9
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

from werkzeug.sansio.multipart import MultipartDecoder, Preamble


def part(name):
    decoder = MultipartDecoder(b"b")
    decoder.receive_data(b"--b\r\nContent-Disposition: form-data; name=file; filename=" + name + b"\r\n\r\ntext\r\n--b--")
    event = decoder.next_event()
    return decoder.next_event() if isinstance(event, Preamble) else event


print("Werkzeug", version("Werkzeug"))
bare = part("评论.csv".encode())
print("without quotation marks:", bare)
assert type(bare).__name__ == "Field"
path = part('"C:\\Users\\me\\评论.csv"'.encode())
print("a path of Windows:", path.filename)
assert path.filename == "C:Usersme评论.csv"
try:
    part('"评论.csv"'.encode("gbk"))
except UnicodeDecodeError as error:
    print("in GBK:", error.reason)
else:
    raise SystemExit("in GBK: it was read")
PYTHON
