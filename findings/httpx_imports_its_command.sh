#!/bin/sh
# httpx 0.28.1: what `import httpx` loads depends on packages that somebody else asked for.
#
# Guess before: a program that imports httpx loads the same modules whether or not rich and click are installed; they are
# of its extra `cli`. Seen: where click, rich and pygments are installed, for whatever reason, `import httpx` imports its
# command httpx._main, and with it click, rich and pygments: a hundred modules more, in each process that asks one URL.
# Whoever installs a command line beside it pays for it everywhere. Without pygments, click is loaded in vain.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cd "$folder"

loaded() {
  "$folder/venv/bin/python" -c '
import sys
import httpx
names = [name for name in ("click", "pygments", "rich", "httpx._main") if name in sys.modules]
print(httpx.__version__, " ".join(names) or "none of them")
print(len(sys.modules), file=sys.stderr)' 2>"$folder/modules"
}

pip() { "$folder/venv/bin/pip" --quiet --disable-pip-version-check "$@" 2>/dev/null; }

pip install httpx==0.28.1
alone=$(loaded) few=$(cat "$folder/modules")
echo "alone: $alone, $few modules"
pip install rich==15.0.0 click==8.5.1 pygments==2.21.0
beside=$(loaded) many=$(cat "$folder/modules")
echo "beside them: $beside, $many modules"
pip uninstall --yes pygments
without=$(loaded)
echo "without pygments: $without"

[ "$alone" = "0.28.1 none of them" ] || { echo changed; exit 1; }
[ "$beside" = "0.28.1 click pygments rich httpx._main" ] || { echo changed; exit 1; }
[ "$without" = "0.28.1 click" ] || { echo changed; exit 1; }
[ $((many - few)) -gt 50 ] || { echo changed; exit 1; }
