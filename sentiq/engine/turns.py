"""A lock for threads that take turns."""

from __future__ import annotations

from threading import Lock


class Turns:
    """A lock that who has just had it does not get again before who waits.

    Python's own goes to whoever asks first when it is free: a thread that releases it and asks again is quicker than
    one that must be woken, dozens of times in a row.
    """

    def __init__(self) -> None:
        self._next, self._turn = Lock(), Lock()  # held by who is next, and by whose turn it is

    def __enter__(self) -> None:
        with self._next:
            self._turn.acquire()

    def __exit__(self, *_: object) -> None:
        self._turn.release()
