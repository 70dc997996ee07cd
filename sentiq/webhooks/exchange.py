"""The network under one POST: to checked addresses, and nothing of it later than its deadline."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from time import monotonic
from typing import Any

import httpcore

from sentiq.core.networks import Network
from sentiq.webhooks.addresses import resolve_permitted

PIECE_BYTES = 16_384  #: written under one timeout


class TooLong(Exception):
    """The deadline has come."""


class Backend(httpcore.SyncBackend):
    """Connects to the addresses that were checked, so that nothing is looked up twice. TLS still verifies the name.

    `deadline_s` is a time of `time.monotonic()`. A timeout of httpcore is that of one read or write: who sends byte
    after byte would never reach it.
    """

    def __init__(self, allowed: Sequence[Network], deadline_s: float) -> None:
        self._allowed, self._deadline_s = allowed, deadline_s

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        error: Exception | None = None
        for address in self._look_up(host, port):
            try:
                within_s = _left(self._deadline_s, timeout)
                stream = super().connect_tcp(address, port, within_s, local_address, socket_options)
                return _Stream(stream, self._deadline_s)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
        raise error or httpcore.ConnectError(f"{host} has no address")

    def _look_up(self, host: str, port: int) -> list[str]:
        """In a thread that may be left behind: nothing ends a lookup before the resolver gives up."""
        found: Future[list[str]] = Future()

        def look_up() -> None:
            try:
                found.set_result(resolve_permitted(host, port, self._allowed))
            except Exception as error:  # noqa: BLE001 -- it is raised where the result is asked for
                found.set_exception(error)

        threading.Thread(target=look_up, name="lookup", daemon=True).start()
        try:
            return found.result(_left(self._deadline_s))
        except TimeoutError:
            raise TooLong from None


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline_s: float) -> None:
        self._stream, self._deadline_s = stream, deadline_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline_s, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE_BYTES):
            self._stream.write(buffer[start : start + PIECE_BYTES], _left(self._deadline_s, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            within_s = _left(self._deadline_s, timeout)
        except TooLong:
            self.close()  # httpcore leaves a connection open on which TLS did not begin
            raise
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, within_s), self._deadline_s)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline_s: float, timeout: float | None = None) -> float:
    """Seconds that one operation may take. Raises TooLong when there are none."""
    left_s = deadline_s - monotonic()
    if left_s <= 0:
        raise TooLong
    return left_s if timeout is None else min(left_s, timeout)
