"""`make demo`: classifies the samples on a running service (SENTIQ_URL) and shows what came back."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sentiq_client import Client, ConnectionFailed, Job, JobNotCompleted, Row, SentiqError

SAMPLES = Path(__file__).parent / "samples.ndjson"
ROWS_SHOWN = 8

console = Console(highlight=False)


def classify_samples(url: str | None = None, api_key: str | None = None) -> None:
    """Submit the samples as one job, follow it to its end, and print a summary.

    `url` and `api_key` are those of SENTIQ_URL and SENTIQ_API_KEY unless given. Raises SentiqError when the service
    cannot be reached or refuses.
    """
    with Client(url, api_key, timeout_s=30, retries=0, trust_env=False) as client:
        job = client.submit_file(SAMPLES)
        with suppress(JobNotCompleted):  # what is finished of it is shown
            job.wait(progress=True)
        show(job.job, list(job.results(include="text")))


def show(job: Job, rows: list[Row]) -> None:
    """Print some of the rows in a table, and the counts and speed of the job in a line."""
    table = Table("label", "score", "text", title=f"{ROWS_SHOWN} of {len(rows)} rows", title_justify="left")
    for row in rows[:: max(len(rows) // ROWS_SHOWN, 1)][:ROWS_SHOWN]:
        if row.score is None:
            table.add_row("failed", "", (row.error or {}).get("detail"))
        else:
            style = {"positive": "green", "negative": "red"}.get(row.label or "", "")
            table.add_row(f"{row.label_zh} {row.label}", f"{row.score:.3f}", row.text, style=style)
    console.print(table)
    split = ", ".join(f"{n} {label}" for label, n in Counter(row.label for row in rows if row.label).most_common())
    created_at, ended_at = (datetime.fromisoformat(job.document[name]) for name in ("created_at", "ended_at"))
    elapsed_s, model = (ended_at - created_at).total_seconds(), job.document["model"]
    console.print(
        f"{job.state}: {job.total} rows, {split}, {job.failed} failed; {elapsed_s:.2f} s from submission to the last "
        f"result, {len(rows) / elapsed_s:.0f} texts/s, by {model['id']} {model['version']}"
    )


def main() -> int:
    argparse.ArgumentParser(prog="python -m deploy.local.demo", description=__doc__).parse_args()
    try:
        classify_samples()
    except SentiqError as error:
        hint = " `make run` starts one." if isinstance(error, ConnectionFailed) else ""
        console.print(f"{error}{hint}", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
