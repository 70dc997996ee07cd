"""HTTP answers as documents of the service, or as the errors that say what came instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from sentiq_client.errors import ApiError, SentiqError, UnexpectedAnswer
from sentiq_client.retry import retry_after_s

T = TypeVar("T")

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json")
_SHOWN_CHARS = 80


def refusal(response: httpx.Response, request_id: str) -> SentiqError | None:
    """Why an answer, read whole, is none that was asked for; None when its status is one of success."""
    if response.is_success:
        return None
    if response.is_redirect or response.status_code < 400:
        where = _plain(response.headers.get("Location", ""))
        detail = f"{_address(response)} leads to {where or 'nowhere'}: is that a login page, or has the service moved?"
        return _unexpected(response, request_id, f"{detail} SENTIQ_URL names the service.")
    document = _object(response)
    wait_s = retry_after_s(response.headers.get("Retry-After"), response.headers.get("Date"))
    if "code" in document:
        return ApiError(response.status_code, document, _named(response, request_id), wait_s)
    said = _gist(response)
    detail = f"{_address(response)} answered {response.status_code}, and not as the service does"
    note = f"It says: {said}." if said else ""
    hint = "A proxy on the way may have answered."
    document = {"detail": f"{detail}. {hint}"}
    return ApiError(response.status_code, document, _named(response, request_id), wait_s, note)


def document(response: httpx.Response, request_id: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises UnexpectedAnswer when it is something else."""
    if response.status_code in (202, 204) and not response.content:
        return {}
    if not _JSON.fullmatch(_type(response)):
        raise not_ours(response, request_id)
    found = _object(response)
    if not found:
        what = "is empty" if not response.content.strip() else "is no whole JSON document"
        detail = f"The answer of {_address(response)} {what}. Something on the way may have cut it."
        raise _unexpected(response, request_id, detail, damaged=True)
    return found


def read(kind: Callable[[dict[str, Any]], T], response: httpx.Response, request_id: str) -> T:
    """An answer as a value. Raises UnexpectedAnswer when it lacks what the service would say."""
    found = document(response, request_id)
    try:
        return kind(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        detail = f"{_address(response)} answered with JSON that is not of this service ({_plain(reason)})."
        raise _unexpected(response, request_id, f"{detail} SENTIQ_URL names the service.") from None


def not_ours(response: httpx.Response, request_id: str) -> UnexpectedAnswer:
    """A success of another kind than was asked for. The body may still be unread."""
    kind = _type(response) or "no content type"
    said = _gist(response) if response.is_stream_consumed else ""
    told = f", which says: {said}" if said else ""
    detail = f"{_address(response)} answered {response.status_code} with {_plain(kind)}{told}."
    return _unexpected(
        response, request_id, f"{detail} A proxy or a login page may have answered instead of the service."
    )


def is_file(response: httpx.Response, media_type: str) -> bool:
    """Whether it is a file of this type. A page may be that of a login: one of the service is an attachment."""
    if media_type == "text/html" and not response.headers.get("Content-Disposition", "").startswith("attachment"):
        return False
    return _type(response) == media_type


def _unexpected(response: httpx.Response, request_id: str, detail: str, *, damaged: bool = False) -> UnexpectedAnswer:
    url, status = _address(response), response.status_code
    return UnexpectedAnswer(detail, _named(response, request_id), url=url, status=status, damaged=damaged)


def _object(response: httpx.Response) -> dict[str, Any]:
    """Its JSON object; an empty one where it has none."""
    try:
        found = response.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _gist(response: httpx.Response) -> str:
    """What a page for people says: its title, else how it begins."""
    text = response.text[:65_536]
    title = _TITLE.search(text)
    return _plain(re.sub(r"\s+", " ", title[1] if title else text).strip()[:_SHOWN_CHARS])


def _plain(text: str) -> str:
    """Without what a terminal would act upon."""
    return "".join(c if c.isprintable() else "?" for c in text[:500])


def _type(response: httpx.Response) -> str:
    kind: str = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind


def _address(response: httpx.Response) -> str:
    """Without the query, which may hold what somebody looks for, and without a password."""
    return public(response.request.url)


def public(url: httpx.URL) -> str:
    return str(url.copy_with(username=None, password=None, query=None))


def _named(response: httpx.Response, request_id: str) -> str:
    given = response.headers.get("X-Request-Id", "")
    return given if re.fullmatch(r"[\x21-\x7e]{1,128}", given) else request_id
