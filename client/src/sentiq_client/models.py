"""Answers of the service as typed values. Times are ISO 8601 in UTC, as the service gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

T = TypeVar("T")
Summary = dict[str, Any]
Evaluation = dict[str, Any]

ENDED = frozenset({"completed", "failed", "cancelled", "expired"})
SHOWN_CHARS = 24  #: of a text in the repr of its row


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was decided while a file was read, or left out."""

    code: str
    detail: str  #: a sentence for people
    facts: dict[str, Any]  #: what the sentence names: words, numbers, lists of words

    @classmethod
    def read_all(cls, file: dict[str, Any] | None) -> list[Self]:
        """Return the notes on a file, as a job or a dry run describes it; older services take none."""
        return [cls(note["code"], note["detail"], note["facts"]) for note in (file or {}).get("notes", ())]


@dataclass(frozen=True, slots=True, repr=False)
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
    metadata: dict[str, str]
    document: dict[str, Any]

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        without = f", {self.without_text:,} without text" if self.without_text else ""
        return (
            f"<Job {self.id}{name} {self.state}: {self.done:,} of {self.total:,} rows, {self.failed:,} failed{without}>"
        )

    @property
    def done(self) -> int:
        """Rows that are finished: they have a label, failed, or have no text."""
        return self.completed + self.failed + self.without_text

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def notes(self) -> list[Note]:
        """What was decided while its file was read, and what was left out; none for texts."""
        return Note.read_all(self.document.get("file"))

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
            metadata=document.get("metadata") or {},
            document=document,
        )


@dataclass(frozen=True, slots=True)
class RowAspect:
    """What a text says of one aspect; `clause` is the part of it that tells it best."""

    aspect: str
    label: str
    score: float
    clause: str

    @classmethod
    def read_all(cls, documents: list[dict[str, Any]] | None) -> list[Self] | None:
        """Return the aspects of a row; None where its job looks for none."""
        if documents is None:
            return None
        return [cls(found["aspect"], found["label"], found["score"], found["clause"]) for found in documents]


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One row of the results. Without a label there are no score and probabilities either, and `error` says why."""

    index: int
    custom_id: str | None
    label: str | None
    label_zh: str | None
    score: float | None
    probabilities: dict[str, float] | None
    truncated: bool
    model: str | None  #: of a row that failed, None where routes sent it to none
    error: dict[str, Any] | None
    degraded: bool = False
    text: str | None = None
    columns: list[list[str]] | None = None
    aspects: list[RowAspect] | None = None
    language: str | None = None

    def __repr__(self) -> str:
        answer = f"{self.label} {self.score:.3f}" if self.score is not None else f"{(self.error or {}).get('code')}"
        text = self.text or ""
        shown = f" {text[:SHOWN_CHARS]!r}{'…' if len(text) > SHOWN_CHARS else ''}" if text else ""
        return f"<Row {self.index} {answer}{shown}>"

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        found = {name: document[name] for name in cls.__dataclass_fields__ if name in document}
        return cls(**found | {"aspects": RowAspect.read_all(document.get("aspects"))})


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and where the next ones begin; None at the end."""

    rows: list[Row]
    next: str | None

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls([Row.read(row) for row in document["data"]], document["next"])


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, and where the next ones begin; None at the end."""

    jobs: list[Job]
    next: str | None

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls([Job.read(job) for job in document["data"]], document["next"])


@dataclass(frozen=True, slots=True)
class Analysis:
    """The answer to one text."""

    text: str
    label: str
    score: float
    aspects: list[RowAspect] | None = None

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        aspects = RowAspect.read_all(document.get("aspects"))
        return cls(document["text"], document["label"], document["score"], aspects)


@dataclass(frozen=True, slots=True)
class Point:
    """Rows recorded in one step of time, which began `at`."""

    at: str
    rows: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """How fast a job went, in steps of `step_s` seconds; no points for a small job, which is answered in one."""

    step_s: int
    points: list[Point]

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["step_s"], [Point(point["at"], point["rows"]) for point in document["points"]])


@dataclass(frozen=True, slots=True)
class AspectSet:
    """A set of aspects of the service. `definition` is the set itself; `versions` has all of them, of a single set."""

    id: str
    version: str
    built_in: bool
    stored_at: str | None
    definition: dict[str, Any]
    versions: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        versions = [each["version"] for each in document.get("versions") or ()]
        return cls(
            **{name: document[name] for name in cls.__dataclass_fields__ if name != "versions"}, versions=versions
        )

    @property
    def name(self) -> str:
        """Its id with its version, as a job may name it."""
        return f"{self.id}@{self.version}"

    def to_yaml(self) -> str:
        """Return its definition as YAML: to keep, to change, and to `put` again."""
        from sentiq_client.definition_files import write_yaml  # PyYAML takes long to import

        return write_yaml(self.definition)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of the end of jobs. `secret` is known when it is made or changed, and then no more."""

    id: str
    url: str
    description: str
    events: list[str]
    created_at: str
    disabled: str | None  # why nothing is sent any more
    secret: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(**{name: document[name] for name in cls.__dataclass_fields__ if name in document})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver a message."""

    delivery_id: str
    event: str
    attempt: int
    at: str
    status: int | None
    error: str | None
    took_ms: int | None
    next_at: str | None

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(**{name: document[name] for name in cls.__dataclass_fields__ if name in document})


def as_list(kind: Callable[[dict[str, Any]], T]) -> Callable[[dict[str, Any]], list[T]]:
    """Reads the `data` of an answer that is a list."""
    return lambda document: [kind(entry) for entry in document["data"]]
