"""What checks the JavaScript of the web page: types that are those of the API, and locked tools."""

from __future__ import annotations

import json
import re
from itertools import chain

import pytest
from pydantic import BaseModel

from api.schemas import (
    aspect_definitions,
    aspect_sets,
    cluster,
    common,
    evaluation,
    findings,
    jobs,
    models,
    phrases,
    results,
    timeline,
    uploads,
)
from tests.support.paths import REPOSITORY

MODULES = (
    *(aspect_definitions, aspect_sets, cluster, common, evaluation, findings, jobs, models, phrases, results),
    *(timeline, uploads),
)
TYPES = (REPOSITORY / "api" / "schemas" / "documents.d.ts").read_text(encoding="utf-8")
#: name, the one it extends, body
INTERFACES = {
    name: (base, body)
    for name, base, body in re.findall(r"interface (\w+)(?: extends (\w+))? \{\n(.*?)\n\}", TYPES, re.DOTALL)
}
#: A row has either the fields of a prediction or those of an error: two interfaces for one schema.
ROWS = {"RowFields", "LabelledRow", "FailedRow"}


def fields(name: str) -> set[str]:
    base, body = INTERFACES[name]
    own = set(re.findall(r"^  (\w+)(?:\?)?:", body, re.MULTILINE))
    return own | (fields(base) if base else set())


def schema(name: str) -> type[BaseModel]:
    found = [getattr(module, name) for module in MODULES if hasattr(module, name)]
    assert found, name
    model: type[BaseModel] = found[0]
    return model


@pytest.mark.parametrize("name", sorted(INTERFACES.keys() - ROWS))
def test_a_type_of_the_page_has_the_fields_of_the_schema(name: str) -> None:
    assert fields(name) == {field.alias or own for own, field in schema(name).model_fields.items()}


@pytest.mark.parametrize("name", ["LabelledRow", "FailedRow"])
def test_both_kinds_of_rows_have_the_fields_of_the_schema(name: str) -> None:
    assert fields(name) == set(results.RowDocument.model_fields)


@pytest.mark.parametrize("name", sorted(INTERFACES.keys() - ROWS))
def test_a_type_of_the_page_is_null_where_the_schema_is(name: str) -> None:
    for field, described in schema(name).model_json_schema()["properties"].items():
        nullable = {"type": "null"} in described.get("anyOf", ())
        base, body = INTERFACES[name]
        line = re.search(
            rf"^  {field}(\??): (.*);$", "\n".join((body, INTERFACES[base][1] if base else "")), re.MULTILINE
        )
        assert line, field
        assert ("| null" in line[2] or line[1] == "?") == nullable, field


def test_the_tools_of_the_page_are_locked_with_hashes_and_no_registry() -> None:
    wanted = json.loads((REPOSITORY / "package.json").read_text())["devDependencies"]
    locked = json.loads((REPOSITORY / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    packages = [package for path, package in locked.items() if path]
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not set(chain.from_iterable(packages)) & {"resolved"}


def test_the_types_of_the_charts_are_those_of_the_vendored_library() -> None:
    version = json.loads((REPOSITORY / "package.json").read_text())["devDependencies"]["uplot"]
    assert (REPOSITORY / "api" / "static" / "vendor" / f"uplot-{version}").is_dir()
