"""Tables for people. They need rich, which takes long to import: commands import this module when they draw."""

from __future__ import annotations

from typing import Any, NoReturn

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from sentiq_client.cli.output import reader_gone
from sentiq_client.models import Job

UNKNOWN = "?"


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        reader_gone()


console = _Console(highlight=False, soft_wrap=True)


def jobs_table(jobs: list[Job]) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("job", no_wrap=True, min_width=28)
    table.add_column("state", no_wrap=True)
    for heading in ("rows", "failed", "no text", "texts/s"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("name", overflow="ellipsis", no_wrap=True)
    for job in jobs:
        speed = f"{job.texts_per_second:,.0f}" if job.texts_per_second else ""
        done = f"{job.done:,}/{job.total:,}"
        table.add_row(job.id, job.state, done, f"{job.failed:,}", f"{job.without_text:,}", speed, job.name or "")
    return table


def cluster_view(cluster: dict[str, Any], running: list[Job]) -> Group:
    """The cluster as `top` shows it."""
    return Group(_heading(cluster), "", _lanes(cluster), "", _workers(cluster), "", jobs_table(running))


def failure(error: Exception) -> Text:
    return Text(str(error), style="red")


def _heading(cluster: dict[str, Any]) -> Text:
    speed, memory, cache = cluster["texts_per_second"], cluster["redis"], cluster["cache"]
    limit = f" of {memory['max_memory_bytes'] / 1e6:,.0f}" if memory["max_memory_bytes"] else ""
    asked = cache["hits"] + cache["misses"]
    parts = (
        f"bulk {speed:,.0f} texts/s" if speed else "bulk speed not known yet",
        f"Redis {memory['used_memory_bytes'] / 1e6:,.0f}{limit} MB",
        f"cache {cache['hits'] / asked:.0%} hits" if asked else "cache unused",
        f"{cluster['jobs']['all']:,} jobs, {cluster['jobs']['waiting']:,} waiting, {cluster['jobs']['timed']:,} timed",
    )
    return Text("   ".join(parts), style="bold")


def _lanes(cluster: dict[str, Any]) -> Table:
    heads = ("lane", "waiting", "oldest", "in flight", "children", "busy", "texts/s")
    table = Table(*heads, box=None, header_style="bold")
    for lane in cluster["lanes"]:
        speed = lane["texts_per_second"]
        table.add_row(
            lane["lane"],
            f"{lane['waiting']:,}",
            f"{lane['oldest_waiting_s']:,.1f} s",
            *(f"{lane[name]:,}" for name in ("in_flight", "children", "busy")),
            UNKNOWN if speed is None else f"{speed:,.0f}",
        )
    return table


def _workers(cluster: dict[str, Any]) -> Table:
    table = Table("worker", "children", "busy", "memory", "model", "since", box=None, header_style="bold")
    for worker in cluster["workers"]:
        memory = worker["memory_bytes"]
        table.add_row(
            worker["name"],
            str(worker["children"]),
            str(worker["busy"]),
            UNKNOWN if memory is None else f"{memory / 1e6:,.0f} MB",
            worker["model"],
            worker["started_at"][:16].replace("T", " "),  # UTC
        )
    return table
