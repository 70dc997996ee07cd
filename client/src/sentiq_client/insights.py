"""What the rows of a job say: what to mend, aspects and phrases. Each is typed; aspects and phrases become frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from sentiq_client.frames import Column
from sentiq_client.shares import Figure, Shares, Tabular, columns_by_label, figure_columns, shares_of


@dataclass(frozen=True, slots=True)
class AspectCounts:
    """What rows say of one aspect. `share`: of the rows that speak of it; None where no row has a label."""

    aspect: str
    rows: int
    share: Figure | None
    counts: dict[str, int]
    shares: Shares

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        share = document["share"]
        return cls(
            document["aspect"],
            document["rows"],
            None if share is None else Figure.read(share),
            document["counts"],
            shares_of(document["shares"]),
        )


@dataclass(frozen=True, slots=True)
class JobAspects(Tabular):
    """All aspects of the set of a job; `worst` names what to mend first. `document` is the whole answer."""

    aspect_set: str
    rows: int
    rows_with_aspects: int
    aspects: list[AspectCounts]
    worst: list[str]
    document: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(
            document["aspect_set"],
            document["rows"],
            document["rows_with_aspects"],
            [AspectCounts.read(each) for each in document["data"]],
            document["worst"],
            document,
        )

    def table(self) -> dict[str, Column]:
        """Return a row for each aspect: its rows and their share, and both for each label."""
        return {
            "aspect": ("text", [each.aspect for each in self.aspects]),
            "rows": ("integer", [each.rows for each in self.aspects]),
            **figure_columns("share", [each.share for each in self.aspects]),
            **columns_by_label([each.counts for each in self.aspects], [each.shares for each in self.aspects]),
        }


@dataclass(frozen=True, slots=True)
class Example:
    """A row that has a phrase; `text` is the part of its text around it."""

    index: int
    label: str
    text: str

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["index"], document["label"], document["text"])


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that sets rows apart from others. `forms`: longer phrases that it stands for, with their rows."""

    phrase: str
    rows: int
    share: Figure
    rows_against: int
    share_against: Figure
    log_odds: float
    z: float
    negative: Figure | None
    forms: dict[str, int]
    examples: list[Example]

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        negative = document["negative"]
        return cls(
            phrase=document["phrase"],
            rows=document["rows"],
            share=Figure.read(document["share"]),
            rows_against=document["rows_against"],
            share_against=Figure.read(document["share_against"]),
            log_odds=document["log_odds"],
            z=document["z"],
            negative=None if negative is None else Figure.read(negative),
            forms={form["phrase"]: form["rows"] for form in document["forms"]},
            examples=[Example.read(example) for example in document["examples"]],
        )


@dataclass(frozen=True, slots=True)
class Rise:
    """The last step of time in which more of an aspect was negative than in the one before, beyond chance."""

    start: str
    end: str
    difference: float
    p_value: float

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["start"], document["end"], document["difference"], document["p_value"])


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend: the share of its rows, and of all, that is negative. `parameters` of results take these."""

    kind: str  #: "aspect" or "phrase"
    name: str
    rows: int
    negative: int
    share: Figure
    of_all: Figure
    rise: Rise | None
    phrases: dict[str, int]
    examples: list[Example]
    parameters: dict[str, str]

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        rise = document["rise"]
        return cls(
            kind=document["kind"],
            name=document["name"],
            rows=document["rows"],
            negative=document["negative"],
            share=Figure.read(document["share"]),
            of_all=Figure.read(document["of_all"]),
            rise=None if rise is None else Rise.read(rise),
            phrases={each["phrase"]: each["rows"] for each in document["phrases"]},
            examples=[Example.read(example) for example in document["examples"]],
            parameters=document["parameters"],
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """What to mend first, and the rows that were looked at. `document` is the whole answer."""

    rows: int
    findings: list[Finding]
    document: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["rows"], [Finding.read(each) for each in document["data"]], document)


@dataclass(frozen=True, slots=True)
class Compared:
    """Rows of one side; of too many, only a sample was looked at."""

    rows: int
    looked_at: int

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["rows"], document["looked_at"])


@dataclass(frozen=True, slots=True)
class Phrases(Tabular):
    """The phrases of some rows, the surest first, and how many rows were compared. `document` is the whole answer."""

    here: Compared
    against: Compared
    phrases: list[Phrase]
    document: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(
            Compared.read(document["here"]),
            Compared.read(document["against"]),
            [Phrase.read(phrase) for phrase in document["data"]],
            document,
        )

    def table(self) -> dict[str, Column]:
        """Return a row for each phrase, without its forms and examples."""
        found = self.phrases
        return {
            "phrase": ("text", [each.phrase for each in found]),
            "rows": ("integer", [each.rows for each in found]),
            **figure_columns("share", [each.share for each in found]),
            "rows_against": ("integer", [each.rows_against for each in found]),
            **figure_columns("share_against", [each.share_against for each in found]),
            "log_odds": ("number", [each.log_odds for each in found]),
            "z": ("number", [each.z for each in found]),
            **figure_columns("negative", [each.negative for each in found]),
        }
