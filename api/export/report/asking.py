"""Has the documents made that a report is made of. Each is kept, where the endpoint of its own finds it too."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from api.export.aspect_counts import count_aspects
from api.export.kept import kept
from api.export.phrases.asking import phrases
from api.export.report import findings
from api.export.report.findings import NEGATIVE
from api.export.report.surest import Surest, surest
from api.export.rows import Filter, View
from api.export.timeline import timeline
from api.schemas.aspect_sets import JobAspects
from api.schemas.findings import Findings
from api.schemas.phrases import Against, Phrases
from api.schemas.timeline import AnyStep, Timeline
from sentiq.core.errors import InvalidInput
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

PHRASES = 20  #: as the endpoint has without a limit


class Asking:
    """The documents of the rows that a view shows, of a job that has ended; the view chooses by no label or aspect.

    Every method raises JobNotFound if the job was erased while it was read.
    """

    def __init__(self, results: Results, job: Job, view: View) -> None:
        self._results, self._job, self._view = results, job, view
        self.has_negative = NEGATIVE in results.labels(job)

    def findings(self) -> Findings:
        """Return what to mend first."""
        return Findings.model_validate_json(kept(self._results, self._job, Findings, repr(self._view), self._findings))

    def aspects(self) -> JobAspects | None:
        """Return the counts of aspects; None where the job looks for none."""
        if not self._view.aspects:
            return None
        made = kept(
            *(self._results, self._job, JobAspects, repr(self._view)),
            lambda: count_aspects(self._results, self._job, self._view),
        )
        return JobAspects.model_validate_json(made)

    def phrases(self, aspect: int | None = None) -> Phrases | None:
        """Return what negative texts say, or those that are negative about an aspect.

        None where the model has no such label.
        """
        if not self.has_negative:
            return None
        view = self._of(aspect, labels=(NEGATIVE,))
        against: Against = "rest" if self._view.filter == Filter() else "labels"
        made = kept(
            *(self._results, self._job, Phrases, f"{view!r} {against} {PHRASES}"),
            lambda: phrases(self._results, self._job, view, against, PHRASES),
        )
        return Phrases.model_validate_json(made)

    def timeline(self, aspect: int | None = None, step: AnyStep = "auto") -> Timeline | None:
        """Return the labels by time, or those of an aspect; None where there are no dates or too many."""
        if self._job.file is None or self._job.file.date_number is None:
            return None
        view = self._of(aspect)
        with suppress(InvalidInput):
            made = kept(
                *(self._results, self._job, Timeline, f"{view!r} {step}"),
                lambda: timeline(self._results, self._job, view, step),
            )
            found = Timeline.model_validate_json(made)
            return found if found.points else None
        return None

    def surest(self) -> Surest:
        """Return the surest negative texts of each aspect."""
        made = kept(
            *(self._results, self._job, Surest, repr(self._view)),
            lambda: surest(self._results, self._job, self._view, NEGATIVE),
        )
        return Surest.model_validate_json(made)

    def _of(self, aspect: int | None, labels: tuple[str, ...] = ()) -> View:
        return replace(self._view, filter=replace(self._view.filter, labels=labels, aspect=aspect))

    def _findings(self) -> Findings:
        aspects, of_all = self.aspects(), self.timeline()
        found = []
        rows = 0
        if aspects is not None:
            rows = aspects.rows
            texts = self.surest().data
            for aspect in findings.worst_aspects(aspects.data):
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
