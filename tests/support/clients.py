"""Both clients for the same tests: the async one runs on a loop of its own and waits for what it awaits."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, cast

from anyio.from_thread import BlockingPortal, start_blocking_portal

from sentiq_client import AsyncClient, AsyncJobHandle, AsyncResults, Client
from sentiq_client.aio.aspect_sets import AsyncAspectSets
from sentiq_client.aio.webhooks import AsyncWebhooks

Connect = Callable[..., AbstractContextManager[Client]]  #: takes what `Client` takes

WAITED_FOR = (AsyncJobHandle, AsyncResults, AsyncWebhooks, AsyncAspectSets)
_END = object()


class Waiting:
    """Wraps an async object so that its calls block. Threads may share it: each call is a task of the same loop."""

    def __init__(self, portal: BlockingPortal, inner: Any) -> None:
        self._portal, self._inner = portal, inner

    def __repr__(self) -> str:
        return repr(self._inner).replace("Async", "")

    def __getattr__(self, name: str) -> Any:
        return self._waited(getattr(self._inner, name))

    def __iter__(self) -> Iterator[Any]:
        return self._iterated(aiter(self._inner))

    def _waited(self, value: Any) -> Any:
        if isinstance(value, WAITED_FOR):
            return Waiting(self._portal, value)
        if inspect.ismethod(value):
            return lambda *args, **options: self._waited(self._portal.call(self._called, value, args, options))
        return self._iterated(value) if inspect.isasyncgen(value) else value

    @staticmethod
    async def _called(function: Any, args: Any, options: Any) -> Any:
        found = function(*args, **options)
        return await found if inspect.isawaitable(found) else found

    def _iterated(self, values: Any) -> Iterator[Any]:
        async def following() -> Any:
            return await anext(values, _END)

        try:
            while (value := self._portal.call(following)) is not _END:
                yield value
        finally:
            self._portal.call(values.aclose)


@contextmanager
def connect(kind: str, *args: Any, **options: Any) -> Iterator[Client]:
    """Open a `Client`, or for the kind "async" an AsyncClient whose calls block."""
    with ExitStack() as stack:
        if kind == "sync":
            yield stack.enter_context(Client(*args, **options))
        else:
            portal = stack.enter_context(start_blocking_portal())
            client = stack.enter_context(portal.wrap_async_context_manager(AsyncClient(*args, **options)))
            yield cast(Client, Waiting(portal, client))
