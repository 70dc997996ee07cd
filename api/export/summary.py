"""Computes counts, shares and a histogram of a job from the stored numbers, without an object for each row."""

from __future__ import annotations

from collections import Counter

from api.schemas.results import Bin, Failure, Summary
from sentiq.core.labels import DECIMALS, label_and_score
from sentiq.jobs.codec import SCALE, TRUNCATED, OutputColumns
from sentiq.jobs.results import Results
from sentiq.jobs.types import FAILED, WITHOUT_TEXT, Job

BINS = 20  #: of the histogram of p(positive)
VALUES_KEPT = 100_000  #: different probabilities, before they are looked at


def summarise(results: Results, job: Job, neutral_band: float) -> Summary:
    """Summarise all finished rows. Raises JobNotFound if the job was erased while it was read."""
    tally = _Tally(neutral_band)
    for _, columns in results.columns(job.id, range(job.chunks)):
        tally.add(columns)
    results.check_job(job.id)
    return tally.summary(job)


def labels_first(counts: Counter[str]) -> dict[str, int]:
    """Return the counts of all labels, then those of rows without one, even if they are 0."""
    last = (FAILED, WITHOUT_TEXT)
    return {name: counts[name] for name in sorted(counts) if name not in last} | {name: counts[name] for name in last}


class _Tally:
    """Equal probabilities are counted first and looked at once: a binary model has 65,536 of them."""

    def __init__(self, neutral_band: float) -> None:
        self._band = neutral_band
        self._values: Counter[tuple[tuple[str, ...], tuple[int, ...]]] = Counter()
        self._counts: Counter[str] = Counter()
        self._histogram = [0] * BINS
        self._languages: Counter[str] = Counter()
        self._failures: dict[str, Failure] = {}
        self._truncated = 0

    def add(self, columns: OutputColumns) -> None:
        labels, width = columns.labels, len(columns.labels)
        self._truncated += columns.flags.count(TRUNCATED)
        self._languages.update(filter(None, columns.languages))
        if columns.is_routed:
            values = zip(columns.row_labels(), columns.predictions(), strict=True)
            self._values.update(value for offset, value in enumerate(values) if offset not in columns.errors)
        elif width:
            found = Counter(zip(*[iter(columns.numbers)] * width, strict=True))
            found.subtract(tuple(columns.numbers[i * width : (i + 1) * width]) for i in columns.errors)
            for value, count in found.items():
                self._values[labels, value] += count
        for offset, error in sorted(columns.errors.items()):
            self._counts[error.counts_as] += 1
            if error.counts_as == WITHOUT_TEXT:
                continue
            first = Failure(
                code=error.code, count=0, index=columns.first + offset, detail=error.detail, line=error.line
            )
            self._failures.setdefault(error.code, first).count += 1
        if len(self._values) > VALUES_KEPT:
            self._look()

    def _look(self) -> None:
        for (labels, value), count in self._values.items():
            if count > 0:
                probabilities = [round(n / SCALE, DECIMALS) for n in value]  # as the rows show them
                self._counts[label_and_score(labels, probabilities, self._band)[0]] += count
                if "positive" in labels:
                    at = int(probabilities[labels.index("positive")] * BINS)
                    self._histogram[min(at, BINS - 1)] += count
        self._values.clear()

    def summary(self, job: Job) -> Summary:
        self._look()
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
            histogram=[Bin(start=i / BINS, end=(i + 1) / BINS, count=n) for i, n in enumerate(self._histogram)],
            languages=dict(self._languages.most_common()) or None,
            failures=sorted(self._failures.values(), key=lambda failure: -failure.count),
        )
