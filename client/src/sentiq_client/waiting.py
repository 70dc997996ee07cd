"""What waits, for `Client`; `sentiq_client.aio.waiting` is the same for the async one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sentiq_client.inputs import Source, Texts, source_of

T = TypeVar("T")

__all__ = ["Texts", "call", "sleep", "source"]


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def call(function: Callable[..., T], *arguments: Any) -> T:
    return function(*arguments)


def source(data: Any, options: Mapping[str, Any]) -> Source:
    return source_of(data, options)
