"""The figures of `tools.structure`, on a tree small enough to count by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.structure import circles, circles_of_rooms, count, count_rooms, longest_chain, read_house, repeated_runs

FILES = {
    "api/__init__.py": "",
    "api/app.py": "from api.routes import jobs\nimport jobs.store\n",
    "api/routes/__init__.py": "",
    "api/routes/jobs.py": "def view():\n    from api.forms import FORM\n",
    "api/forms.py": "from api import routes\nFORM = 1\n",
    "jobs/__init__.py": "",
    "jobs/store.py": "import jobs.keys\nimport redis\n",
    "jobs/keys.py": "from jobs.store import Store\n",
    "jobs/take.lua": "local a = KEYS[1] .. ARGV[12]\nreturn KEYS[2]\n",
    "worker/pool.py": "def f(pool, self):\n    global A, B\n    return pool._pool, self._mine, pool.size\n",
    "tests/test_store.py": "import jobs.store\n",
    ".venv/lib.py": "import jobs.store\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_every_figure_of_a_small_tree(root: Path) -> None:
    assert count(read_house(root)) == {
        "rooms": "3",
        "folders": "4",
        "files": "10",
        "lines of Python": "12",
        "lines of Lua": "2",
        "arrows between files": "6",
        "arrows between folders": "3",
        "circles of files": "1",  # store and keys; forms takes nothing of api.routes.jobs
        "circles of rooms": "2",  # store and keys; api.forms and api.routes
        "longest chain of imports, files": "4",
        "numbered references in Lua": "3",
        "global statements (names)": "1 (2)",
        "private names of others in worker (files)": "1 (1)",
        "runs of 6 lines and more written again (lines)": "0 (0)",
    }


def test_each_room_is_counted(root: Path) -> None:
    assert count_rooms(read_house(root)) == {"api": "2 / 5 / 6", "jobs": "1 / 4 / 5", "worker": "1 / 1 / 3"}


def test_a_checkout_without_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no Python file"):
        read_house(tmp_path)


def test_circles_are_named_by_what_is_in_them() -> None:
    arrows = {"a/x.py": {"a/y.py"}, "a/y.py": {"b/z.py"}, "b/z.py": {"a/x.py"}, "c.py": {"a/x.py"}}
    assert circles(arrows) == [{"a/x.py", "a/y.py", "b/z.py"}]
    assert circles_of_rooms(arrows) == [{"a", "b"}]
    assert longest_chain(arrows) == 4


def test_a_run_that_is_written_again_is_found_at_each_of_its_places() -> None:
    run = "\n".join(f"    x{n} = call({n})" for n in range(7))
    texts = {"one.py": f"def f():\n{run}\n", "two.py": f"import os\n\n{run.replace(chr(10), chr(10) + chr(10))}\n"}
    assert repeated_runs(texts) == (2, 14)
    assert repeated_runs({"one.py": texts["one.py"]}) == (0, 0)
