"""top: the cluster, live."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from sentiq_client.cli.options import AsJson
from sentiq_client.cli.output import as_json
from sentiq_client.client import Client
from sentiq_client.errors import SentiqError

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

JOBS_SHOWN = 10
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
            return
        from rich.live import Live

        from sentiq_client.cli.tables import console

        if once:
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
    from sentiq_client.cli.tables import failure

    try:
        return _look(client)
    except SentiqError as error:
        return failure(error)


def _look(client: Client) -> Group:
    from sentiq_client.cli.tables import cluster_view

    cluster = client.cluster()
    running = [job for _, job in zip(range(JOBS_SHOWN), client.jobs("running,receiving,queued,paused"), strict=False)]
    return cluster_view(cluster, running)
