"""What waits, for the async client; `sentiq_client.waiting` is the same for the other one."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Mapping
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from sentiq_client.inputs import Lines, Source, Texts, source_of

T = TypeVar("T")

AsyncTexts = Texts | AsyncIterable[Any]


async def sleep(seconds: float) -> None:
    await anyio.sleep(seconds)


async def call(function: Callable[..., T], *arguments: Any) -> T:
    """Call what reads or writes files, in a thread."""
    return await anyio.to_thread.run_sync(function, *arguments)


async def source(data: Any, options: Mapping[str, Any]) -> Source:
    if not isinstance(data, AsyncIterable) or hasattr(data, "read"):
        return await call(source_of, data, options)
    with Lines(options) as lines:
        async for item in data:
            lines.add(item)
        return lines.source()
