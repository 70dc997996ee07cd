"""A file with what a careful service makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Case:
    """A file, and what is expected: None is not looked at."""

    name: str
    content: bytes
    texts: tuple[str, ...] | None = None  # of the rows that can be classified, in their order
    ids: tuple[str | None, ...] | None = None  # of the same rows
    failed: int | None = None  # rows that cannot be classified
    begins: tuple[str, ...] = ()  # the first texts
    first_id: str | None = None
    is_refused: bool = False
    may_be_refused: bool = False
    notes: tuple[str, ...] = ()  # codes that must be among the notes
    warns_of_ids: bool = False
    query: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What the service made of a file."""

    refusal: str = ""  # the reason; "" if the file was accepted
    texts: tuple[str, ...] = ()
    ids: tuple[str | None, ...] = ()
    reasons: tuple[str, ...] = ()  # of the rows that cannot be classified
    notes: tuple[str, ...] = ()


def check(case: Case, found: Found) -> None:
    """Compare. Raises AssertionError."""
    if found.refusal:
        assert case.is_refused or case.may_be_refused, found.refusal
        assert len(found.refusal) > 20, "the reason says what the file is, or what to do"
        return
    assert not case.is_refused, found.texts[:5]
    assert found.texts, "a job of which no row can be classified is not accepted"
    assert all(len(reason) > 10 for reason in found.reasons)
    if case.texts is not None:
        assert found.texts == case.texts
    if case.ids is not None:
        assert found.ids == case.ids
    if case.failed is not None:
        assert len(found.reasons) == case.failed, found.reasons
    assert found.texts[: len(case.begins)] == case.begins
    if case.first_id is not None:
        assert found.ids[0] == case.first_id
    assert set(case.notes) <= set(found.notes)
    if case.warns_of_ids:
        assert {"ids_rounded", "ids_repeat"} & set(found.notes)
