"""`sentiq-admin`, which also helps where nothing is installed yet, and says there what is missing."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from sentiq.core.standard_output import until_nobody_reads

NOT_INSTALLED = 69  #: exit status, EX_UNAVAILABLE of sysexits.h
COMMANDS = Path(__file__).with_name("commands.py")


def main() -> int:
    try:
        from sentiq.admin.commands import main as run
    except ModuleNotFoundError as missing:
        if {"-h", "--help"} & set(sys.argv[1:]):
            print(ast.get_docstring(ast.parse(COMMANDS.read_text(encoding="utf-8"))))
            return 0
        print(
            f"sentiq-admin: {missing.name} is not installed here. `make run` installs what is needed into .venv, once. "
            "In containers: docker-compose exec api python -m sentiq.admin …",
            file=sys.stderr,
        )
        return NOT_INSTALLED
    return until_nobody_reads(run)


if __name__ == "__main__":
    sys.exit(main())
