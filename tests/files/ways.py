"""The ways in which a file reaches the service, and what the service made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import typer.testing

from sentiq.jobs.store import JobStore
from sentiq_client.cli.main import app
from tests.files.case import Case, Found
from tests.support.cluster import Cluster
from tests.support.jobs import stored_input

Way = Callable[[Cluster, Case, Path], Found]
TIMEOUT_S = 120.0
FLAGS = {"null_values": "--null-value"}  #: options of `sentiq submit` whose names are others than those of the fields


def as_form(api: Cluster, case: Case, folder: Path) -> Found:
    """Post the file as a field of a form."""
    files = {"file": (case.name, case.content)}
    return _answered(api, api.http.post("/api/v1/jobs", data=dict(case.query), files=files, timeout=TIMEOUT_S))


def as_body(api: Cluster, case: Case, folder: Path) -> Found:
    """Post the file as the body of a request."""
    return _answered(
        api,
        api.http.post(
            "/api/v1/jobs",
            params={**case.query, "filename": case.name},
            content=case.content,
            headers={"Content-Type": "application/octet-stream"},
            timeout=TIMEOUT_S,
        ),
    )


def by_command(api: Cluster, case: Case, folder: Path) -> Found:
    """Run `sentiq submit`."""
    path = folder / case.name
    path.write_bytes(case.content)
    options = [
        f"{FLAGS.get(name, '--' + name.replace('_', '-'))}={value}"
        for name, given in case.query.items()
        for value in ([given] if isinstance(given, str) else given)
    ]
    before = {job["id"] for job in _jobs(api)}
    done = typer.testing.CliRunner().invoke(app, ["submit", str(path), *options], env={"SENTIQ_URL": api.url})
    made = [job for job in _jobs(api) if job["id"] not in before]
    if done.exit_code:
        assert not made, "what is refused leaves no job"
        return Found(refusal=str(done.exception))
    (job,) = made
    return _read(api, job)


WAYS: Mapping[str, Way] = {"form": as_form, "body": as_body, "command": by_command}


@contextmanager
def previewed(api: Cluster, case: Case) -> Iterator[dict[str, Any]]:
    """Upload the file as the page does, to look at it."""
    answer = api.http.post(
        "/api/v1/uploads", params=dict(case.query), files={"file": (case.name, case.content)}, timeout=TIMEOUT_S
    )
    assert answer.status_code == 201 or 400 <= answer.status_code < 500, answer.text
    document = answer.json()
    try:
        yield document
    finally:
        if answer.status_code == 201:
            api.http.delete(f"/api/v1/uploads/{document['id']}").raise_for_status()


def _jobs(api: Cluster) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.http.get("/api/v1/jobs", params={"limit": 100}).json()["data"]
    return found


def _answered(api: Cluster, answer: httpx.Response) -> Found:
    document = answer.json()
    if answer.status_code != 202:
        assert 400 <= answer.status_code < 500, answer.text
        return Found(refusal=document["detail"])
    return _read(api, document)


def _read(api: Cluster, job: dict[str, Any]) -> Found:
    """Return what the store has of a job, and erase it."""
    document = api.job(job["id"])
    assert document["state"] != "completed", "no worker runs"
    store = JobStore(api.redis, api.settings)
    texts: list[str] = []
    ids: list[str | None] = []
    reasons: list[str] = []
    for number in range(store.get(job["id"]).chunks):
        chunk = stored_input(api.redis, job["id"], number)
        for at, (text, custom_id) in enumerate(
            zip(chunk.texts, chunk.custom_ids or [None] * len(chunk.texts), strict=True)
        ):
            if at in chunk.errors:
                reasons.append(chunk.errors[at].detail)
            else:
                texts.append(text)
                ids.append(custom_id)
    api.http.delete(f"/api/v1/jobs/{job['id']}").raise_for_status()
    file = document["file"]
    notes = tuple(note["code"] for note in file["notes"]) if file else ()
    return Found("", tuple(texts), tuple(ids), tuple(reasons), notes)
