"""The key schema: the only module that builds Redis keys.

One job; each transition renews the TTL of all ({…} is a hash tag):

  sentiq:{<job>}:job        hash    state, lane, counters, times, model, error   (see jobs/store.py)
  sentiq:{<job>}:in         hash    chunk number → input chunk                   (see jobs/codec.py)
  sentiq:{<job>}:out        hash    chunk number → output chunk, first write wins
  sentiq:{<job>}:isolation  hash    chunk number → state of the halving of a chunk that kills its child
  sentiq:{<job>}:held       list    numbers of chunks that were published and must be published again
  sentiq:{<job>}:failures   hash    chunk number → rows of it that have an error
  sentiq:{<job>}:retry      hash    chunk number → counts of the result that the next one replaces (RowCounts)
  sentiq:{<job>}:pace       hash    bulk jobs: number of a step of time → rows recorded in it; step (ms), first
  sentiq:{<job>}:exports    hash    values computed from an ended job's results: sizes of files, summaries
  sentiq:{<job>}:ended      list    one element once the job has ended; waiting clients block on it

One lane (interactive, bulk); members are `job:chunk:level:rows`:

  sentiq:<lane>:leases      zset    chunk in flight → deadline, ms; overdue chunks are issued again
  sentiq:<lane>:owners      hash    chunk in flight → Celery task id that claimed it
  sentiq:<lane>:crashes     hash    chunk → lost executions so far, in parts of a crash (see lua/shared/job.lua)
  sentiq:<lane>:children    string  pool processes of the lane's live workers
  sentiq:<lane>:speed       hash    rows, ms: what children recorded lately, and the time it took
  sentiq:interactive:pending  list  chunks that wait for a `drain`
  sentiq:interactive:wakeups  zset  Celery task id of a live `drain` → expiry, ms
  sentiq:interactive:bell   list    an element for each new small job, for a `drain` that lingers; as many as children
  sentiq:interactive:arrived  string  rows that became pending since it was first counted
  sentiq:bulk:published     hash    chunk published but not yet claimed → when first, and messages sent (count_message)
  sentiq:bulk:queued        zset    job that has not started → its place: level, then creation time

The cluster:

  sentiq:schema             string  version of all these data; no TTL            (see jobs/schema.py)
  sentiq:jobs               zset    job → creation time, ms
  sentiq:jobs:<key>         zset    the same, of the jobs of one API key
  sentiq:live               zset    bulk job that has not ended → creation time, ms
  sentiq:keys               hash    API key → its record (JSON); no TTL          (see core/api_keys.py)
  sentiq:rate:<…>           string  recent requests of a key or an address; written by the library `limits`
  sentiq:receiving          zset    job whose upload runs → deadline for its next sign of life, ms
  sentiq:schedule           zset    job → when its start, its window or its deadline changes something, ms
  sentiq:upload:{<upload>}  hash    file_name, content_type, size, created_at    (see jobs/uploads.py)
  sentiq:upload:{<upload>}:content  list  compressed pieces of the file
  sentiq:webhooks           hash    webhook → endpoint (JSON); no TTL            (see webhooks/store.py)
  sentiq:webhooks:deliveries  zset  delivery → when it is due, ms
  sentiq:webhooks:delivery:<id>  hash  delivery (JSON); while a try runs leased_until, and again where another follows
  sentiq:webhooks:deferred  zset    receiver (host name) that has its share of tries → since, ms
  sentiq:webhooks:deferred:<receiver>  zset  delivery that waits until it has fewer → since, ms
  sentiq:webhooks:log:<webhook>  list  the last tries (JSON), newest first
  sentiq:webhooks:due       zset    ended job that a webhook must be told of → since, ms
  sentiq:aspect-sets        hash    set of aspects → its newest version (JSON); no TTL  (see jobs/aspect_sets.py)
  sentiq:aspect-sets:<set>  hash    version → the same, of each version; no TTL
  sentiq:idempotency:<sha>  hash    job, payload digest ("" while the first request runs)
  sentiq:clock              string  time of the last sweep, ms
  sentiq:probe              never there: see jobs/workers.py, check_writes
  sentiq:workers            hash    worker name → heartbeat (JSON)
  sentiq:api                hash    API process → its requests and memory (JSON)  (see jobs/api_processes.py)
  sentiq:answers:<process>  channel  no key: what small jobs answer, to the API process that waits  (jobs/small_jobs.py)
  sentiq:activation         hash    active, candidate (models as `id@version`), error; no TTL; jobs/model_activation.py
  sentiq:activation:votes   hash    `candidate worker` → vote
  sentiq:cache:current      hash    digest of model, backend, reading and text → prediction   (see jobs/cache.py)
  sentiq:cache:previous     hash    the generation before
  sentiq:cache:stats        hash    hits, misses, began (when the current generation did, ms)
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

SCHEMA = "sentiq:schema"
JOBS = "sentiq:jobs"
LIVE = "sentiq:live"
KEYS = "sentiq:keys"
RATE = "sentiq:rate"
RECEIVING = "sentiq:receiving"
CLOCK = "sentiq:clock"
PROBE = "sentiq:probe"
WORKERS = "sentiq:workers"
API_PROCESSES = "sentiq:api"
ACTIVATION = "sentiq:activation"
VOTES = "sentiq:activation:votes"
PENDING = "sentiq:interactive:pending"
WAKEUPS = "sentiq:interactive:wakeups"
BELL = "sentiq:interactive:bell"
ARRIVED = "sentiq:interactive:arrived"
PUBLISHED = "sentiq:bulk:published"
QUEUED = "sentiq:bulk:queued"
SCHEDULE = "sentiq:schedule"
WEBHOOKS = "sentiq:webhooks"
WEBHOOKS_DUE = "sentiq:webhooks:due"
DELIVERIES = "sentiq:webhooks:deliveries"
DEFERRED = "sentiq:webhooks:deferred"
ASPECT_SETS = "sentiq:aspect-sets"
CACHE_CURRENT = "sentiq:cache:current"
CACHE_PREVIOUS = "sentiq:cache:previous"
CACHE_STATS = "sentiq:cache:stats"


class JobKeys(NamedTuple):
    """The keys of one job."""

    job: str
    input: str
    output: str
    isolation: str
    held: str
    failures: str
    retry: str
    ended: str
    pace: str
    exports: str

    @property
    def renewed(self) -> dict[str, str]:
        """The keys whose TTL every transition renews, by the names that scripts have for them."""
        return {
            "job": self.job,
            "input": self.input,
            "output": self.output,
            "isolation": self.isolation,
            "held": self.held,
            "failures": self.failures,
            "retry": self.retry,
            "ended": self.ended,
            "pace": self.pace,
        }

    @classmethod
    def of(cls, job_id: str) -> JobKeys:
        tag = f"sentiq:{{{job_id}}}:"
        names = ("job", "in", "out", "isolation", "held", "failures", "retry", "ended", "pace", "exports")
        return cls(*[tag + name for name in names])


class LaneKeys(NamedTuple):
    """The keys both lanes have."""

    leases: str
    owners: str
    crashes: str
    children: str
    speed: str

    @classmethod
    def of(cls, lane: str) -> LaneKeys:
        prefix = f"sentiq:{lane}:"
        return cls(*[prefix + name for name in ("leases", "owners", "crashes", "children", "speed")])


def answers_to(process_id: str) -> str:
    """Return the channel on which an API process is told how the small jobs end that it waits for."""
    return f"sentiq:answers:{process_id}"


def jobs_of(owner: str) -> str:
    """Return the index of the jobs of an API key; of all jobs for ""."""
    return f"{JOBS}:{owner}" if owner else JOBS


def upload(upload_id: str) -> str:
    return f"sentiq:upload:{{{upload_id}}}"


def upload_content(upload_id: str) -> str:
    return f"sentiq:upload:{{{upload_id}}}:content"


def delivery(delivery_id: str) -> str:
    return f"sentiq:webhooks:delivery:{delivery_id}"


def deferred(receiver: str) -> str:
    return f"{DEFERRED}:{receiver}"


def webhook_log(webhook_id: str) -> str:
    return f"sentiq:webhooks:log:{webhook_id}"


def aspect_set(id_: str) -> str:
    """Return where the versions of a set of aspects are stored."""
    return f"{ASPECT_SETS}:{id_}"


def idempotency(key: str, owner: str = "") -> str:
    """Return where an idempotency key is stored. It is hashed with its owner: any text is safe."""
    return f"sentiq:idempotency:{hashlib.sha256(f'{owner} {key}'.encode()).hexdigest()}"
