"""Checks query strings: an unknown parameter, or one that is given twice by mistake, is an error."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from flask import Flask, current_app, request
from pydantic import BaseModel

from api.http.problems import pointer
from sentiq.core.errors import FieldError, InvalidInput


def init_app(app: Flask) -> None:
    app.before_request(_check)


def _check() -> None:
    """Raise InvalidInput for a query that the endpoint does not take.

    Only the API's own resources are checked: probes, pages and the endpoints of older services ignore what is unknown.
    """
    if not request.args or request.endpoint is None or not request.path.startswith("/api/v1/"):
        return
    if request.blueprint == "shortcuts":
        return
    known = _parameters(current_app.view_functions[request.endpoint])
    faults = []
    for name, values in request.args.lists():
        if name not in known:
            there = f"there are: {', '.join(known)}" if known else "there is none here"
            faults.append(FieldError("unknown_parameter", f"There is no parameter {name!r}; {there}.", pointer(name)))
        elif len(values) > 1 and not known[name]:
            detail = f"`{name}` is given {len(values)} times; give it once."
            faults.append(FieldError("repeated_parameter", detail, pointer(name)))
    if faults:
        raise InvalidInput(faults[0].detail, errors=tuple(faults))


@cache
def _parameters(view: Any) -> dict[str, bool]:
    """The names that a view's query may have, each with whether it may be repeated."""
    model = get_type_hints(inspect.unwrap(view)).get("query")
    if model is None:
        return {}
    assert issubclass(model, BaseModel)
    return {field.alias or name: is_list(field.annotation) for name, field in model.model_fields.items()}


def is_list(kind: Any) -> bool:
    """Tell whether a field of this type takes several values."""
    return get_origin(kind) is list or any(map(is_list, get_args(kind)))
