#!/bin/sh
# openapi-spec-validator 0.9.0: a JSON description whose emoji is escaped as RFC 8259 says cannot be read.
#
# Guess before: whatever json.dumps() writes is read, since a file that ends in .json is JSON. Seen: the file goes through a
# YAML parser; characters beyond 16 bits, which json.dumps() and Flask write as two \u escapes, end it with "invalid Unicode
# character escape code" and exit status 1. With the character itself in the file it is valid. Instead: ensure_ascii=False.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install openapi-spec-validator==0.9.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

document = {"openapi": "3.1.0", "info": {"title": "a \N{GRINNING FACE}", "version": "1"}, "paths": {}}
print("openapi-spec-validator", version("openapi-spec-validator"))
for escaped in (False, True):
    Path("openapi.json").write_text(json.dumps(document, ensure_ascii=escaped), encoding="utf-8")
    assert json.loads(Path("openapi.json").read_text(encoding="utf-8")) == document
    done = subprocess.run(
        [sys.executable, "-m", "openapi_spec_validator", "openapi.json"], capture_output=True, text=True, check=False
    )
    said = (done.stdout + done.stderr).strip()
    print(f"escaped: {escaped}; exit status {done.returncode}; {said.splitlines()[-1] if said else ''}")
    assert done.returncode == int(escaped), said
    assert not escaped or "invalid Unicode character escape code" in said
PYTHON
