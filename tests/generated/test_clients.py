"""Public generators make typed clients of the API's description, and those work on the real service."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY

pytestmark = [pytest.mark.generated, pytest.mark.timeout(600)]

HERE = REPOSITORY / "tests" / "generated"
#: Kinds of files that the generator for Python has no types for: it leaves these out, and they are sent as octets.
LEFT_OUT = re.compile(
    r"Unsupported content.type "
    r"(text/csv|application/x-ndjson|application/yaml|image/svg\+xml|application/vnd\.openxml\S*\.sheet)\b"
)


def run(*command: object, directory: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=directory,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-5_000:]
    return done.stdout


def test_the_description_is_valid(tools: Path, document: Path, tmp_path: Path) -> None:
    assert "OK" in run(tools / "openapi-spec-validator", document, directory=tmp_path)


def test_a_python_client_has_types_and_works(
    tools: Path, document: Path, cluster: Cluster, key: str, tmp_path: Path
) -> None:
    (tmp_path / "config.yml").write_text("post_hooks: []\n")
    told = run(
        *(tools / "openapi-python-client", "generate", "--path", document, "--config", tmp_path / "config.yml"),
        *("--meta", "none", "--output-path", tmp_path / "sentiq_api"),
        directory=tmp_path,
    )
    warnings = told.count("WARNING")
    assert len(LEFT_OUT.findall(told)) == warnings, told
    for by_method in json.loads(document.read_bytes())["paths"].values():
        for operation in by_method.values():
            assert list(tmp_path.glob(f"sentiq_api/api/*/{operation['operationId']}.py")), operation["operationId"]

    shutil.copy(HERE / "use.py", tmp_path)
    run(tools / "mypy", "--strict", "use.py", "sentiq_api", directory=tmp_path)
    run(tools / "python", "use.py", cluster.url, key, directory=tmp_path)


def test_a_typescript_client_has_types_and_works(document: Path, cluster: Cluster, key: str, tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm on this machine (Debian: apt-get install npm)")
    package = tmp_path / "package"
    shutil.copytree(HERE / "typescript", package)
    run("npm", "ci", "--no-fund", "--no-audit", directory=package)
    options = ("--default-non-nullable", "false")  # or requests had to name each field with a default
    run("npx", "openapi-typescript", document, *options, "--output", "sentiq.d.ts", directory=package)
    run("npx", "tsc", directory=package)
    run("node", "use.js", cluster.url, key, directory=package)
