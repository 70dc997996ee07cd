"""The data types that the API, the job store and the workers exchange. All are immutable."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, Self

from sentiq.core.documents import dump, load
from sentiq.core.long_texts import LongTexts
from sentiq.core.routes import ROUTE
from sentiq.jobs.dates import DateOrder, resolved


class Lane(StrEnum):
    """The two ways through the cluster."""

    INTERACTIVE = "interactive"  # small jobs, batched across jobs, answered in milliseconds
    BULK = "bulk"  # large jobs, one Celery task per chunk, at low OS priority


class JobState(StrEnum):
    """States of a job; the letters are those of the diagram in docs/architecture.md."""

    RECEIVING = "receiving"  # A: chunks arrive, and may already run
    QUEUED = "queued"  # B: all chunks are there, none is claimed yet
    RUNNING = "running"  # C: all chunks are there, at least one is claimed
    COMPLETED = "completed"  # D: every row has a prediction or an error
    FAILED = "failed"  # E: the upload broke; finished rows stay readable
    CANCELLED = "cancelled"  # F: stopped by its owner; finished rows stay readable
    EXPIRED = "expired"  # G: its deadline passed; finished rows stay readable
    SCHEDULED = "scheduled"  # H: all chunks are there; waits for its start or its window
    PAUSED = "paused"  # P: all chunks are there; waits for its owner

    @property
    def has_ended(self) -> bool:
        """Tell whether no transition follows, except another try of failed rows."""
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED)


class Priority(StrEnum):
    """The order in which waiting bulk jobs start."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def level(self) -> int:
        """Celery's message priority on Redis, where 0 goes first; one of kombu's default steps."""
        return {Priority.HIGH: 0, Priority.NORMAL: 3, Priority.LOW: 9}[self]


def new_id(kind: str, shard: str = "", random_bytes: int = 12) -> str:
    """Return an id that cannot be guessed, such as `job_a-5f…`; the shard in it tells proxies where the data are."""
    return f"{kind}_{shard}{'-' if shard else ''}{secrets.token_hex(random_bytes)}"


def new_job_id(shard: str = "") -> str:
    return new_id("job", shard)


class ChunkRef(NamedTuple):
    """Identifies one chunk. As text, `job:chunk:level:rows`, it is a member of the lanes' lists, sets and hashes."""

    job_id: str
    chunk_no: int  # from 0
    rows: int  # rows in the chunk, at least 1
    level: int = Priority.NORMAL.level  # of its job

    def __str__(self) -> str:
        return f"{self.job_id}:{self.chunk_no}:{self.level}:{self.rows}"

    @classmethod
    def parse(cls, member: str) -> Self:
        job_id, chunk_no, level, rows = member.rsplit(":", 3)
        return cls(job_id, int(chunk_no), int(rows), int(level))


#: How a row without a prediction is counted: rows without a text are not counted as failed.
FAILED, WITHOUT_TEXT = "failed", "without_text"
EMPTY_TEXT = "empty_text"  #: the code of a row without a text
OPTIONS_KEPT_CHARS = 16_384  #: of a job's options, up to which a process keeps them: a large set of aspects has 100,000


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row has no prediction."""

    code: str
    detail: str
    line: int | None = None  # of the input, from 1, where the reason is in the input

    @property
    def counts_as(self) -> str:
        """FAILED or WITHOUT_TEXT."""
        return WITHOUT_TEXT if self.code == EMPTY_TEXT else FAILED

    @property
    def is_retryable(self) -> bool:
        """Tell whether another try could succeed: the reason is not in the input."""
        return self.line is None


class Row(NamedTuple):
    """One input row: a text to classify, or the reason why its line cannot be classified.

    A tuple, because a file has millions: it takes a quarter of the time that a frozen dataclass takes.
    """

    text: str
    custom_id: str | None = None
    error: RowError | None = None
    cells: tuple[str, ...] | None = None  # the other columns of the file, where the job stores them
    kinds: str = ""  # of all cells with the text in its place, one letter each (api/cell_kinds.py); beyond it, text
    label: str = ""  # that people gave it, as the file has it; "": none
    when: int | None = None  # its date (sentiq/jobs/dates.py); None: none
    language: str = ""  # its code (sentiq/core/languages.py); "": not given


@dataclass(frozen=True, slots=True)
class InputChunk:
    """The rows of one chunk as they were submitted."""

    first: int  # index of the first row within the job, from 0
    texts: tuple[str, ...]  # "" where `errors` has the row
    custom_ids: tuple[str | None, ...] | None = None  # None when no row of the chunk has one
    errors: Mapping[int, RowError] = field(default_factory=dict)  # by offset within the chunk
    cells: tuple[tuple[str, ...], ...] | None = None  # of each row, all columns except the text; None: not stored
    kinds: tuple[str, ...] | None = None  # of each row's cells in a workbook, as in Row; None: all are text
    labels: tuple[str, ...] | None = None  # that people gave to each row, as in Row; None: none has one
    when: tuple[int | None, ...] | None = None  # the date of each row, as in Row; None: none has one
    languages: tuple[str, ...] | None = None  # of each row, as in Row; None: none has one

    @property
    def rows(self) -> int:
        """Their number."""
        return len(self.texts)

    def column(self, at: int) -> Sequence[str]:
        """Return the cell of each row at place `at` among its cells; "" where there is none."""
        rows = self.cells or ((),) * len(self.texts)
        return [cells[at] if at < len(cells) else "" for cells in rows]

    def dates(self, order: DateOrder | None) -> Sequence[int | None]:
        """Return the date of each row as far as it is clear; `order` is that of the file."""
        return (None,) * len(self.texts) if self.when is None else resolved(self.when, order)


class AspectOutcome(NamedTuple):
    """What one text says of one aspect."""

    aspect: int  # place in the set of the job, from 0
    probabilities: tuple[float, ...]  # in the order of the model's labels; sum to 1
    start: int  # of the clause that tells it best, in characters of the text
    end: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one row: probabilities in the order of the model's labels, or an error."""

    probabilities: tuple[float, ...] = ()  # sum to 1; empty when there is an error
    truncated: bool = False
    error: RowError | None = None
    given_by: int = 0  # 0: the model of the chunk; n: the n-th of its `parts`, from 1
    aspects: tuple[AspectOutcome, ...] = ()  # of which the text speaks, each once; empty when there is an error
    language: str = ""  # by which its model was chosen; "": none, or there was nothing to choose
    model: str = ""  # of a row that failed where routes are served: the one that it was sent to; "": none


class RowCounts(NamedTuple):
    """The numbers of rows of a chunk; stored joined by colons while the chunk is tried again."""

    completed: int
    failed: int  # rows with any error
    without_text: int  # of the failed: rows without a text
    unreadable: int  # of the failed: the reason is in the input, as also for rows without a text


@dataclass(frozen=True, slots=True)
class OutputChunk:
    """The answers to one chunk, in row order."""

    first: int  # index of the first row within the job, from 0
    model: str  # `id@version` of the model that answered
    labels: tuple[str, ...]  # names of the columns of `probabilities`
    outcomes: tuple[Outcome, ...]
    degraded: bool = False  # a smaller model answered in place of the one that serves
    parts: tuple[str, ...] = ()  # where `model` is a pair or routes: `id@version` of each model
    part_labels: tuple[tuple[str, ...], ...] = ()  # where it is routes: the labels of each of these

    @property
    def counts(self) -> RowCounts:
        errors = [outcome.error for outcome in self.outcomes if outcome.error is not None]
        return RowCounts(
            completed=len(self.outcomes) - len(errors),
            failed=len(errors),
            without_text=sum(error.counts_as == WITHOUT_TEXT for error in errors),
            unreadable=sum(not error.is_retryable for error in errors),
        )


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The options of a job. Times are Unix milliseconds."""

    long_texts: LongTexts = "truncate"
    neutral_band: float | None = None  # from 0 to 0.5; None leaves it to the setting at the time of reading
    name: str = ""  # for people
    priority: Priority = Priority.NORMAL
    start_at_ms: int | None = None  # no chunk starts before
    window: str = ""  # "22:00-06:00": chunks start only within; "" for always
    time_zone: str = "UTC"  # of the window, an IANA name
    expire_at_ms: int | None = None  # then the job ends with what is done
    webhook: str = ""  # id of the webhook that is told of its end
    keep_columns: bool = False  # the columns of the file are stored and returned with the results
    metadata: Mapping[str, str] = field(default_factory=dict)  # set by the owner; never logged
    aspects: str = ""  # the set by which its texts are divided (AspectSet.dumps), whole: it stays as it was; "": none
    language: str = ""  # of rows that have none of their own, as in Row; "": detected where models are chosen by it
    has_dates: bool = False  # its texts came in a JSON body with their dates; those of a file have a column of them
    has_languages: bool = False  # the same of their languages

    @property
    def is_timed(self) -> bool:
        """Tell whether the job has a start, a window or a deadline."""
        return bool(self.start_at_ms or self.window or self.expire_at_ms)

    @property
    def is_bulk_only(self) -> bool:
        """Tell whether the job uses an option that the interactive lane does not have."""
        return self.is_timed or self.priority is not Priority.NORMAL

    def dumps(self) -> str:
        return dump(self)

    @classmethod
    def loads(cls, document: str) -> Self:
        """Return the options in a document; those of most jobs are alike, and read once."""
        return cls._loads_kept(document) if len(document) <= OPTIONS_KEPT_CHARS else load(cls, document)

    @classmethod
    @lru_cache(1024)
    def _loads_kept(cls, document: str) -> Self:
        return load(cls, document)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was decided while a file was read, or left out."""

    code: str
    detail: str  # a sentence for people
    facts: Mapping[str, Any] = field(default_factory=dict)  # what the sentence names: words, numbers, lists of words


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How the file of a job was read. Stored as JSON with the job."""

    name: str
    format: str  # csv, tsv, txt, jsonl or xlsx
    compression: str | None = None  # gzip
    encoding: str | None = None
    delimiter: str | None = None
    quotes: bool | None = None  # quotation marks enclose cells
    has_header: bool | None = None
    header_row: int | None = None  # line of the file or row of the sheet, from 1
    sheet: str | None = None
    text_column: str | None = None  # its heading, which may be that of other columns too
    text_number: int | None = None  # from 1
    text_numbers: tuple[int, ...] = ()  # of all columns whose texts are joined, in this order
    id_column: str | None = None
    id_number: int | None = None
    label_column: str | None = None  # of the labels that people gave
    label_number: int | None = None
    date_column: str | None = None  # of the dates of the rows
    date_number: int | None = None
    date_order: DateOrder | None = None  # of those such as 03/05/2024; None: no cell shows it
    language_column: str | None = None  # of the languages of the rows
    language_number: int | None = None
    columns: tuple[str, ...] = ()  # headings of all columns, in their order
    notes: tuple[Note, ...] = ()

    def dumps(self) -> str:
        return dump(self)

    @classmethod
    def loads(cls, document: str) -> Self:
        file = load(cls, document)
        if file.text_number is None and file.text_column in file.columns:  # an older version stored only the heading
            file = replace(file, text_number=file.columns.index(file.text_column) + 1)
        if file.text_number is not None and not file.text_numbers:  # an older version joined no columns
            return replace(file, text_numbers=(file.text_number,))
        return file


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A prepared model that a worker found on its disk."""

    id: str
    version: str
    labels: tuple[str, ...]  # in the order of the network's outputs
    max_tokens: int
    precision: str  # of the backend that the worker uses
    source: str  # where the weights come from
    accuracy: float | None = None  # on texts it had not learned from, 0 to 1; None: not known
    tested_on: int | None = None  # how many those were

    @property
    def name(self) -> str:
        """`id@version`."""
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job at its creation."""

    id: str
    lane: Lane
    model: str  # requested model id; "" for the active one
    request_id: str = ""
    idempotency_key: str = ""  # "" when the client sent none
    options: JobOptions = JobOptions()
    file: FileFormat | None = None
    owner: str = ""  # id of the API key that submits it; "" where none is asked for


@dataclass(frozen=True, slots=True)
class SmallJob:
    """A job of the interactive lane, whole."""

    job: NewJob
    rows: InputChunk
    wakeup_id: str  # id of a new Celery task
    wakeup: str  # the message of that task
    payload_digest: str = ""
    answers_to: str = ""  # channel of the API process that waits for the end; "" where none does
    own_ttl_ms: int | None = None  # of a job that only the request which made it knows; None: it is listed


@dataclass(frozen=True, slots=True)
class Job:
    """A job at one moment. Times are Unix milliseconds of the Redis clock."""

    id: str
    state: JobState
    lane: Lane
    model: str  # requested model id; "" for the active one
    options: JobOptions
    answered_by: str | None  # `id@version` of the model that answered last; None before the first answer
    total: int  # rows received so far
    completed: int  # rows with a prediction
    failed: int  # rows with an error, except those without a text
    without_text: int  # rows without a text
    retryable: int  # rows that failed for a reason which another try could change
    chunks: int  # chunks received so far
    created_at_ms: int
    started_at_ms: int | None
    ended_at_ms: int | None
    expires_at_ms: int
    now_ms: int  # when this was read
    error: RowError | None  # why a failed job failed
    ran_ms: int  # time it ran, without the time it was held
    paused_at_ms: int | None  # set while paused, also while rows still arrive
    opens_at_ms: int | None  # set while it waits for its start or its window
    queue_position: int | None  # 1: the bulk job that starts next; None for jobs that wait for something else
    file: FileFormat | None

    @property
    def has_dates(self) -> bool:
        """Tell whether rows say when they were written."""
        return self.options.has_dates or (self.file is not None and self.file.date_number is not None)

    @property
    def has_languages(self) -> bool:
        """Tell whether rows say their language: as it was given, or since their models were chosen by it."""
        is_given = self.options.has_languages or bool(self.options.language)
        in_file = self.file is not None and self.file.language_number is not None
        return is_given or in_file or ROUTE in (self.answered_by or "")

    @property
    def is_held(self) -> bool:
        """Tell whether the job starts no chunk now."""
        return self.paused_at_ms is not None or self.opens_at_ms is not None

    @property
    def finished(self) -> int:
        """Number of rows with a prediction or an error."""
        return self.completed + self.failed + self.without_text

    @property
    def texts_per_second(self) -> float | None:
        """Mean speed while it ran; None before the first chunk was claimed."""
        if self.started_at_ms is None:
            return None
        return self.finished / (max(self.ran_ms, 1) / 1000)

    @property
    def eta_s(self) -> float | None:
        """Seconds until the last row at the mean speed so far; None when unknown or held, 0 when ended."""
        if self.state.has_ended:
            return 0.0
        speed = self.texts_per_second
        return (self.total - self.finished) / speed if speed and not self.is_held else None
