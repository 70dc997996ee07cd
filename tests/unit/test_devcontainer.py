"""The development container has what .ci/run prepares a machine with."""

from __future__ import annotations

import json
import re

from tests.support.paths import REPOSITORY

FOLDER = REPOSITORY / ".devcontainer"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
CI = (REPOSITORY / ".ci" / "run").read_text()


def test_its_base_is_a_named_version_of_the_python_that_we_support() -> None:
    assert re.search(r"^ARG BASE=mcr\.microsoft\.com/devcontainers/python:\d+-3\.11-\w+$", DOCKERFILE, re.MULTILINE)


def test_it_installs_the_packages_of_ci() -> None:
    needed = set(" ".join(re.findall(r"missing\+=\(([^)]+)\)", CI)).split())
    installed = re.search(r"--no-install-recommends \\\n(.*?) \\\n", DOCKERFILE)
    assert installed
    assert set(installed[1].split()) == needed - {"python3.11-venv"}, "the base image brings Python with venv"


def test_it_prepares_the_environments_that_make_test_uses() -> None:
    container = json.loads((FOLDER / "devcontainer.json").read_text())
    assert (FOLDER / container["build"]["dockerfile"]).is_file()
    makefile = (REPOSITORY / "Makefile").read_text()
    command, *targets = container["postCreateCommand"].split()
    assert command == "make"
    assert targets
    rules = set(re.findall(r"^([^\s:#=]+):", makefile, re.MULTILINE))
    assert {target.replace(".venv/.commands", "$(INSTALLED)") for target in targets} <= rules
