"""The folders are the architecture: who may import whom."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY


def test_the_contracts_of_pyproject_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def modules_imported(path: Path) -> Iterator[str]:
    """Yield all modules that a file of ours may mean: of `from a import b` both `a` and `a.b`."""
    package = path.relative_to(REPOSITORY).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*parents, *filter(None, [node.module])))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_of_tests(module: str) -> bool:
    return module.partition(".")[0] == "tests"


def is_a_test(module: str) -> bool:
    """A test module or a conftest, or a name in one."""
    return is_of_tests(module) and any(part.startswith("test_") or part == "conftest" for part in module.split("."))


def is_support(module: str) -> bool:
    return module in ("tests", "tests.support") or module.startswith("tests.support.")


@pytest.mark.parametrize(
    "line", ["import tests.unit.test_a", "from tests.unit import conftest", "from .test_a import b"]
)
def test_an_import_of_a_test_is_seen(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys.modules[__name__], "REPOSITORY", tmp_path)
    path = tmp_path / "tests" / "unit" / "test_b.py"
    path.parent.mkdir(parents=True)
    path.write_text(line)
    assert any(map(is_a_test, modules_imported(path)))


def test_nothing_imports_from_a_test_or_a_conftest() -> None:
    found = {
        f"{path.relative_to(REPOSITORY)}: {module}"
        for folder in ("tests", "tools")
        for path in (REPOSITORY / folder).rglob("*.py")
        for module in modules_imported(path)
        if is_a_test(module)
    }
    assert found == set()


@pytest.mark.parametrize("folder", ["tests/support", "tools"])
def test_of_the_tests_only_their_support_is_imported(folder: str) -> None:
    paths = sorted((REPOSITORY / folder).rglob("*.py"))
    assert paths
    for path in paths:
        assert [module for module in modules_imported(path) if is_of_tests(module) and not is_support(module)] == [], (
            path
        )


def test_celeryconfig_reads_settings_and_nothing_else_of_ours() -> None:
    # import-linter takes packages only, and celeryconfig is a module.
    tree = ast.parse((REPOSITORY / "celeryconfig.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"__future__", "sentiq.core.settings"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))


def test_the_client_knows_the_service_by_http_alone() -> None:
    ours = {"sentiq", "worker", "api", "tools", "deploy", "tests", "flask", "celery", "redis"}
    for path in (REPOSITORY / "client" / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert ours.isdisjoint(name.partition(".")[0] for name in names), path


def test_the_client_is_the_async_client_without_its_words() -> None:
    check = [sys.executable, "client/unasync.py", "--check"]
    done = subprocess.run(check, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), "run client/unasync.py"


def test_the_client_needs_no_frames() -> None:
    code = (
        "import sys; from sentiq_client import *; "
        "sys.exit(bool({'pandas', 'polars', 'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    env = os.environ | {"PYTHONPATH": str(REPOSITORY / "client" / "src")}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)


def test_flower_and_inspection_load_no_model_library() -> None:
    code = (
        "import sys, worker.app, deploy.flower.app; sys.exit('openvino' in sys.modules or "
        "'sentiq.engine' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


@pytest.mark.parametrize(
    "check",
    [
        "import sentiq.engine.backends.openvino, openvino.tools.ovc",  # what reports is part of the latter
        "import sentiq.engine.backends.onnx",
    ],
    ids=["openvino", "onnx"],
)
def test_model_libraries_report_to_nobody(check: str, tmp_path: Path) -> None:
    # Their telemetry begins by noting an id of the machine in the home directory, where it is not switched off.
    env = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    env.pop("ORT_DISABLE_TELEMETRY", None)  # the process must set it itself
    subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY, env=env | {"HOME": str(tmp_path)}, check=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("module", "needless"),
    [
        ("sentiq.engine.backends.openvino", ["openvino.tools.ovc"]),
        ("worker.app", ["rich", "limits"]),
        ("api.app", ["rich", "limits", "xlsxwriter"]),
        ("api.export.workbook.work", ["redis", "pydantic_settings"]),
        ("api.export.phrases.work", ["redis", "pydantic_settings"]),
        ("sentiq.webhooks.__main__", ["rich"]),
        ("sentiq_client.cli", ["rich", "yaml"]),
    ],
)
def test_what_takes_memory_or_time_without_need_is_not_imported_but_can_be(module: str, needless: list[str]) -> None:
    code = f"import {module}, sys; assert not set({needless}) & sys.modules.keys(); import {', '.join(needless)}"
    env = os.environ | {"PYTHONPATH": str(REPOSITORY / "client" / "src")}
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=env, check=True)


def test_a_model_library_starts_no_thread_before_a_worker_forks() -> None:
    code = "import os, sentiq.engine.backends.openvino; print(len(os.listdir('/proc/self/task')))"
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    counted = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=env, capture_output=True, check=True)
    assert int(counted.stdout) == 1
