"""Whatever a reader raises becomes an error of the sender's, with a reason; no list of exceptions to forget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from api.ingest.options import bad_file
from sentiq.core.errors import InvalidInput, SentiqError
from sentiq.core.tracebacks import places

log = structlog.get_logger(__name__)


class Arriving:
    """The bytes of an upload. An error that comes with them, such as Redis being away, is no fault of the file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except Exception as error:
            self._error = error
            raise

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Raise InvalidInput for what a reader stumbles over. Its log says what and where, and nothing of the file."""
        try:
            yield
        except SentiqError:
            raise
        except Exception as error:
            if error is self._error:
                raise
            log.warning("a file cannot be read", error=type(error).__name__, places=places(error))
            raise unreadable() from None


def unreadable() -> InvalidInput:
    """Return the error for a file that its reader stumbled over."""
    return bad_file(
        "unreadable_file", "The file cannot be read: it is damaged or not what it seems. Save it again, or send CSV."
    )
