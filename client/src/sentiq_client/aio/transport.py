"""One HTTP request, tried again where that is safe and may help."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, BinaryIO, TypeVar

import httpx

from sentiq_client import answers
from sentiq_client.aio.waiting import call, sleep
from sentiq_client.errors import ApiError, ConnectionFailed, SentiqError, UnexpectedAnswer
from sentiq_client.inputs import Source
from sentiq_client.retry import LONGEST_WAIT_S, RETRIES, TOLD_FROM_S, OnWait, Tries, tell
from sentiq_client.version import __version__

T = TypeVar("T")
OnBytes = Callable[[int, int], None]  #: bytes sent, bytes in all

PIECE_BYTES = 1 << 16
CONNECT_S, WRITE_S = 5.0, 60.0

_REMEDY = "SENTIQ_URL names the service, as in http://127.0.0.1:8000"


class AsyncTransport:
    """Sends requests to one service. It keeps no state of a request, so threads and tasks may share it."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        retries: int = RETRIES,
        longest_wait_s: float = LONGEST_WAIT_S,
        on_wait: OnWait = tell,
        trust_env: bool = True,
    ) -> None:
        """Raises SentiqError for an invalid address or key."""
        address = _address(url)
        headers = {"User-Agent": f"sentiq-client/{__version__}"} | _authorization(api_key)
        self.url = answers.public(address)
        self.retries = retries
        self._longest_wait_s = longest_wait_s
        self._on_wait = on_wait
        # However many share it: each waits for a connection as long as it takes.
        timeout = httpx.Timeout(timeout_s, connect=CONNECT_S, write=WRITE_S, pool=None)
        self.http = httpx.AsyncClient(base_url=address, headers=headers, timeout=timeout, trust_env=trust_env)

    async def ask(
        self,
        kind: Callable[[dict[str, Any]], T],
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        source: Source | None = None,
        on_bytes: OnBytes | None = None,
        repeatable: bool = True,
        retries: int | None = None,
        request_id: str | None = None,
    ) -> T:
        """Send a request and return its answer, read by `kind`. Each try sends the body `source` from its beginning.

        Raises ApiError, UnexpectedAnswer and ConnectionFailed.
        """
        request_id = request_id or new_request_id()
        named = {"X-Request-Id": request_id} | dict(headers or {})
        tries = self.tries(self.retries if retries is None else retries, repeatable=repeatable)
        while True:
            try:
                if source is None:
                    response = await self.http.request(method, path, params=params, headers=named, json=json)
                else:
                    response = await self._upload(method, path, params, named, source, on_bytes)
                error = answers.refusal(response, request_id)
                if error is None:
                    return answers.read(kind, response, request_id)
            except UnexpectedAnswer as failure:
                error = failure
            except httpx.RequestError as failure:
                error = self.broken(failure, request_id)
            await self.pause(tries, error)

    def tries(self, retries: int, *, repeatable: bool = True) -> Tries:
        return Tries(retries, repeatable=repeatable, longest_wait_s=self._longest_wait_s)

    async def pause(self, tries: Tries, error: SentiqError) -> None:
        """Wait until the next try. Raises the error when no try is left."""
        if isinstance(error, ApiError):
            error.sent_before = tries.sent_before
        await sleep(self.delay(tries, error))

    def delay(self, tries: Tries, error: SentiqError) -> float:
        """Return the seconds until the next try; report long waits. Raises the error when no try is left."""
        seconds = tries.after(error)
        if seconds >= TOLD_FROM_S:
            self._on_wait(seconds, error)
        return seconds

    def broken(self, failure: httpx.RequestError, request_id: str) -> SentiqError:
        """Return the error of this package for one of httpx."""
        reason = str(failure) or type(failure).__name__
        if isinstance(failure, httpx.DecodingError):
            url = answers.public(failure.request.url)
            detail = f"The answer of {url} cannot be unpacked ({reason}). Something on the way may have changed it."
            return UnexpectedAnswer(detail, request_id, url=url, status=200, damaged=True)
        sent = not isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
        hint = "Is the service running? SENTIQ_URL names it."
        return ConnectionFailed(f"{self.url} cannot be reached ({reason}). {hint}", request_id, sent=sent)

    async def _upload(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        source: Source,
        on_bytes: OnBytes | None,
    ) -> httpx.Response:
        sized = {"Content-Type": source.content_type, "Content-Length": str(source.size), **headers}
        with source.opened() as file:
            content = _pieces(file, source.size, on_bytes)
            return await self.http.request(method, path, params=params, headers=sized, content=content)


async def _pieces(file: BinaryIO, size: int, on_bytes: OnBytes | None) -> AsyncIterator[bytes]:
    sent = 0
    while piece := await call(file.read, min(PIECE_BYTES, size - sent)):
        yield piece
        sent += len(piece)
        if on_bytes:
            on_bytes(sent, size)


def new_request_id() -> str:
    return uuid.uuid4().hex


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url.rstrip("/"))
    except httpx.InvalidURL as error:
        raise ConnectionFailed(f"{url!r} is no URL ({error}). {_REMEDY}", sent=False) from None
    if address.scheme not in ("http", "https") or not address.host or (address.port or 0) > 65_535:
        raise ConnectionFailed(f"{url!r} is no address of a service. {_REMEDY}", sent=False)
    return address


def _authorization(api_key: str | None) -> dict[str, str]:
    key = (api_key or "").strip()
    if not key.isascii() or not key.isprintable():
        raise SentiqError("The API key has characters that no key has; it was not sent. See SENTIQ_API_KEY.")
    return {"Authorization": f"Bearer {key}"} if key else {}
