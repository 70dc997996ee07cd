"""Make the client of the async client: `python client/unasync.py` writes what `sentiq_client/aio` has without async.

`--check` writes nothing and fails when something is out of date. Everything that differs by more than words stands in
`aio/waiting.py` and `waiting.py` (docs/adr/0035-one-client-for-sync-and-async.md).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent / "src" / "sentiq_client"
MODULES = ("aspect_sets", "client", "downloads", "jobs", "results", "transport", "webhooks")
HEADER = "# Made of aio/{name}.py by client/unasync.py: change that file, then run it.\n"

WORDS = (
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsync(\w+)", r"\1"),  # AsyncClient, AsyncIterator, httpx.AsyncClient
    (r"\b__a(enter|exit|iter)__\b", r"__\1__"),
    (r"\ba(close|read|iter_bytes)\b", r"\1"),
    (r"\bsentiq_client\.aio\b", "sentiq_client"),
)


def without_async(name: str) -> str:
    """The text of the module that is made."""
    text = (PACKAGE / "aio" / f"{name}.py").read_text(encoding="utf-8")
    for word, instead in WORDS:
        text = re.sub(word, instead, text)
    ruff = [sys.executable, "-m", "ruff"]
    made = str(PACKAGE / f"{name}.py")
    for command in (["check", "--fix", "--unsafe-fixes", "--quiet", "--exit-zero"], ["format", "--quiet"]):
        run = [*ruff, *command, "--stdin-filename", made, "-"]
        text = subprocess.run(run, input=text, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    return HEADER.format(name=name) + text


def main() -> int:
    stale = []
    for name in MODULES:
        path, text = PACKAGE / f"{name}.py", without_async(name)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if stale:
        print("out of date" if "--check" in sys.argv else "written", *stale)
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
