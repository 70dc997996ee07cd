"""One POST to an endpoint: to a checked address, without redirects, within its time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import httpcore

from jobs.addresses import Network, checked

CONNECT_S, TOTAL_S = 5.0, 20.0
ANSWER_BYTES = 4096  #: of an answer that are read


@dataclass(frozen=True, slots=True)
class Sent:
    status: int | None  # None: there was no answer
    error: str  # "" when it arrived
    took_ms: int
    gone: bool = False  # 410: the receiver wants nothing more


class _Guarded(httpcore.SyncBackend):
    """Connects to the addresses that were checked, so that nothing is looked up twice. TLS still verifies the name."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        error: Exception | None = None
        for address in checked(host, port, self._allowed):
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
        raise error or httpcore.ConnectError(f"{host} has no address")


class Sender:
    def __init__(self, allowed: Sequence[Network]) -> None:
        self._backend = _Guarded(allowed)

    def post(self, url: str, headers: Mapping[bytes | str, bytes | str], body: bytes) -> Sent:
        """Never raises: whatever happens is an answer for the log."""
        started = perf_counter()
        timeout = {"connect": CONNECT_S, "read": TOTAL_S, "write": TOTAL_S, "pool": CONNECT_S}

        def sent(status: int | None, error: str, *, gone: bool = False) -> Sent:
            return Sent(status, error, round((perf_counter() - started) * 1000), gone)

        try:
            # A connection of its own: endpoints share nothing, and what was checked is not used for another.
            with (
                httpcore.ConnectionPool(network_backend=self._backend, max_connections=1) as pool,
                pool.stream("POST", url, headers=headers, content=body, extensions={"timeout": timeout}) as answer,
            ):
                read = 0
                for piece in answer.iter_stream():
                    read += len(piece)
                    if read > ANSWER_BYTES or perf_counter() - started > TOTAL_S:
                        break
                status = answer.status
        except Exception as error:  # noqa: BLE001 -- a receiver may break the connection in any way
            return sent(None, f"{type(error).__name__}: {error}"[:300])
        if 200 <= status < 300:
            return sent(status, "")
        reason = "redirects are not followed" if 300 <= status < 400 else "the receiver refused it"
        return sent(status, f"HTTP status {status}: {reason}", gone=status == 410)
