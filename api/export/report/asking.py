"""Has the documents made that a report is made of. Each is kept, where the endpoint of its own finds it too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from api.export.aspect_counts import NEGATIVE, kept_aspects, worst_aspects
from api.export.axes import AspectAxis, ColumnAxis, LabelAxis
from api.export.cross import cross
from api.export.groups import labels_first
from api.export.kept import kept
from api.export.matching import RowLabels, matches, taken
from api.export.phrases.asking import kept_phrases
from api.export.phrases.question import Question
from api.export.report import findings
from api.export.report.columns import likeliest_column
from api.export.report.document import Report
from api.export.report.surest import Surest, surest
from api.export.rows import Filter, View, text_position
from api.export.timeline import kept_timeline
from api.schemas.aspect_sets import JobAspects
from api.schemas.findings import Findings
from api.schemas.phrases import Against, Phrases
from api.schemas.timeline import AnyStep, Cross, Timeline
from sentiq.core.errors import InvalidInput
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

PHRASES, GROUPS = 20, 20  #: as the endpoints have without a limit


class Asking:
    """The documents of the rows that a view shows, of a job that has ended; the view chooses by no label or aspect.

    Every method raises JobNotFound if the job was erased while it was read.
    """

    def __init__(self, results: Results, job: Job, view: View) -> None:
        self._results, self._job = results, job
        self._view = View(view.neutral_band, view.filter, aspects=view.aspects)  # as the endpoints of its own have it
        self._phrases: dict[int | None, Phrases] = {}  # found already, by aspect; None: of all texts
        self.has_negative = NEGATIVE in results.labels(job)

    def findings(self) -> Findings:
        """Return what to mend first."""
        return Findings.model_validate_json(kept(self._results, self._job, Findings, repr(self._view), self._findings))

    def aspects(self) -> JobAspects | None:
        """Return the counts of aspects; None where the job looks for none."""
        if not self._view.aspects:
            return None
        return JobAspects.model_validate_json(kept_aspects(self._results, self._job, self._view))

    def phrases(self, aspect: int | None = None) -> Phrases | None:
        """Return what negative texts say, or those that are negative about an aspect.

        None where the model has no such label.
        """
        if not self.has_negative:
            return None
        self._find_phrases([aspect])
        return self._phrases[aspect]

    def timeline(self, aspect: int | None = None, step: AnyStep = "auto") -> Timeline:
        """Return the labels by time, or those of an aspect. Raises InvalidInput where there are too many steps."""
        return Timeline.model_validate_json(kept_timeline(self._results, self._job, self._of(aspect), step))

    def report(self, by: int | None) -> Report:
        """Return all that a report is made of.

        `by`: place of the column by which its rows are grouped; None: the likeliest one.
        """
        if self.has_negative:
            self._find_phrases([*self._worst(), None])
        by = likeliest_column(self._results, self._job) if by is None else by
        columns = self._job.file.columns if self._job.file else ()
        return Report(
            counts=self._counts(),
            findings=self.findings(),
            aspects=self.aspects(),
            surest=self.surest().data if self._view.aspects else {},
            timeline=self._readable_timeline(),
            column=None if by is None else columns[by] or str(by + 1),
            groups=None if by is None else self._cross(by, LabelAxis()),
            heat=self._cross(by, AspectAxis(self._view.aspects)) if by is not None and self._view.aspects else None,
            phrases=self.phrases(),
        )

    def surest(self) -> Surest:
        """Return the surest negative texts of each aspect."""
        made = kept(
            *(self._results, self._job, Surest, repr(self._view)),
            lambda: surest(self._results, self._job, self._view, NEGATIVE),
        )
        return Surest.model_validate_json(made)

    def _counts(self) -> dict[str, int]:
        """Return the rows of each label, then those of failed rows and of those without a text."""
        labels, counts = RowLabels(self._view), Counter[str]()
        for _, answers, offsets in matches(self._results, self._job, self._view, range(self._job.chunks)):
            counts.update(taken(labels.of(answers), offsets))
        self._results.check_job(self._job.id)
        return labels_first(counts)

    def _cross(self, by: int, axis: LabelAxis | AspectAxis) -> Cross:
        columns = self._job.file.columns if self._job.file else ()
        column = ColumnAxis(by, columns, text_position(self._job))
        asked = f"{self._view!r} {column.named!r} {axis.name!r} {GROUPS}"
        made = kept(
            *(self._results, self._job, Cross, asked),
            lambda: cross(self._results, self._job, self._view, (column, axis), GROUPS),
        )
        return Cross.model_validate_json(made)

    def _readable_timeline(self) -> Timeline | None:
        """Return the timeline; None where no row has a date, or dates are too far apart."""
        if self._job.has_dates:
            with suppress(InvalidInput):
                found = self.timeline()
                return found if found.points else None
        return None

    def _of(self, aspect: int | None, labels: tuple[str, ...] = ()) -> View:
        return replace(self._view, filter=replace(self._view.filter, labels=labels, aspect=aspect))

    def _find_phrases(self, aspects: Sequence[int | None]) -> None:
        """Have one process find the phrases that are not known yet: that it starts costs more than most jobs."""
        wanted = [aspect for aspect in aspects if aspect not in self._phrases]
        against: Against = "rest" if self._view.filter == Filter() else "labels"
        questions = [Question(self._of(aspect, labels=(NEGATIVE,)), against, PHRASES) for aspect in wanted]
        found = kept_phrases(self._results, self._job, questions)
        self._phrases |= zip(wanted, map(Phrases.model_validate_json, found), strict=True)

    def _worst(self) -> list[int]:
        """Return the places of the aspects to mend first."""
        aspects = self.aspects()
        return [self._view.aspects.index(found.aspect) for found in worst_aspects(aspects.data)] if aspects else []

    def _findings(self) -> Findings:
        aspects, of_all = self.aspects(), self._readable_timeline()
        self._find_phrases(self._worst())
        found = []
        rows = 0
        if aspects is not None:
            rows = aspects.rows
            texts = self.surest().data
            for aspect in worst_aspects(aspects.data):
                at = self._view.aspects.index(aspect.aspect)
                of_aspect = self.phrases(at)
                assert of_aspect is not None, "an aspect is negative, so the model has the label"
                steps = self.timeline(at, of_all.step) if of_all else None
                found.append(findings.of_aspect(aspect, rows, of_aspect, texts.get(aspect.aspect, ()), steps))
        if not found:
            of_rows = self.phrases()
            if of_rows is not None:
                rows = of_rows.here.rows + of_rows.against.rows
                found = findings.of_phrases(of_rows)
        return Findings(job_id=self._job.id, state=self._job.state, rows=rows, data=found)
