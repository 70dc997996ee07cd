"""Computes counts, shares and a histogram of a job from the stored numbers, without an object for each row."""

from __future__ import annotations

from collections import Counter

from api.export.groups import Groups, labels_first
from api.export.matching import RowLabels
from api.export.rows import View, column_cells, text_position
from api.schemas.results import Bin, Failure, Summary
from sentiq.core.labels import DECIMALS
from sentiq.jobs.codec import SCALE, TRUNCATED, OutputColumns
from sentiq.jobs.results import Results
from sentiq.jobs.types import FAILED, WITHOUT_TEXT, Job

BINS = 20  #: of the histogram of p(positive)


def summarise(results: Results, job: Job, neutral_band: float, by: int | None = None) -> Summary:
    """Summarise all finished rows, and by their cells in column `by`, where one is asked for.

    A line without cells counts as "". Raises JobNotFound if the job was erased while it was read.
    """
    tally = _Tally(neutral_band)
    if by is None:
        for _, answers in results.columns(job.id, range(job.chunks)):
            tally.add(answers)
        groups = None
    else:
        groups, text_at = Groups(), text_position(job)
        for _, given, answers in results.columns_with_input(job.id, range(job.chunks)):
            groups.add(column_cells(given, by, text_at), tally.add(answers))
    results.check_job(job.id)
    return tally.summary(job).model_copy(update={"groups": groups and groups.largest()})


class _Tally:
    """Equal numbers are counted first and looked at once: there are 65,536 of them."""

    def __init__(self, neutral_band: float) -> None:
        self._labels = RowLabels(View(neutral_band))
        self._counts: Counter[str] = Counter()
        self._positive: Counter[int] = Counter()  # probabilities × SCALE
        self._languages: Counter[str] = Counter()
        self._failures: dict[str, Failure] = {}
        self._truncated = 0

    def add(self, answers: OutputColumns) -> list[str]:
        """Add the rows of a chunk; return what each is counted as."""
        names = self._labels.of(answers)
        self._counts.update(names)
        self._truncated += answers.flags.count(TRUNCATED)
        self._languages.update(filter(None, answers.languages))
        if answers.is_routed:
            rows = enumerate(zip(answers.row_labels(), answers.predictions(), strict=True))
            of_rows = (dict(zip(*row, strict=True)) for offset, row in rows if offset not in answers.errors)
            self._positive.update(row["positive"] for row in of_rows if "positive" in row)
        elif "positive" in answers.labels:
            self._positive.update(answers.numbers[answers.labels.index("positive") :: len(answers.labels)])
            self._positive[0] -= len(answers.errors)  # whose numbers are zeros
        for offset, error in sorted(answers.errors.items()):
            if error.counts_as == WITHOUT_TEXT:
                continue
            first = Failure(
                code=error.code, count=0, index=answers.first + offset, detail=error.detail, line=error.line
            )
            self._failures.setdefault(error.code, first).count += 1
        return names

    def _histogram(self) -> list[Bin]:
        counts = [0] * BINS
        for number, count in self._positive.items():
            probability = round(number / SCALE, DECIMALS)  # as the rows show it
            counts[min(int(probability * BINS), BINS - 1)] += count
        return [Bin(start=i / BINS, end=(i + 1) / BINS, count=n) for i, n in enumerate(counts)]

    def summary(self, job: Job) -> Summary:
        counts = labels_first(self._counts)
        rows = sum(counts.values())
        of_all = {FAILED: counts[FAILED], WITHOUT_TEXT: counts[WITHOUT_TEXT], "truncated": self._truncated}
        labelled = rows - counts[FAILED] - counts[WITHOUT_TEXT]
        shares = {name: n / max(labelled, 1) for name, n in counts.items()}
        shares |= {name: n / max(rows, 1) for name, n in of_all.items()}
        return Summary(
            job_id=job.id,
            state=job.state,
            rows=rows,
            counts=counts,
            shares={name: round(share, 5) for name, share in shares.items()},
            histogram=self._histogram(),
            languages=dict(self._languages.most_common()) or None,
            failures=sorted(self._failures.values(), key=lambda failure: -failure.count),
        )
