"""The states of the served model: each legal step, and an error for each other one."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sentiq.core.settings import BUNDLED_MODEL
from sentiq.engine import Cascade, Router
from tests.support.paths import REPOSITORY
from worker import serving as module
from worker.serving import IllegalState, Serving


class Engine:
    def __init__(self, name: str) -> None:
        self.manifest: Any = SimpleNamespace(id=name, name=f"{name}@1")
        self.proofs = 0

    def prove(self) -> None:
        self.proofs += 1


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Models that load at once; which were loaded so far, and `broken` does not load."""
    loaded: list[str] = []

    def load(stored: Any) -> Engine:
        if stored.manifest.id == "broken":
            raise ValueError("it is broken")
        loaded.append(stored.manifest.name)
        return Engine(stored.manifest.id)

    monkeypatch.setattr(module, "find_model", lambda name: stored(name.partition("@")[0]))
    monkeypatch.setattr(module, "load", load)
    monkeypatch.setattr(module, "load_warm", load)
    monkeypatch.setattr(module, "may_degrade", lambda: False)
    yield loaded
    gc.unfreeze()


def stored(name: str) -> Any:
    return SimpleNamespace(manifest=SimpleNamespace(id=name, name=f"{name}@1"))


def empty() -> Serving:
    return Serving()


def started() -> Serving:
    serving = empty()
    serving.start(stored("first"))
    return serving


def prepared() -> Serving:
    serving = started()
    serving.prepare("second")
    return serving


def unloaded() -> Serving:
    serving = started()
    serving.unload()
    return serving


def name_of(serving: Serving, model: str = "") -> str:
    return serving.engine_for(model).manifest.name


def test_a_model_is_served_until_another_takes_over(models: list[str]) -> None:
    serving = started()
    assert {name_of(serving, model) for model in ("", "first", "first@1")} == {"first@1"}

    serving.prepare("second")
    assert (name_of(serving), serving.is_prepared, serving.is_preparing) == ("first@1", True, False)

    serving.take_over()
    assert (name_of(serving), serving.manifest.name, serving.is_prepared) == ("second@1", "second@1", False)
    assert models == ["first@1", "second@1"]


def test_another_model_is_loaded_beside_once(models: list[str]) -> None:
    serving = started()
    assert [name_of(serving, "third") for _ in range(2)] == ["third@1"] * 2
    assert models == ["first@1", "third@1"]


def test_an_unloaded_model_is_loaded_when_it_is_asked_for_and_proven_by_none(models: list[str]) -> None:
    serving = unloaded()
    serving.prove()
    assert models == ["first@1"]
    assert not serving.is_loaded

    assert name_of(serving) == "first@1"
    assert models == ["first@1"] * 2

    serving.prepare("first")
    serving.take_over()
    assert serving.is_loaded


def test_a_model_that_cannot_be_loaded_changes_nothing() -> None:
    serving = started()
    with pytest.raises(ValueError, match="broken"):
        serving.prepare("broken")
    assert (name_of(serving), serving.is_prepared, serving.is_preparing) == ("first@1", False, False)
    serving.prepare("second")


def test_while_a_model_is_loaded_no_other_is(monkeypatch: pytest.MonkeyPatch) -> None:
    serving = started()
    seen: list[bool] = []
    steps: list[Callable[[], object]] = [lambda: serving.prepare("third"), serving.unload, serving.take_over]

    def load(_: object) -> Engine:
        seen.append(serving.is_preparing)
        for step in steps:
            with pytest.raises(IllegalState, match="a thread loads it"):
                step()
        return Engine("second")

    monkeypatch.setattr(module, "load_warm", load)
    serving.prepare("second")
    assert seen == [True]


def test_the_student_of_a_pair_stands_in_for_it_and_else_the_bundled_model(
    models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = started()
    assert serving.fallback().manifest.name == f"{BUNDLED_MODEL}@1"

    pair: Any = Cascade.__new__(Cascade)
    pair.student, pair.manifest = Engine("small"), stored("small+large").manifest
    monkeypatch.setattr(module, "load_warm", lambda _: pair)
    serving.prepare("small+large")
    serving.take_over()
    assert serving.fallback() is pair.student


@pytest.mark.parametrize("kind", [Cascade, Router])
def test_a_bundled_model_that_would_never_stand_in_is_not_loaded(
    kind: type[Any], models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: Any = object.__new__(kind)
    served.student = Engine("small")

    def load(wanted: Any) -> Any:
        models.append(wanted.manifest.name)
        return served

    monkeypatch.setattr(module, "may_degrade", lambda: True)
    monkeypatch.setattr(module, "load_warm", load)
    serving = started()
    assert models == ["first@1"]
    assert serving.fallback() in (served, served.student)
    assert models == ["first@1"]


def test_a_process_that_forks_nobody_warms_neither_its_first_model_nor_the_next(
    models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "load_warm", lambda wanted: pytest.fail(f"{wanted.manifest.name} is warmed"))
    serving = empty()
    serving.start(stored("first"), warm=False)
    serving.prepare("second")
    serving.take_over()
    assert models == ["first@1", "second@1"]


def test_the_bundled_model_is_not_loaded_a_second_time_beside_itself(
    models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "may_degrade", lambda: True)
    empty().start(stored(BUNDLED_MODEL))
    assert models == [f"{BUNDLED_MODEL}@1"]


def test_in_children_the_model_is_loaded_where_the_settings_say_so(
    models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "current", lambda: SimpleNamespace(engine_load="child"))
    serving = started()
    assert models == []
    serving.prove()
    engine: Any = serving.engine_for()
    assert (models, engine.proofs) == (["first@1"], 1)


def test_where_children_load_the_model_their_parent_loads_no_next_one_either(
    models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "current", lambda: SimpleNamespace(engine_load="child"))
    serving = started()
    serving.prepare("second")
    serving.take_over()
    assert (models, serving.manifest.name, serving.is_prepared) == ([], "second@1", False)
    serving.prove()
    assert (models, name_of(serving)) == (["second@1"], "second@1")


@pytest.mark.parametrize(
    ("made", "step"),
    [
        (empty, lambda serving: serving.manifest),
        (empty, lambda serving: serving.engine_for()),
        (empty, lambda serving: serving.prove()),
        (empty, lambda serving: serving.prepare("second")),
        (empty, lambda serving: serving.take_over()),
        (empty, lambda serving: serving.unload()),
        (started, lambda serving: serving.start(stored("second"))),
        (started, lambda serving: serving.take_over()),
        (prepared, lambda serving: serving.unload()),
        (unloaded, lambda serving: serving.unload()),
        (unloaded, lambda serving: serving.take_over()),
    ],
)
def test_a_step_out_of_order_raises(made: Callable[[], Serving], step: Callable[[Serving], object]) -> None:
    with pytest.raises(IllegalState):
        step(made())


def test_code_that_is_not_called_any_more_is_unmapped_and_comes_back_when_it_is() -> None:
    code = """
import psutil
import numpy
from worker.serving import unmap_code

def resident():
    maps = psutil.Process().memory_maps(grouped=False)
    return sum(one.rss for one in maps if one.perms == "r-xp" and "numpy" in one.path)

product = numpy.ones((9, 9)) @ numpy.ones((9, 9))
before = resident()
unmap_code()
assert 0 < before > resident()
assert (numpy.ones((9, 9)) @ numpy.ones((9, 9)) == product).all()
"""
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
