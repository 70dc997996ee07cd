"""`python -m tests.support.programs.raising PLACE… -- MODULE ARGUMENT…` runs a module, and what its places call raises.

A place is written `module:Class.method`. A text of a user is in a local variable when it raises.
"""

from __future__ import annotations

import importlib
import runpy
import sys

TEXT = "机密八四二"
WORDS = "raised on purpose"


def _raise(*_: object, **__: object) -> None:
    text = TEXT
    raise RuntimeError(WORDS if text else "")


def main() -> None:
    end = sys.argv.index("--")
    places, (module, *arguments) = sys.argv[1:end], sys.argv[end + 1 :]
    for place in places:
        name, _, path = place.partition(":")
        owner: object = importlib.import_module(name)
        *outer, last = path.split(".")
        for step in outer:
            owner = getattr(owner, step)
        setattr(owner, last, _raise)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
