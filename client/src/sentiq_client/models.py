"""Answers of the service as typed values. Times are ISO 8601 in UTC, as the service gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

ENDED = frozenset({"completed", "failed", "cancelled", "expired"})


@dataclass(frozen=True, slots=True)
class Job:
    """A job at one moment. `document` is the whole answer, with what has no field here."""

    id: str
    state: str
    name: str | None
    total: int
    completed: int
    failed: int
    without_text: int
    texts_per_second: float | None
    eta_s: float | None
    queue_position: int | None
    error: str | None
    document: dict[str, Any]

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def finished(self) -> int:
        """Rows that have a label, failed, or have no text."""
        return self.completed + self.failed + self.without_text

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        counts, error = document["counts"], document["error"]
        return cls(
            id=document["id"],
            state=document["state"],
            name=document.get("name"),
            total=counts["total"],
            completed=counts["completed"],
            failed=counts["failed"],
            without_text=counts.get("without_text", 0),  # older services count them as failed
            texts_per_second=document["texts_per_second"],
            eta_s=document["eta_s"],
            queue_position=document.get("queue_position"),
            error=error["detail"] if error else None,
            document=document,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the results. Without a label there are no score and probabilities either, and `error` says why."""

    index: int
    custom_id: str | None
    label: str | None
    label_zh: str | None
    score: float | None
    probabilities: dict[str, float] | None
    truncated: bool
    model: str
    error: dict[str, Any] | None
    text: str | None = None
    columns: list[list[str]] | None = None

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(**{name: document[name] for name in cls.__dataclass_fields__ if name in document})


@dataclass(frozen=True, slots=True)
class Analysis:
    """The answer to one text."""

    text: str
    label: str
    score: float
