"""The job store as a plain Python model: what each call does to a job, after docs/architecture.md."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from enum import Enum, auto

from sentiq.jobs.daily_window import outlook
from sentiq.jobs.types import ChunkRef, InputChunk, JobState, Lane, NewJob, Outcome, OutputChunk, RowError

LABELS = ("negative", "positive")
BLANK = RowError("empty_text", "Line 1 has no text.", 1)
UNREADABLE = RowError("ragged_row", "Line 1 has too many cells.", 1)
FAILED = RowError("inference_failed", "as the test asked")
SCALE = 65_535  #: probabilities are stored in units of 1/65,535: those of the tests are whole ones

Answer = tuple[bool, ...]  # of a chunk: which rows have a prediction


class Opened(Enum):
    """What a child finds that claims a chunk."""

    WORK = auto()
    HELD = auto()
    NOTHING = auto()


@dataclass
class ModelJob:
    """One job. Chunk numbers are places in `chunks`."""

    new: NewJob
    lane: Lane
    chunks: list[InputChunk] = field(default_factory=list)
    answers: dict[int, Answer] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)  # answered chunks whose failed rows are tried again
    sealed: bool = False
    started: bool = False
    paused: bool = False
    opens_at_ms: int | None = None
    due_ms: int | None = None  # when its time changes something
    ended: JobState | None = None
    erased: bool = False

    @property
    def live(self) -> bool:
        return self.ended is None and not self.erased

    @property
    def receiving(self) -> bool:
        return self.live and not self.sealed

    @property
    def held(self) -> bool:
        return self.paused or self.opens_at_ms is not None

    @property
    def state(self) -> JobState:
        if self.ended is not None:
            return self.ended
        if not self.sealed:
            return JobState.RECEIVING
        if self.paused:
            return JobState.PAUSED
        if self.opens_at_ms is not None:
            return JobState.SCHEDULED
        return JobState.RUNNING if self.started else JobState.QUEUED

    @property
    def total(self) -> int:
        return sum(len(chunk.texts) for chunk in self.chunks)

    @property
    def completed(self) -> int:
        return sum(sum(answer) for answer in self.answers.values())

    @property
    def failed(self) -> int:
        return sum(map(len, self.answers.values())) - self.completed - self.without_text

    @property
    def without_text(self) -> int:
        return sum(error is BLANK for n in self.answers for error in self.chunks[n].errors.values())

    @property
    def unanswered(self) -> int:
        """Rows that another try could answer."""
        return self.failed + self.without_text - sum(len(self.chunks[n].errors) for n in self.answers)

    @property
    def unfinished(self) -> list[int]:
        return [n for n in range(len(self.chunks)) if n not in self.answers or n in self.again]

    @property
    def retryable(self) -> list[int]:
        """Chunks with rows that failed for a reason which another try could change."""
        return [
            n
            for n, a in self.answers.items()
            if any(not ok and i not in self.chunks[n].errors for i, ok in enumerate(a))
        ]

    def ref(self, number: int) -> ChunkRef:
        return ChunkRef(self.new.id, number, len(self.chunks[number].texts), self.new.options.priority.level)

    def look_at(self, now_ms: int) -> None:
        """The time holds the job, lets it go or ends it."""
        now = outlook(self.new.options, now_ms)
        if now.expired:
            self.end(JobState.EXPIRED)
        elif self.live and self.lane is Lane.BULK:
            self.opens_at_ms, self.due_ms = now.opens_at_ms, now.next_change_ms
        else:
            self.due_ms = None

    def open(self, number: int) -> Opened:
        if not self.live or number not in self.unfinished:
            return Opened.NOTHING
        if self.held:
            return Opened.HELD
        self.started = True
        return Opened.WORK

    def record(self, number: int, answer: Answer) -> bool:
        """The first answer counts, of a chunk that is tried again the first after that. False: it came too late."""
        if not self.live or number not in self.unfinished:
            return False
        self.answers[number] = answer
        self.again.discard(number)
        self.complete()
        return True

    def complete(self) -> None:
        if self.sealed and not self.unfinished:
            self.end(JobState.COMPLETED)

    def end(self, state: JobState) -> None:
        if self.live:
            self.ended, self.paused, self.opens_at_ms, self.due_ms = state, False, None, None

    def retry(self) -> None:
        self.again = set(self.retryable)
        self.ended, self.lane = None, Lane.BULK


@dataclass
class Model:
    """All jobs, the idempotency keys, and who works on what."""

    jobs: dict[str, ModelJob] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)  # idempotency key → job, payload digest
    owners: dict[ChunkRef, str] = field(default_factory=dict)  # chunk in flight → task
    overdue: set[ChunkRef] = field(default_factory=set)  # chunks whose leases ran out

    @property
    def live(self) -> list[ModelJob]:
        return [job for job in self.jobs.values() if job.live]

    @property
    def receiving(self) -> list[ModelJob]:
        return [job for job in self.jobs.values() if job.receiving]

    @property
    def retryable(self) -> list[ModelJob]:
        return [
            job for job in self.jobs.values() if job.ended is JobState.COMPLETED and not job.erased and job.retryable
        ]

    def take(self, ref: ChunkRef, task: str) -> Opened:
        """A task gets a chunk and opens it."""
        found = self.jobs[ref.job_id].open(ref.chunk_no)
        self.let_go(ref)
        if found is Opened.WORK:
            self.owners[ref] = task
        return found

    def let_go(self, ref: ChunkRef) -> None:
        self.owners.pop(ref, None)
        self.overdue.discard(ref)

    def held_by(self, task: str) -> list[ChunkRef]:
        return [ref for ref, owner in self.owners.items() if owner == task]

    def end(self, job: ModelJob, state: JobState) -> None:
        """An upload that broke or was never complete leaves its idempotency key to another try."""
        if job.receiving or (job.live and state is JobState.FAILED):
            self._free_key(job)
        job.end(state)

    def look_at(self, job: ModelJob, now_ms: int) -> None:
        was_receiving = job.receiving
        job.look_at(now_ms)
        if was_receiving and not job.live:
            self._free_key(job)

    def erase(self, job: ModelJob) -> None:
        self._free_key(job)
        job.erased, job.due_ms = True, None

    def _free_key(self, job: ModelJob) -> None:
        key = job.new.idempotency_key
        if self.keys.get(key, ("", ""))[0] == job.new.id:
            del self.keys[key]


def input_chunk(job: ModelJob, rows: int, *, bad: bool) -> InputChunk:
    """The next rows of a job, each different from all others; of a bad chunk the first is blank or cannot be read."""
    first = job.total
    texts = tuple(f"{job.new.id} 第{first + i}句" for i in range(rows))
    return InputChunk(
        first, ("", *texts[1:]) if bad else texts, errors={0: BLANK if first % 2 else UNREADABLE} if bad else {}
    )


def output_chunk(chunk: InputChunk, failing: frozenset[int], before: OutputChunk | None = None) -> OutputChunk:
    """What a child makes of a chunk: rows `failing` fail, unless they had a prediction before."""
    outcomes = []
    for i, text in enumerate(chunk.texts):
        if before is not None and before.outcomes[i].error is None:
            outcomes.append(before.outcomes[i])
        elif i in chunk.errors:
            outcomes.append(Outcome(error=chunk.errors[i]))
        elif i in failing:
            outcomes.append(Outcome(error=FAILED))
        else:
            outcomes.append(prediction(text))
    return OutputChunk(chunk.first, "m@1", LABELS, tuple(outcomes))


def prediction(text: str) -> Outcome:
    """The one right answer to a text."""
    units = zlib.crc32(text.encode()) % (SCALE + 1)
    return Outcome(((SCALE - units) / SCALE, units / SCALE))


def answer_of(output: OutputChunk) -> Answer:
    return tuple(outcome.error is None for outcome in output.outcomes)
