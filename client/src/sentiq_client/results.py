# Made of aio/results.py by client/unasync.py: change that file, then run it.
"""Rows of a job: to iterate over, or as a frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sentiq_client import frames
from sentiq_client.models import Page, Row
from sentiq_client.transport import Transport


class Results:
    """Rows of a job, read page by page each time they are asked for; memory stays flat while one iterates."""

    def __init__(self, transport: Transport, job_id: str, params: dict[str, Any]) -> None:
        self._transport = transport
        self._job_id = job_id
        self._params = params

    def __repr__(self) -> str:
        chosen = "".join(f", {name}={value!r}" for name, value in self._params.items())
        return f"<{type(self).__name__} of {self._job_id}{chosen}>"

    def __iter__(self) -> Iterator[Row]:
        cursor: str | None = None
        while True:
            params = {"limit": 1000} | self._params | ({"cursor": cursor} if cursor else {})
            page = self._transport.ask(Page.read, "GET", f"/api/v1/jobs/{self._job_id}/results", params=params)
            yield from page.rows
            # A page may be empty because its filter found nothing in the part it looked at: that is not the end.
            if page.next is None or page.next == cursor:
                return
            cursor = page.next

    def to_pandas(self) -> Any:
        """Return all rows as a pandas DataFrame. Raises MissingPackage where pandas is not installed."""
        frames.require("pandas")
        return frames.to_pandas(list(self))

    def to_polars(self) -> Any:
        """Return all rows as a polars DataFrame. Raises MissingPackage where polars is not installed."""
        frames.require("polars")
        return frames.to_polars(list(self))
