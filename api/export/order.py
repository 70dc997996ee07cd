"""Sorts the rows of an ended job by their predictions, in little memory however many there are.

With a filter for an aspect, what is sorted by is the prediction of the aspect.

`polarity` is p(positive) − p(negative), so that a neutral row of a model with three classes stands between the others;
`score` is that of the row's label. Rows with the same value stay in the order of the job, in both directions; rows
without a prediction come last.
"""

from __future__ import annotations

import tempfile
from array import array
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING

import msgpack
import zstandard

from api.export.matching import LabelAndScore, labeller, matches
from api.export.mentions import AspectReading
from api.export.rows import Filter, ResultRow, View, chunk_rows, chunks_of, text_position
from api.schemas.results import Sort
from sentiq.core.errors import FieldError, InvalidInput, JobNotEnded
from sentiq.core.labels import DECIMALS
from sentiq.jobs.codec import SCALE, OutputColumns
from sentiq.jobs.types import Job, RowError

if TYPE_CHECKING:  # as in rows.py: processes that write documents ask no Redis
    from sentiq.jobs.results import Results

MOST_ROWS = 5_000_000  #: sorted at once: 12 bytes each while they are sorted, 4 afterwards
KEPT_BYTES = 32_000_000  #: of orders in a process, for the next page
LAST = 0xFFFF_FFFF  #: of a row without a prediction, and the place of a row that is not in the order
BUCKET_ROWS = 2_000  #: rows of an export that are in memory at once
FRAME_BYTES = 16_384  #: of such rows, before they are written to the disk together


@dataclass(frozen=True, slots=True)
class Order:
    """Numbers of the rows as they are sorted, and the chunks they are in."""

    rows: array[int]
    chunks: array[int]
    firsts: array[int]  # the first row of each of the chunks


class Orders:
    """Sorts, and caches recent orders: a client that turns pages asks for the same one again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[tuple[object, ...], Order] = OrderedDict()

    def of(self, results: Results, job: Job, view: View) -> Order:
        """Return the rows that the view shows, sorted as it says. Raises JobNotEnded, InvalidInput, JobNotFound."""
        if not job.state.has_ended:
            raise JobNotEnded(
                f"Job {job.id} is {job.state}, and its rows can be sorted when it has ended: "
                "wait for that, or read them in their order, without `sort`."
            )
        key = (job.id, job.ended_at_ms, job.completed, view.sort, view.neutral_band, view.filter)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        order = _sorted(results, job, view)
        with self._lock:
            self._kept[key] = order
            while len(self._kept) > 1 and sum(4 * len(kept.rows) for kept in self._kept.values()) > KEPT_BYTES:
                self._kept.popitem(last=False)
        return order


def page_rows(results: Results, job: Job, view: View, order: Order, numbers: Sequence[int]) -> list[ResultRow]:
    """Return the rows with these numbers, in this order, without those that have changed since it was made."""
    wanted: dict[int, list[int]] = {}
    for number in numbers:
        wanted.setdefault(order.chunks[bisect_right(order.firsts, number) - 1], []).append(number)
    found: dict[int, ResultRow] = {}
    chunks, everything = sorted(wanted), replace(view, filter=Filter())
    for result in results.chunks(job.id, chunks):
        if result is not None:
            these = set(wanted[result.chunk_no])
            found |= {
                row.number: row for row in chunk_rows(result, text_position(job), everything) if row.number in these
            }
    return [found[number] for number in numbers if number in found]


def sorted_rows(rows: Iterable[ResultRow], job: Job, order: array[int]) -> Iterator[ResultRow]:
    """Yield all rows of the order, their numbers. They are read once, as they come, and wait on disk in buckets."""
    places = array("I", [LAST]) * job.total
    for place, number in enumerate(order):
        places[number] = place
    with _Buckets(-(-len(order) // BUCKET_ROWS)) as buckets:
        for row in rows:
            if places[row.number] != LAST:
                buckets.put(places[row.number] // BUCKET_ROWS, row)
        for bucket in range(buckets.count):
            yield from sorted(buckets.take(bucket), key=lambda row: places[row.number])


def _sorted(results: Results, job: Job, view: View) -> Order:
    assert view.sort is not None
    keys = _Keys(view.sort, labeller(view.neutral_band), view.filter.aspect)
    rows, values = array("I"), array("I")
    chunks, firsts = array("I"), array("I")
    labelled: set[str] = set()
    for number, answers, offsets in matches(results, job, view, chunks_of(results, job, view.filter)):
        chunks.append(number)
        firsts.append(answers.first)
        labelled |= set(answers.labels)
        of_chunk = keys.of(answers)
        rows.extend(answers.first + offset for offset in offsets)
        values.extend(of_chunk[offset] for offset in offsets)
        if len(rows) > MOST_ROWS:
            detail = f"More than {MOST_ROWS:,} rows cannot be sorted: ask for fewer by a filter, or take them unsorted."
            raise InvalidInput(detail, errors=(FieldError("too_many_to_sort", detail, pointer="/sort"),))
    results.check_job(job.id)
    if labelled and keys.by_polarity and not labelled & {"negative", "positive"}:
        detail = f"The labels of this job are {', '.join(sorted(labelled))}: there is no polarity to sort by."
        raise InvalidInput(detail, errors=(FieldError("no_polarity", detail, pointer="/sort"),))

    counts = Counter(values)  # a counting sort: there are few different values, and as many rows as there are
    different = sorted(counts)
    begins = dict(zip(different, accumulate((counts[value] for value in different), initial=0), strict=False))
    places = array("I", bytes(4 * len(rows)))
    for number, value in zip(rows, values, strict=True):
        places[begins[value]] = number
        begins[value] += 1
    return Order(places, chunks, firsts)


class _Keys:
    """Computes whole numbers by which rows are sorted in ascending order."""

    def __init__(self, sort: Sort, labelled: LabelAndScore, aspect: int | None) -> None:
        """`aspect`: the one by which rows are sorted, of those that speak of it; None: by what they say as a whole."""
        self.by_polarity = sort.endswith("polarity")
        self._downwards = sort.startswith("-")
        self._labelled = labelled
        self._aspect = aspect

    def of(self, answers: OutputColumns) -> list[int]:
        rows = zip(answers.row_labels(), answers.judged(self._aspect), strict=False)
        if self.by_polarity:
            keys = [SCALE + _share("positive", *row) - _share("negative", *row) for row in rows]
            most = 2 * SCALE
        else:
            most = 10**DECIMALS
            keys = [round(self._labelled(*row)[1] * most) if any(row[1]) else 0 for row in rows]
        if self._downwards:
            keys = [most - key for key in keys]
        for offset in answers.errors:
            keys[offset] = LAST
        return keys


def _share(label: str, labels: tuple[str, ...], value: tuple[int, ...]) -> int:
    """Return the number of a label; 0 where the row has no such label, or no answer."""
    return value[labels.index(label)] if value and label in labels else 0


class _Buckets:
    """Keeps rows on disk in compressed frames; the file has no name and is deleted when it is closed."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed on exit
        self._waiting: list[list[bytes]] = [[] for _ in range(count)]
        self._bytes = [0] * count
        self._frames: list[list[tuple[int, int]]] = [[] for _ in range(count)]  # place and length in the file

    def __enter__(self) -> _Buckets:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, bucket: int, row: ResultRow) -> None:
        error = row.error and (row.error.code, row.error.detail, row.error.line)
        packed: bytes = msgpack.packb(row._replace(error=error))  # type: ignore[arg-type]
        self._waiting[bucket].append(packed)
        self._bytes[bucket] += len(packed)
        if self._bytes[bucket] >= FRAME_BYTES:
            self._write(bucket)

    def take(self, bucket: int) -> Iterator[ResultRow]:
        self._write(bucket)
        for place, length in self._frames[bucket]:
            self._file.seek(place)
            frame = msgpack.Unpacker(use_list=False)
            frame.feed(zstandard.decompress(self._file.read(length)))
            for fields in frame:
                row = ResultRow(*fields)
                aspects = tuple(AspectReading(*aspect) for aspect in row.aspects)
                yield row._replace(error=row.error and RowError(*row.error), aspects=aspects)  # type: ignore[misc]

    def _write(self, bucket: int) -> None:
        frame = zstandard.compress(b"".join(self._waiting[bucket]), 1)
        place = self._file.seek(0, 2)
        self._file.write(frame)
        self._frames[bucket].append((place, len(frame)))
        self._waiting[bucket], self._bytes[bucket] = [], 0
