"""The results of a job on their way to a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import httpx

from sentiq_client import answers
from sentiq_client.aio.transport import AsyncTransport, new_request_id
from sentiq_client.aio.waiting import call
from sentiq_client.errors import SentiqError
from sentiq_client.retry import DOWNLOAD_RETRIES

READ_S = 600.0  #: a workbook is made before its first byte is sent

OnReceived = Callable[[int, int | None], None]  #: bytes received, bytes in all where that is known


class AsyncDownload:
    """One download. After a broken connection it goes on where it broke, as long as the results are the same."""

    def __init__(
        self,
        transport: AsyncTransport,
        file: BinaryIO,
        url: str,
        media_type: str,
        params: dict[str, Any],
        on_bytes: OnReceived | None,
    ) -> None:
        self._transport, self._file, self._on_bytes = transport, file, on_bytes
        self._url, self._media_type, self._params = url, media_type, params
        self._request_id = new_request_id()
        self._tag: str | None = None  # ETag of what is in the file

    async def run(self) -> None:
        """Write all bytes to the file. Raises SentiqError and OSError."""
        tries = self._transport.tries(DOWNLOAD_RETRIES)
        while error := await self._try():
            await self._transport.pause(tries, error)

    async def _try(self) -> SentiqError | None:
        """Receive what is missing; return why that failed, None once the file is whole."""
        timeout = httpx.Timeout(READ_S, connect=5, pool=None)
        try:
            async with self._transport.http.stream(
                "GET", self._url, params=self._params, headers=self._headers(), timeout=timeout
            ) as answer:
                return await self._receive(answer)
        except httpx.RequestError as failure:
            return self._transport.broken(failure, self._request_id)

    def _headers(self) -> dict[str, str]:
        # Parts of what a proxy packs cannot be put together.
        headers = {"Accept-Encoding": "identity", "X-Request-Id": self._request_id}
        if self._tag and self._file.tell():
            headers |= {"Range": f"bytes={self._file.tell()}-", "If-Range": self._tag}
        return headers

    async def _receive(self, answer: httpx.Response) -> SentiqError | None:
        if self._tag and answer.headers.get("Content-Range") == f"bytes */{self._file.tell()}":
            return None  # every byte had arrived, only the end of the answer had not
        if not answer.is_success:
            await answer.aread()
            return answers.refusal(answer, self._request_id)
        if not answers.is_file(answer, self._media_type):
            await answer.aread()
            raise answers.not_ours(answer, self._request_id)
        await self._write(answer)
        return None

    async def _write(self, answer: httpx.Response) -> None:
        if answer.status_code != httpx.codes.PARTIAL_CONTENT:
            self._file.seek(0)
            self._file.truncate()
        self._tag = answer.headers.get("ETag")
        length = answer.headers.get("Content-Length")
        size = self._file.tell() + int(length) if length else None
        async for data in answer.aiter_bytes():
            await call(self._file.write, data)
            if self._on_bytes:
                self._on_bytes(self._file.tell(), size)
