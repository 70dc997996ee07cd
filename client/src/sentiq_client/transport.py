"""One HTTP request, tried again where that is safe and may help."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from sentiq_client.errors import ApiError, ConnectionFailed
from sentiq_client.version import __version__

RETRIES = 2
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 8.0
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


class Transport:
    """Retries connection errors, 408, 429, 5xx and a 409 that says the first request still runs; obeys Retry-After."""

    def __init__(self, url: str, api_key: str | None, timeout_s: float, retries: int) -> None:
        headers = {"User-Agent": f"sentiq-client/{__version__}"} | (
            {"Authorization": f"Bearer {api_key}"} if api_key else {}
        )
        self.url = url
        self.retries = retries
        timeout = httpx.Timeout(timeout_s, connect=5.0, write=60.0)
        self.http = httpx.Client(base_url=url, headers=headers, timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        body: Callable[[], Mapping[str, Any]] | None = None,
        retries: int | None = None,
    ) -> httpx.Response:
        """`body` gives httpx's arguments for the content anew for each try. Raises ApiError and ConnectionFailed."""
        left = self.retries if retries is None else retries
        delay_s = FIRST_DELAY_S
        while True:
            content = {"json": json} if body is None else dict(body())
            try:
                response = self.http.request(method, path, params=params, headers=headers, **content)
                if response.is_success:
                    return response
                error: ApiError | ConnectionFailed = problem(response)
                again, wait_s = worth_another_try(response)
            except httpx.TransportError as failure:
                error, again, wait_s = self.unreachable(failure), True, None
            if left == 0 or not again:
                raise error
            left -= 1
            pause(delay_s if wait_s is None else None, wait_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)

    def unreachable(self, failure: Exception) -> ConnectionFailed:
        reason = str(failure) or type(failure).__name__
        return ConnectionFailed(
            f"{self.url} cannot be reached ({reason}). Is the service running? SENTIQ_URL names it."
        )


def problem(response: httpx.Response) -> ApiError:
    """The problem document of an answer, or what stands in for one."""
    try:
        response.read()
        document = response.json()
    except (ValueError, httpx.HTTPError):
        document = {}
    return ApiError(response.status_code, document if isinstance(document, dict) else {})


def worth_another_try(response: httpx.Response) -> tuple[bool, float | None]:
    """Whether, and the seconds that the service asks to wait."""
    in_progress = response.status_code == 409 and b"idempotency_in_progress" in response.content
    try:
        wait_s: float | None = float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        wait_s = None
    return response.status_code in _AGAIN or in_progress, wait_s


def pause(delay_s: float | None, asked_s: float | None = None) -> None:
    """Sleep as long as was asked, with a little more so that clients spread; else up to the delay."""
    if asked_s is not None:
        time.sleep(asked_s * random.uniform(1.0, 1.2))
    elif delay_s is not None:
        time.sleep(delay_s * random.uniform(0.5, 1.0))
