"""Checks every request: who sends it, what they may do, which jobs are theirs, and how often they may ask."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass

from flask import Flask, Response, g, request
from pydantic import SecretStr

from api.services import Services, services
from sentiq.core import redis_keys
from sentiq.core.api_keys import ApiKey, Scope
from sentiq.core.errors import Forbidden, JobNotFound, NotAuthorised, RateLimited, UploadNotFound
from sentiq.core.rate_limits import parse_rate_limits
from sentiq.core.redis import REDIS_AWAY
from sentiq.core.settings import Settings

#: Endpoints that show nothing about jobs: probes, the pages and the API's description.
OPEN = frozenset({"health.livez", "health.readyz"})
OPEN_BLUEPRINTS = frozenset({"openapi", "pages"})
#: Endpoints that need another scope than their method says.
NEEDED = {
    "metrics": Scope.METRICS,
    "health.health": Scope.METRICS,
    "webhooks": Scope.ADMIN,
    "aspect_sets.put_aspect_set": Scope.ADMIN,
    "aspect_sets.delete_aspect_set": Scope.ADMIN,
    "models.activate_model": Scope.ADMIN,
}


#: The holder of SENTIQ_METRICS_TOKEN. Not looked up in Redis, since metrics must show that Redis is away.
SCRAPER = ApiKey("metrics", "SENTIQ_METRICS_TOKEN", frozenset({Scope.METRICS}), "", 0.0, "")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the present request."""

    key: ApiKey | None  # None if keys are off, and for the holder of SENTIQ_ADMIN_TOKEN
    is_admin: bool

    @property
    def visible_owner(self) -> str:
        """The owner whose jobs and uploads they may see, as the stores name it; "" for all."""
        return "" if self.is_admin or self.key is None else self.key.id

    @property
    def owner_of_new_jobs(self) -> str:
        """The owner of the jobs they make."""
        return self.key.id if self.key else ""


def init_app(app: Flask, svc: Services) -> None:
    limiter = Limiter(svc) if svc.counts_requests else None

    @app.before_request
    def admit() -> None:
        if request.endpoint is None or request.method == "OPTIONS" or is_open(request.endpoint):
            return
        g.caller = _caller(svc)
        if limiter is not None and g.caller.key is not SCRAPER:
            limiter.hit(g.caller)
        if g.caller.key is not None and not g.caller.is_admin:
            _check_scope(g.caller.key)
            _check_owner(svc)

    if limiter is not None:
        app.after_request(limiter.headers)


def caller() -> Caller:
    """Return who sent the present request."""
    found: Caller = g.caller
    return found


def check_upload(upload_id: str) -> None:
    """Raises UploadNotFound when the upload belongs to another key."""
    owner = caller().visible_owner
    if owner and services().uploads.owner_of(upload_id) != owner:
        raise UploadNotFound(f"There is no upload {upload_id}; it may have expired.")


def is_open(endpoint: str) -> bool:
    return endpoint in OPEN or endpoint.split(".")[0] in OPEN_BLUEPRINTS


def operator_only(*, open_without_token: bool = False) -> None:
    """Raise NotAuthorised unless an operator sends the request.

    Operators hold an admin key or SENTIQ_ADMIN_TOKEN. Without keys and without that token there are no operators: the
    endpoint is then closed, or open to all with `open_without_token`.
    """
    svc = services()
    if caller().is_admin:
        return
    if svc.settings.auth == "off" and svc.settings.admin_token is None:
        if open_without_token:
            return
        raise NotAuthorised("This endpoint is closed: set SENTIQ_ADMIN_TOKEN for the API, or use sentiq-admin.")
    raise NotAuthorised("Send `Authorization: Bearer TOKEN` with the token of SENTIQ_ADMIN_TOKEN or an admin key.")


def _caller(svc: Services) -> Caller:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else ""
    if _same(token, svc.settings.admin_token):
        return Caller(None, is_admin=True)
    if svc.settings.auth == "off":
        return Caller(None, is_admin=False)
    if _same(token, svc.settings.metrics_token):
        return Caller(SCRAPER, is_admin=False)
    key = svc.keys.find(token) if token else None
    if key is None:
        what = "is not valid; it may have been revoked" if token else "is missing"
        raise NotAuthorised(f"The API key {what}. Send `Authorization: Bearer KEY` (sentiq-admin keys create).")
    return Caller(key, is_admin=Scope.ADMIN in key.scopes)


def _same(token: str, secret: SecretStr | None) -> bool:
    return secret is not None and hmac.compare_digest(token.encode(), secret.get_secret_value().encode())


def needed_scope(endpoint: str, method: str) -> Scope:
    by_method = Scope.READ if method in ("GET", "HEAD", "OPTIONS") else Scope.SUBMIT
    return NEEDED.get(endpoint) or NEEDED.get(endpoint.split(".")[0]) or by_method


def security(endpoint: str, method: str, settings: Settings) -> list[dict[str, list[str]]]:
    """Return OpenAPI's `security` of an operation: a key is required, or optional and ignored, or not used."""
    if is_open(endpoint):
        return []
    scope = needed_scope(endpoint, method)
    for_operators = scope is Scope.ADMIN and (settings.admin_token is not None or endpoint == "models.activate_model")
    with_key: dict[str, list[str]] = {"key": [scope]}
    return [with_key] if settings.auth == "keys" or for_operators else [{}, with_key]


def _check_scope(key: ApiKey) -> None:
    needed = needed_scope(request.endpoint or "", request.method)
    if not key.has_scope(needed):
        has = ", ".join(sorted(key.scopes))
        raise Forbidden(f"This API key ({key.name}) lacks the scope `{needed}`; it has: {has}.")


def _check_owner(svc: Services) -> None:
    """Answer 404 for what belongs to another key: an answer must not even reveal that it exists."""
    path = request.view_args or {}
    if "job_id" in path and svc.store.owner_of(path["job_id"]) != caller().visible_owner:
        raise JobNotFound.named(path["job_id"])
    if "upload_id" in path:
        check_upload(path["upload_id"])


class Limiter:
    """Counts requests in Redis, so that all API processes count together.

    Headers: draft-ietf-httpapi-ratelimit-headers-10.
    """

    def __init__(self, svc: Services) -> None:
        from limits.storage import RedisStorage  # here, for processes that limit nobody
        from limits.strategies import SlidingWindowCounterRateLimiter

        self._default = parse_rate_limits(svc.settings.rate_limit)
        storage = RedisStorage("redis://", connection_pool=svc.redis.connection_pool, key_prefix=redis_keys.RATE)
        self._limiter = SlidingWindowCounterRateLimiter(storage)

    def hit(self, caller: Caller) -> None:
        """Raises RateLimited."""
        key = caller.key
        asked = parse_rate_limits(key.rate_limit) if key and key.rate_limit else self._default
        who = key.id if key else request.remote_addr or ""
        g.limits = [(limit, who) for limit in asked]
        for limit in asked:
            if not self._limiter.hit(limit, who):
                left_s = max(1, round(self._limiter.get_window_stats(limit, who).reset_time - time.time()))
                raise RateLimited(
                    f"More than {limit}. Ask again in {left_s} s, or poll less often.", retry_after_s=left_s
                )

    def headers(self, response: Response) -> Response:
        policies, states = [], []
        try:
            for number, (limit, who) in enumerate(g.get("limits", ())):
                stats = self._limiter.get_window_stats(limit, who)
                window_s = limit.get_expiry()
                policies.append(f'"{number}";q={limit.amount};w={window_s}')
                states.append(f'"{number}";r={stats.remaining};t={max(0, round(stats.reset_time - time.time()))}')
        except REDIS_AWAY:
            return response  # the answer stands without them
        if policies:
            response.headers["RateLimit-Policy"] = ", ".join(policies)
            response.headers["RateLimit"] = ", ".join(states)
        return response
