"""One POST to an endpoint: to a checked address, without redirects, within its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import httpcore

from sentiq.core.networks import Network
from sentiq.webhooks.exchange import Backend, TooLong

CONNECT_S = 5.0  #: to one address; and TLS
TOTAL_S = 20.0  #: from the lookup of the name to the status and headers of the answer
ANSWER_BYTES = 4096  #: of an answer's body that are read


@dataclass(frozen=True, slots=True)
class Sent:
    status: int | None  # None: there was no answer
    error: str  # "" when it arrived
    took_ms: int
    gone: bool = False  # 410: the receiver wants nothing more


class Sender:
    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed

    def post(self, url: str, headers: Mapping[bytes | str, bytes | str], body: bytes) -> Sent:
        """Never raises: whatever happens is an answer for the log."""
        started = monotonic()
        timeout = {"connect": CONNECT_S, "read": TOTAL_S, "write": TOTAL_S, "pool": CONNECT_S}

        def sent(status: int | None, error: str, *, gone: bool = False) -> Sent:
            return Sent(status, error, round((monotonic() - started) * 1000), gone)

        try:
            # A connection of its own: endpoints share nothing, and what was checked is not used for another.
            backend = Backend(self._allowed, started + TOTAL_S)
            with (
                httpcore.ConnectionPool(network_backend=backend, max_connections=1) as pool,
                pool.stream("POST", url, headers=headers, content=body, extensions={"timeout": timeout}) as answer,
            ):
                status = answer.status
                _read(answer)
        except (TooLong, httpcore.TimeoutException) as error:
            whole = isinstance(error, TooLong) or monotonic() - started >= TOTAL_S
            reason = f"no answer within {TOTAL_S:g} s" if whole else f"{type(error).__name__}: {error}"
            return sent(None, reason)
        except Exception as error:  # noqa: BLE001 -- a receiver may break the connection in any way
            return sent(None, f"{type(error).__name__}: {error}"[:300])
        if 200 <= status < 300:
            return sent(status, "")
        reason = "redirects are not followed" if 300 <= status < 400 else "the receiver refused it"
        return sent(status, f"HTTP status {status}: {reason}", gone=status == 410)


def _read(answer: httpcore.Response) -> None:
    """The beginning of a body, so that its writer is not cut off. The status has told all, whatever happens here."""
    read = 0
    try:
        for piece in answer.iter_stream():
            read += len(piece)
            if read > ANSWER_BYTES:
                return
    except Exception:  # noqa: BLE001, S110 -- see above
        pass
