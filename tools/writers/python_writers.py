"""Writers from PyPI, with their defaults: python -m tools.writers.python_writers FOLDER, in their environment."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.writers import python_databases, python_json, python_tables, python_workbooks

if __name__ == "__main__":
    for module in (python_tables, python_databases, python_json, python_workbooks):
        module.write(Path(sys.argv[1]))
