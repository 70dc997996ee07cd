"""Count what makes a checkout easy or hard to find one's way in, for one or more checkouts side by side.

Reads Python and Lua files outside `tests` as text and runs none of them. A room is a folder at the top; an arrow is an
import between two files, wherever in the file it stands. A circle of files is a set of files that all reach each other
by imports; a circle of rooms is the same for the files and folders that lie in one folder, each folder taken as one.
The ways (`--ways`) are measured by `tools.request_paths`, which starts the service and asks it.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

from tools.request_paths import ways

#: Lines in a row that make a run that is written again.
RUN_LINES = 6
#: Not read: tests, and what is written by a program (`client/unasync.py` makes the client of `aio`).
PASSED_OVER = ("tests", "client/src/sentiq_client/aio")
#: Where imports are looked up, as on sys.path.
ROOTS = (PurePosixPath(), PurePosixPath("client/src"))


@dataclass(frozen=True)
class House:
    """The text of each file of a checkout by its path, and which file imports which."""

    texts: dict[str, str]
    arrows: dict[str, set[str]]


def read_house(root: Path) -> House:
    """Read a checkout. Raises FileNotFoundError without a Python file, SyntaxError where one cannot be parsed."""
    paths = [path.relative_to(root) for kind in ("py", "lua") for path in sorted(root.rglob(f"*.{kind}"))]
    names = [path.as_posix() for path in paths if not _is_passed_over(path)]
    if not names:
        raise FileNotFoundError(f"{root} holds no Python file")
    texts = {name: (root / name).read_text(encoding="utf-8") for name in names}
    modules = dict(_modules(texts))
    return House(texts, {name: set(_imports(name, text, modules)) for name, text in texts.items() if _is_python(name)})


def count(house: House) -> dict[str, str]:
    """Every figure that needs no process, by its name."""
    trees = [ast.parse(text) for name, text in house.texts.items() if _is_python(name)]
    folders = {_folder(name) for name in house.texts}
    declared = [node.names for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Global)]
    numbered = [len(re.findall(r"\b(?:KEYS|ARGV)\[\d+\]", text)) for text in house.texts.values()]
    private = [
        n
        for name, text in house.texts.items()
        if _room(name) == "worker" and (n := _private_uses(text) if _is_python(name) else 0)
    ]
    runs, lines = repeated_runs({name: text for name, text in house.texts.items() if _is_python(name)})
    between = {(_folder(a), _folder(b)) for a, others in house.arrows.items() for b in others}
    return {
        "rooms": str(len({_room(name) for name in house.texts} - {"."})),
        "folders": str(len(folders)),
        "files": str(len(house.texts)),
        "lines of Python": str(sum(_lines(text) for name, text in house.texts.items() if _is_python(name))),
        "lines of Lua": str(sum(_lines(text) for name, text in house.texts.items() if not _is_python(name))),
        "arrows between files": str(sum(map(len, house.arrows.values()))),
        "arrows between folders": str(sum(a != b for a, b in between)),
        "circles of files": str(len(circles(house.arrows))),
        "circles of rooms": str(len(circles_of_rooms(house.arrows))),
        "longest chain of imports, files": str(longest_chain(house.arrows)),
        "numbered references in Lua": str(sum(numbered)),
        "global statements (names)": f"{len(declared)} ({sum(map(len, declared))})",
        "private names of others in worker (files)": f"{sum(private)} ({len(private)})",
        f"runs of {RUN_LINES} lines and more written again (lines)": f"{runs} ({lines})",
    }


def count_rooms(house: House) -> dict[str, str]:
    """Folders, files and lines of each room."""
    rooms: dict[str, list[str]] = defaultdict(list)
    for name in house.texts:
        rooms[_room(name)].append(name)
    return {
        room: f"{len({_folder(name) for name in names})} / {len(names)} / {sum(_lines(house.texts[n]) for n in names)}"
        for room, names in sorted(rooms.items())
    }


def circles(arrows: dict[str, set[str]]) -> list[set[str]]:
    """Sets of two or more nodes that all reach each other."""
    reach = {node: _reached(node, arrows) for node in arrows}
    found = {frozenset({b for b in reach[a] if a in reach.get(b, ())}) for a in arrows if a in reach[a]}
    return [set(circle) for circle in sorted(found, key=sorted) if len(circle) > 1]


def circles_of_rooms(arrows: dict[str, set[str]]) -> list[set[str]]:
    """Circles between the files and folders that lie in one folder, for each folder."""
    levels: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for importer, imported in arrows.items():
        for other in imported:
            a, b = PurePosixPath(importer).parts, PurePosixPath(other).parts
            depth = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
            if depth is not None and "__init__.py" not in (a[depth], b[depth]):
                levels["/".join(a[:depth])]["/".join(a[: depth + 1])].add("/".join(b[: depth + 1]))
    return [circle for level in levels.values() for circle in circles(level)]


def longest_chain(arrows: dict[str, set[str]]) -> int:
    """Files on the longest way along imports that comes by no file twice; a circle counts as all of its files."""
    circle_of = {node: frozenset(circle) for circle in circles(arrows) for node in circle}
    known: dict[frozenset[str], int] = {}

    def length(group: frozenset[str]) -> int:
        if group not in known:
            beyond = {b for a in group for b in arrows.get(a, ()) if b not in group}
            below = (length(circle_of.get(b, frozenset({b}))) for b in beyond)
            known[group] = len(group) + max(below, default=0)
        return known[group]

    return max((length(circle_of.get(node, frozenset({node}))) for node in arrows), default=0)


def repeated_runs(texts: dict[str, str]) -> tuple[int, int]:
    """Runs of RUN_LINES lines and more that stand elsewhere too: how many, and lines in all of them.

    Lines are compared without white space at their ends; blank lines, comments, imports and lines without a letter
    do not count.
    """
    lines = {
        name: [line for line in map(str.strip, text.splitlines()) if _counts(line)] for name, text in texts.items()
    }
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, own in lines.items():
        for at in range(len(own) - RUN_LINES + 1):
            places[tuple(own[at : at + RUN_LINES])].append((name, at))
    starts = sorted(place for found in places.values() if len(found) > 1 for place in found)
    begins = [b for a, b in pairwise([("", 0), *starts]) if a != (b[0], b[1] - 1)]
    covered = {(name, at + offset) for name, at in starts for offset in range(RUN_LINES)}
    return len(begins), len(covered)


def table(title: str, columns: list[dict[str, str]], names: Iterable[str]) -> str:
    rows = [(name, *(column.get(name, "–") for column in columns)) for name in names]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    body = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join([title, *body])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.structure", description=__doc__)
    parser.add_argument("checkout", type=Path, nargs="+", help="a checkout's folder")
    parser.add_argument("--ways", action="store_true", help="start the service of each and measure the ways (a minute)")
    options = parser.parse_args()
    houses = [read_house(root) for root in options.checkout]
    figures = [count(house) for house in houses]
    if options.ways:
        figures = [counted | ways(root) for counted, root in zip(figures, options.checkout, strict=True)]
    heads = [{"": str(root)} for root in options.checkout]
    columns = [head | figure for head, figure in zip(heads, figures, strict=True)]
    print(table("The house", columns, columns[0]))
    rooms = [head | count_rooms(house) for head, house in zip(heads, houses, strict=True)]
    print("\n" + table("Rooms: folders / files / lines", rooms, sorted({name for column in rooms for name in column})))
    for root, house in zip(options.checkout, houses, strict=True):
        for circle in [*circles(house.arrows), *circles_of_rooms(house.arrows)]:
            print(f"\nCircle in {root}: {', '.join(sorted(circle))}")
    return 0


def _is_passed_over(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "node_modules" for part in path.parts)
    return hidden or any(path.is_relative_to(folder) for folder in PASSED_OVER)


def _is_python(name: str) -> bool:
    return name.endswith(".py")


def _folder(name: str) -> str:
    return PurePosixPath(name).parent.as_posix()


def _room(name: str) -> str:
    first, *rest = PurePosixPath(name).parts
    return first if rest else "."


def _lines(text: str) -> int:
    return len(text.splitlines())


def _modules(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The dotted name of each file, with the file."""
    for name in texts:
        for root in ROOTS:
            path = PurePosixPath(name)
            if _is_python(name) and path.is_relative_to(root):
                parts = path.relative_to(root).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), name


def _imports(name: str, text: str, modules: dict[str, str]) -> Iterator[str]:
    """The files of ours that a file imports; a package only where a name of its own is taken from it."""
    for node in ast.walk(ast.parse(text)):
        wanted: list[str] = []
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            wanted = [each if each in modules else node.module for each in inner]
        yield from (modules[each] for each in wanted if each in modules and modules[each] != name)


def _reached(start: str, arrows: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    ahead = list(arrows.get(start, ()))
    while ahead:
        node = ahead.pop()
        if node not in reached:
            reached.add(node)
            ahead.extend(arrows.get(node, ()))
    return reached


def _private_uses(text: str) -> int:
    """How often a file uses a name with one underscore of an object that is not its own."""
    used = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)]
    own = ("self", "cls")
    return sum(bool(re.match(r"_[^_]", node.attr)) and ast.unparse(node.value) not in own for node in used)


def _counts(line: str) -> bool:
    return bool(re.search(r"[^\W\d_]", line)) and not re.match(r"#|--|import |from ", line)


if __name__ == "__main__":
    sys.exit(main())
