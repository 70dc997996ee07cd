"""`make demo`: classifies the samples on a running service (SENTIQ_URL) and shows what came back."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

SAMPLES = Path(__file__).parent / "samples.ndjson"
DEFAULT_URL = "http://127.0.0.1:8000"
ENDED = ("completed", "failed", "cancelled")
ROWS_SHOWN = 8

console = Console(highlight=False)


def classify_samples(url: str, api_key: str | None = None) -> None:
    """Submit the samples as one job, follow it to its end, and print a summary.

    Raises httpx.HTTPError when the service cannot be reached or refuses.
    """
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
        job = submit(client)
        job = follow(client, job)
        show(job, results(client, job))


def submit(client: httpx.Client) -> dict[str, Any]:
    answer = client.post("/api/v1/jobs", content=SAMPLES.read_bytes(), headers={"Content-Type": "application/x-ndjson"})
    return document(answer)


def follow(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(f"job {job['id']}", total=job["counts"]["total"])
        while True:
            job = document(client.get(job["links"]["self"]))
            counts = job["counts"]
            done = sum(count for name, count in counts.items() if name != "total")
            progress.update(bar, total=counts["total"], completed=done)
            if job["state"] in ENDED:
                return job
            time.sleep(0.1)


def results(client: httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    query: dict[str, str] = {"include": "text", "limit": "100"}
    while True:
        page = document(client.get(job["links"]["results"], params=query))
        rows += page["data"]
        if page["next"] is None:
            return rows
        query["cursor"] = page["next"]


def document(answer: httpx.Response) -> dict[str, Any]:
    """The JSON body; a problem document's own words where the service refuses."""
    if answer.is_error:
        raise httpx.HTTPStatusError(answer.text, request=answer.request, response=answer)
    body: dict[str, Any] = answer.json()
    return body


def show(job: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    table = Table(title=f"{ROWS_SHOWN} of {len(rows)} rows", title_justify="left")
    table.add_column("label")
    table.add_column("score", justify="right")
    table.add_column("text", no_wrap=True, overflow="ellipsis")
    for row in rows[:: max(len(rows) // ROWS_SHOWN, 1)][:ROWS_SHOWN]:
        if row["error"] is None:
            style = {"positive": "green", "negative": "red"}.get(row["label"], "")
            table.add_row(f"{row['label_zh']} {row['label']}", f"{row['score']:.3f}", row["text"], style=style)
        else:
            table.add_row("failed", "", row["error"]["detail"])
    console.print(table)
    labels = Counter(row["label"] for row in rows if row["error"] is None)
    split = ", ".join(f"{count} {label}" for label, count in labels.most_common())
    elapsed_s = seconds(job["ended_at"]) - seconds(job["created_at"])
    console.print(
        f"{job['state']}: {job['counts']['total']} rows, {split}, {job['counts']['failed']} failed; "
        f"{elapsed_s:.2f} s from submission to the last result, {len(rows) / elapsed_s:.0f} texts/s, "
        f"by {job['model']['id']} {job['model']['version']}"
    )


def seconds(instant: str) -> float:
    """An instant of the API as Unix time."""
    return datetime.fromisoformat(instant).timestamp()


def main() -> int:
    argparse.ArgumentParser(prog="python -m deploy.local.demo", description=__doc__).parse_args()
    url = os.environ.get("SENTIQ_URL", DEFAULT_URL)
    try:
        classify_samples(url, os.environ.get("SENTIQ_API_KEY"))
    except httpx.HTTPError as error:
        console.print(f"{url}: {error}. Is the service running (make run)? SENTIQ_URL names another one.", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
