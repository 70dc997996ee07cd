"""Keeps documents that were computed of an ended job, each under a name made of its form and of what was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache

from pydantic import BaseModel

from sentiq.jobs.results import Results
from sentiq.jobs.types import Job


def kept(results: Results, job: Job, kind: type[BaseModel], asked: str, compute: Callable[[], BaseModel | str]) -> str:
    """Return the document of this kind as JSON: the one that is kept, else what is computed.

    A version of the service that writes the kind in another form computes it again.
    """
    name = f"{kind.__name__} {hashlib.sha256(f'{_form(kind)} {asked}'.encode()).hexdigest()[:16]}"
    found = results.cached_value(job, name)
    if found is None:
        made = compute()
        found = made if isinstance(made, str) else made.model_dump_json()
        results.cache_value(job, name, found)
    return found


@cache
def _form(kind: type[BaseModel]) -> str:
    return json.dumps(kind.model_json_schema())
