"""Keeps documents that were computed of an ended job, each under a name made of its form and of what was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from pydantic import BaseModel

from sentiq.jobs.types import Job

if TYPE_CHECKING:  # as in rows.py: processes that write documents ask no Redis
    from sentiq.jobs.results import Results


def kept(results: Results, job: Job, kind: type[BaseModel], asked: str, compute: Callable[[], BaseModel | str]) -> str:
    """Return the document of this kind as JSON: the one that is kept, else what is computed.

    A version of the service that writes the kind in another form computes it again.
    """
    return kept_all(results, job, kind, [asked], lambda _: [compute()])[0]


def kept_all(
    results: Results,
    job: Job,
    kind: type[BaseModel],
    asked: Sequence[str],
    compute: Callable[[Sequence[int]], Iterable[BaseModel | str]],
) -> list[str]:
    """Return the document of each question as `kept` does. `compute` makes those at the places that it gets."""
    names = [f"{kind.__name__} {hashlib.sha256(f'{_form(kind)} {one}'.encode()).hexdigest()[:16]}" for one in asked]
    found = {name: value for name in names if (value := results.cached_value(job, name)) is not None}
    missing = [at for at, name in enumerate(names) if name not in found]
    if missing:
        for at, made in zip(missing, compute(missing), strict=True):
            found[names[at]] = made if isinstance(made, str) else made.model_dump_json()
            results.cache_value(job, names[at], found[names[at]])
    return [found[name] for name in names]


@cache
def _form(kind: type[BaseModel]) -> str:
    return json.dumps(kind.model_json_schema())
