"""top: the cluster, live."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sentiq_client.cli.options import AsJson
from sentiq_client.cli.output import as_json, console, jobs_table
from sentiq_client.client import Client
from sentiq_client.errors import SentiqError

JOBS_SHOWN = 10
UNKNOWN = "?"
SHARE_OF_TIME, LONGEST_REST_S = 10, 30  #: a look that takes its time, as at 100,000 jobs, is taken in a tenth of it


def register(app: typer.Typer) -> None:
    app.command()(top)


def top(
    interval: Annotated[float, typer.Option(min=0.2, help="seconds between two looks")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="look once")] = False,
    json: AsJson = False,
) -> None:
    """Watch lanes, workers, memory and running jobs; Ctrl-C ends it."""
    with Client() as client:
        if json:
            as_json(client.cluster())
        elif once:
            console.print(_look(client))
        else:
            with Live(_look(client), console=console, screen=True, auto_refresh=False) as live:
                try:
                    while True:
                        time.sleep(interval)
                        began = time.monotonic()
                        live.update(_patient_look(client), refresh=True)
                        time.sleep(min(SHARE_OF_TIME * (time.monotonic() - began), LONGEST_REST_S))
                except KeyboardInterrupt:
                    pass


def _patient_look(client: Client) -> Group | Text:
    """While the service is away, that is what is shown."""
    try:
        return _look(client)
    except SentiqError as error:
        return Text(str(error), style="red")


def _look(client: Client) -> Group:
    cluster = client.cluster()
    running = [job for _, job in zip(range(JOBS_SHOWN), client.jobs("running,receiving,queued,paused"), strict=False)]
    return Group(_heading(cluster), "", _lanes(cluster), "", _workers(cluster), "", jobs_table(running))


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
