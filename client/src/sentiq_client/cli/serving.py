"""serve: hands over to the service, where it is installed beside this client."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from sentiq_client.errors import SentiqError

SERVICE = ("sentiq", "embedded")  #: packages of the service
MISSING = """The service is not installed beside this client. From its checkout:
    pip install -r requirements/embedded.txt && pip install --no-deps -e .
Elsewhere this client needs no more than the address of a service: SENTIQ_URL."""


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    embedded: Annotated[
        bool, typer.Option("--embedded", help="required: it says that jobs are kept in memory alone")
    ] = False,
    port: Annotated[int | None, typer.Option(help="port to listen on; default: SENTIQ_PORT, or 8000")] = None,
    store_mb: Annotated[int, typer.Option(help="MB that jobs and results may take")] = 256,
) -> None:
    """Serve on this machine, in one process without Redis. When it ends, its jobs are lost."""
    if not all(map(find_spec, SERVICE)):
        raise SentiqError(MISSING)
    given = ["--embedded"] * embedded + ([] if port is None else ["--port", str(port)]) + ["--store-mb", str(store_mb)]
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", SERVICE[-1], *given])  # noqa: S606  # this very interpreter
