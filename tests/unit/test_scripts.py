"""Lua scripts and Python agree on names: those that a script declares, uses, and is called with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis

from sentiq.core.redis_keys import JobKeys
from sentiq.jobs.scripts import LUA, SHARED, Parameters, RoundTrip, Script, Source, source
from tests.support.paths import REPOSITORY

SCRIPTS = sorted(path.stem for path in LUA.glob("*.lua"))

LUA_WORDS = {
    *("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not"),
    *("or", "repeat", "return", "then", "true", "until", "while"),
    *("cmsgpack", "ipairs", "math", "pairs", "redis", "string", "table", "tonumber", "unpack"),
}


# -- what scripts use -------------------------------------------------------------------------------------------


def free_names(code: str) -> tuple[set[str], set[str]]:
    """The names that Lua code uses and does not define itself; and those that it defines."""
    code = re.sub(r"--.*|'[^'\n]*'|\.\.", " ", code)
    code = re.sub(r"\{[^{}]*\}", lambda braces: re.sub(r"\w+ = ", "", braces[0]), code)
    used = set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", code))
    lists = re.findall(r"\b(?:local|for) (?!function)([\w, ]+?)(?= =| in\b|\n)", code)
    lists += re.findall(r"\bfunction(?: \w+)?\(([^)]*)\)", code)
    defined = set(re.findall(r"\w+", " ".join(lists))) | set(re.findall(r"\bfunction (\w+)", code))
    return used - defined - LUA_WORDS, defined


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_uses_the_names_that_it_declares_and_no_others(name: str) -> None:
    script = source(name)
    prologue = script.keys.prologue("KEYS") + script.args.prologue("ARGV")
    assert script.text.startswith(prologue)
    code = script.text.removeprefix(prologue)
    functions: dict[str, str] = {f[1]: f[0] for f in re.finditer(r"(?ms)^local function (\w+).*?^end$", code)}
    for function in functions.values():
        code = code.replace(function, "")

    free, defined = free_names(code)
    for function in functions.values():
        free |= free_names(function)[0]

    assert free - defined - functions.keys() == script.names
    assert not defined & script.names, "a variable hides what is declared"


def test_parameters_have_no_numbers() -> None:
    for path in LUA.rglob("*.lua"):
        assert not re.search("KEYS|ARGV", path.read_text()), path


def test_each_shared_part_defines_one_name() -> None:
    assert sorted(path.stem for path in (LUA / "shared").iterdir()) == sorted(SHARED)
    for name in SHARED:
        _, *parts = (LUA / "shared" / f"{name}.lua").read_text().split("\n\n")
        assert [len(re.findall(r"(?m)^local ", part)) for part in parts] == [1] * len(parts), name


def test_a_script_gets_the_shared_parts_that_it_uses() -> None:
    shared = "-- words\n\nlocal A = 1\n\nlocal B = A\n\n-- of B and C\nlocal function c()\n  return 2\nend\n"
    assert Source.of("-- c\nreturn B\n", shared).text == "local A = 1\nlocal B = A\nreturn B\n"
    assert Source.of("return 3\n", shared).text == "return 3\n"


# -- what Python passes -----------------------------------------------------------------------------------------


@dataclass
class Module:
    """What one file of Python has to do with scripts."""

    made: int = 0  # places where a script is made
    calls: list[tuple[str, set[str]]] = field(default_factory=list)  # name of the script, names that are passed


def script_name(node: ast.AST) -> str | None:
    """Of `Script(redis, "name")`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Script":
        assert isinstance(node.args[1], ast.Constant)
        return str(node.args[1].value)
    return None


def passed(call: ast.Call) -> set[str]:
    names: set[str] = set()
    for keyword in call.keywords:
        if keyword.arg is None:  # `**`, which can be looked into here for the keys of a job alone
            assert ast.unparse(keyword.value).endswith(".renewed")
            names |= JobKeys.of("").renewed.keys()
        else:
            names.add(keyword.arg)
    return names


def read_module(path: Path) -> Module:
    tree = ast.parse(path.read_text())
    module = Module(made=sum(script_name(node) is not None for node in ast.walk(tree)))
    attributes: dict[str, dict[str, str]] = {}  # of each class: attribute → name of the script
    for scope in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
        own = attributes[scope.name] = {}
        for base in scope.bases:
            own |= attributes.get(ast.unparse(base), {})
        for node in ast.walk(scope):
            if isinstance(node, ast.Assign) and (name := script_name(node.value)):
                own[ast.unparse(node.targets[0])] = name
        for node in ast.walk(scope):
            if isinstance(node, ast.Call):
                name = own.get(ast.unparse(node.func))
                if node.args and ast.unparse(node.func) == "trip.add":
                    name = own.get(ast.unparse(node.args[0]))
                if name:
                    module.calls.append((name, passed(node)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := script_name(node.func)):
            module.calls.append((name, passed(node)))
    return module


def modules() -> Iterator[Module]:
    for folder in REPOSITORY.iterdir():
        if folder.is_dir() and folder.name[0] != "." and folder.name not in ("tests", "models"):
            for path in folder.rglob("*.py"):
                if "Script(" in path.read_text():
                    yield read_module(path)


def test_each_call_passes_the_declared_names() -> None:
    found = list(modules())
    for name, names in [call for module in found for call in module.calls]:
        assert names == source(name).names, name
    assert sorted({name for module in found for name, _ in module.calls}) == SCRIPTS
    assert sum(module.made for module in found) == len(SCRIPTS), "a script is made that is not called, or made twice"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"job": "j", "receiving": "r", "job_id": "i"}, "missing ['upload_timeout_ms'], unknown []"),
        (
            {"job": "j", "receiving": "r", "job_id": "i", "upload_timeout_ms": 1, "ttl_ms": 2},
            "missing [], unknown ['ttl_ms']",
        ),
    ],
)
def test_a_wrong_name_is_an_error_before_redis_is_asked(values: dict[str, object], message: str) -> None:
    nowhere = Redis(port=1)
    with pytest.raises(TypeError, match=re.escape(f"script 'touch': {message}")):
        Script(nowhere, "touch")(**values)
    with pytest.raises(TypeError, match=re.escape(message)):
        RoundTrip(nowhere).add(Script(nowhere, "touch"), **values)


# -- headers ----------------------------------------------------------------------------------------------------


def test_a_header_declares_values_keys_that_may_be_absent_and_lists() -> None:
    made = Source.of("-- Says\n--! keys a b?\n--! keys c?\n--! args d\n--! args e...\nreturn a\n", "")
    assert (made.keys, made.args) == (Parameters(("a", "b", "c"), optional=2), Parameters(("d",), listed="e"))
    assert made.text == (
        "local a, b, c = unpack(KEYS, 1, 3)\n"
        "local d = unpack(ARGV, 1, 1)\n"
        "local e = {}\n"
        "for i = 2, #ARGV do e[i - 1] = ARGV[i] end\n"
        "return a\n"
    )


def test_values_go_in_the_declared_order() -> None:
    optional, listed = Parameters(("a", "b", "c"), optional=2), Parameters(("d",), listed="e")
    assert optional.values({"c": 3, "a": 1, "b": 2}) == [1, 2, 3]
    assert optional.values({"c": None, "a": 1, "b": None}) == [1]
    assert listed.values({"e": [2, 3], "d": 1}) == [1, 2, 3]


@pytest.mark.parametrize(
    "header",
    [
        "--! keys a? b",
        "--! args a... b",
        "--! keys a? b...",
        "--! args a-b",
        "--! key a",
        "--! keys a\n--! args a",
        "--! args a a",
    ],
)
def test_a_header_that_is_wrong_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match="a script"):
        Source.of(f"{header}\nreturn 1\n", "")
