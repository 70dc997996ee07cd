"""Who may do what operators do."""

from __future__ import annotations

import hmac

from flask import request

from api.services import services
from jobs.errors import NotAuthorised


def operator_only(*, open_without_token: bool = False) -> None:
    """Raises NotAuthorised unless the request carries the token of SENTIQ_ADMIN_TOKEN.

    Where none is set, nobody is an operator, or with `open_without_token` everybody.
    """
    token = services().settings.admin_token
    if token is None:
        if open_without_token:
            return
        raise NotAuthorised("This endpoint is closed: set SENTIQ_ADMIN_TOKEN for the API, or use bin/sentiq-admin.")
    expected = f"Bearer {token.get_secret_value()}"
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
        raise NotAuthorised("Send `Authorization: Bearer TOKEN` with the token of SENTIQ_ADMIN_TOKEN.")
