"""Submits small jobs for all threads of a process, many in one round trip, and hands each thread the end of its job.

A thread that waits needs no connection of its own. One thread of this module sends what the others submit; a second one
listens on a channel of this process, on which scripts tell the ends of jobs (`tell_of_the_end` in lua/shared/job.lua).
The store stays the truth: a notice can be lost with its connection, so who has waited for LOOK_EVERY_S looks there.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import structlog
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.errors import JobNotFound
from sentiq.core.redis import REDIS_AWAY
from sentiq.jobs.codec import OutputColumns, decode_columns, decode_end
from sentiq.jobs.records import job_of
from sentiq.jobs.results import Results
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import Job, SmallJob

SENT_AT_ONCE = 64  #: jobs in one round trip
HELD_UP_S = 0.25  #: who has not been sent in this time, sends for itself
LOOK_EVERY_S = 1.0
STORED_WITHIN_S = 0.05  #: between two looks whether Redis has answered, for who waits no longer for the end
LISTEN_S = 5.0  #: one wait for a notice
RECONNECT_S = 0.2
ENDED_WITHIN_S = 2.0
SUBSCRIBED_WITHIN_S = 1.0  #: the first job waits so long for the channel; then it is looked for

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class End:
    """How a small job ended."""

    job: Job | None  # None of one that no index lists: nobody is shown it
    answers: OutputColumns | None  # None where it was cancelled before it was answered


class Ticket:
    """A small job that was submitted, for the thread that has done it."""

    def __init__(self, small: SmallJob) -> None:
        self.small = small
        self.is_stored = False
        self._mark = [None]  # of a job that nobody sends yet
        self.inbox = SimpleQueue[str | Exception | tuple[Mapping[str, str], bytes | None] | None]()

    @property
    def waits_for_end(self) -> bool:
        """Tell whether its thread is told the end alone, since nothing but an error can come before."""
        return bool(self.small.answers_to) and not self.small.job.idempotency_key

    def take(self) -> bool:
        """Tell whether the caller is to send the job: the first one who asks."""
        try:
            self._mark.pop()  # in one step for all threads
        except IndexError:
            return False
        return True


class SmallJobs:
    """The small jobs of one process. Its threads start with the first job, and so after a fork."""

    def __init__(self, redis: Redis, store: JobStore, job_ttl_s: int) -> None:
        self._redis, self._store, self._results = redis, store, Results(redis)
        self._ttl_ms = job_ttl_s * 1000
        self._lock = threading.Lock()
        self._channel = ""
        self._threads: list[threading.Thread] = []
        self._to_send = SimpleQueue[Ticket | None]()
        self._waiting: dict[str, Ticket] = {}
        self._subscribed, self._closed = threading.Event(), threading.Event()

    @property
    def channel(self) -> str:
        """The channel of this process; it is listened to from now on."""
        if not self._channel:
            self._start()
        return self._channel

    def submit(self, small: SmallJob) -> tuple[Ticket, str | None]:
        """Store a job. Returns its ticket, and the id of an earlier job as `JobStore.create` does.

        Raises what that does, and the errors of Redis. Where its end is waited for, an error may come with that.
        """
        if not self._channel:
            self._start()
        ticket = Ticket(small)
        if small.answers_to:
            self._waiting[small.job.id] = ticket
        self._to_send.put(ticket)
        if ticket.waits_for_end:
            return ticket, None
        try:
            got = ticket.inbox.get(timeout=HELD_UP_S)
        except Empty:
            (got,) = self._store.submit_all([small]) if ticket.take() else (ticket.inbox.get(),)
        if isinstance(got, tuple):  # the end was told before the thread that sends has read that the job is stored
            ticket.inbox.put(got)
            return ticket, None
        if got is not None:  # this job will have no end
            self._waiting.pop(small.job.id, None)
        if isinstance(got, Exception):
            raise got
        return ticket, got

    def wait_ended(self, ticket: Ticket, timeout_s: float) -> End | None:
        """Return the end of a job; None when the time is over first.

        Raises the errors of submitting, and JobNotFound when the job was erased.
        """
        job_id, deadline = ticket.small.job.id, time.monotonic() + timeout_s
        slice_s = HELD_UP_S
        try:
            while True:
                left_s = deadline - time.monotonic()
                try:
                    got = ticket.inbox.get(timeout=min(max(left_s, 0.0), slice_s))
                except Empty:
                    if ticket.waits_for_end and not ticket.is_stored:
                        got = self._stored(ticket)
                    elif left_s > slice_s == HELD_UP_S:
                        got = None
                    elif (found := self._look(job_id)) is not None:
                        return found
                    elif left_s <= slice_s:
                        return None
                    else:
                        continue
                    slice_s = LOOK_EVERY_S
                if isinstance(got, Exception):
                    raise got
                if isinstance(got, tuple):
                    return self._end(job_id, *got)
        finally:
            self._waiting.pop(job_id, None)

    def close(self) -> None:
        """End both threads."""
        self._closed.set()
        self._to_send.put(None)
        if self._channel:
            try:
                self._redis.publish(self._channel, b"")  # the one that listens looks up
            except REDIS_AWAY:
                pass
        for thread in self._threads:
            thread.join(ENDED_WITHIN_S)

    def _start(self) -> None:
        with self._lock:
            if self._channel:
                return
            channel = redis_keys.answers_to(secrets.token_hex(8))
            self._threads = [
                threading.Thread(target=self._send, name="small jobs: send", daemon=True),
                threading.Thread(target=self._listen, args=(channel,), name="small jobs: listen", daemon=True),
            ]
            for thread in self._threads:
                thread.start()
            self._subscribed.wait(SUBSCRIBED_WITHIN_S)
            self._channel = channel

    # -- sending ------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        while not self._closed.is_set() and (first := self._to_send.get()) is not None:
            tickets = [first] if first.take() else []
            while len(tickets) < SENT_AT_ONCE and (following := self._next()) is not None:
                if following.take():
                    tickets.append(following)
            try:
                answers = self._store.submit_all([ticket.small for ticket in tickets])
            except Exception as error:  # noqa: BLE001 -- whatever it is, the threads that wait must hear of it
                answers = [copy(error) for _ in tickets]
            for ticket, answer in zip(tickets, answers, strict=True):
                ticket.is_stored = not isinstance(answer, Exception)
                if not (ticket.is_stored and ticket.waits_for_end):
                    ticket.inbox.put(answer)

    def _next(self) -> Ticket | None:
        try:
            return self._to_send.get_nowait()
        except Empty:
            return None

    # -- hearing of the end -------------------------------------------------------------------------------------

    def _listen(self, channel: str) -> None:
        while not self._closed.is_set():
            try:
                with self._redis.pubsub() as heard:  # type: ignore[no-untyped-call]
                    heard.subscribe(channel)
                    while not self._closed.is_set():
                        message = heard.get_message(timeout=LISTEN_S)
                        if message is None:
                            continue
                        if message["type"] == "message" and message["data"]:
                            self._hand_over(message["data"])
                        else:
                            self._subscribed.set()
            except REDIS_AWAY as error:
                log.debug("not told of the ends of small jobs", reason=str(error))
                self._closed.wait(RECONNECT_S)

    def _hand_over(self, notice: bytes) -> None:
        job_id, fields, result = decode_end(notice)
        ticket = self._waiting.get(job_id)
        if ticket is not None:
            ticket.inbox.put((fields, result))

    # -- without a notice ---------------------------------------------------------------------------------------

    def _stored(self, ticket: Ticket) -> str | Exception | tuple[Mapping[str, str], bytes | None] | None:
        """Wait until Redis has answered; return what has come meanwhile. The timeouts of its client limit this.

        A job that nobody has sent yet is sent here: the thread that sends is held up, maybe by a connection that is
        broken, and others must not wait for that.
        """
        if ticket.take():
            (answer,) = self._store.submit_all([ticket.small])
            ticket.is_stored = not isinstance(answer, Exception)
            return answer
        while not ticket.is_stored:
            try:
                return ticket.inbox.get(timeout=STORED_WITHIN_S)
            except Empty:
                pass
        return None

    def _look(self, job_id: str) -> End | None:
        """Return the end of a job as the store has it; None while it has not ended, or Redis is away."""
        try:
            job = self._store.get(job_id)
            if not job.state.has_ended:
                return None
            return End(job, next((found for _, found in self._results.columns(job_id, [0])), None))
        except REDIS_AWAY:
            return None

    def _end(self, job_id: str, fields: Mapping[str, str], result: bytes | None) -> End:
        if not fields:
            raise JobNotFound.named(job_id)
        job = None
        if "id" in fields:
            ended_at_ms = int(fields["ended_at"])
            job = job_of(fields, ended_at_ms, ended_at_ms + self._ttl_ms, None)
        return End(job, None if result is None else decode_columns(result))
