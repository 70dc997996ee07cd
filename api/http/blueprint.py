"""Blueprints whose handlers are described once somebody asks for the API's description, and not at each start."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask_openapi3 import APIBlueprint
from flask_openapi3.types import ParametersTuple
from flask_openapi3.utils import parse_parameters


class Blueprint(APIBlueprint):
    """Takes the framework's decorators. A process that nobody asks for the description never makes its schemas."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self._undescribed: list[Callable[[], object]] = []

    def _collect_openapi_info(self, rule: str, func: Callable[..., Any], **options: Any) -> ParametersTuple:
        self._undescribed.append(partial(super()._collect_openapi_info, rule, func, **options))
        return parse_parameters(func, doc_ui=False)

    def describe(self) -> None:
        """Fill `tags`, `paths` and `components_schemas`, unless that was done."""
        while self._undescribed:
            self._undescribed.pop(0)()
