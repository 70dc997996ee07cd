"""The dashboards of deploy/grafana as tests see them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.paths import REPOSITORY

DASHBOARDS = sorted((REPOSITORY / "deploy" / "grafana" / "dashboards").glob("*.json"))
RULES = sorted((REPOSITORY / "deploy" / "prometheus" / "rules").glob("*.yml"))

_STRINGS_AND_LABELS = re.compile(r'"[^"]*"|(?:by|on)\s*\([^)]*\)|\[[^\]]*\]')


@dataclass(frozen=True)
class Query:
    """One expression, with what Grafana would put in for its variables."""

    place: str
    promql: str

    @property
    def metrics(self) -> set[str]:
        return set(re.findall(r"\bsentiq[_:][a-z0-9_:]+", _STRINGS_AND_LABELS.sub("", self.promql)))


def load(path: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(path.read_text())
    return dashboard


def dashboard_queries() -> Iterator[Query]:
    for path in DASHBOARDS:
        for panel in load(path)["panels"]:
            for target in panel.get("targets", []):
                promql = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
                yield Query(f"{path.stem}: {panel['title']}", promql)


def rule_queries() -> Iterator[Query]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield Query(rule.get("alert") or rule["record"], rule["expr"])


def recorded() -> set[str]:
    """Return the names of the metrics that recording rules make."""
    return {query.place for query in rule_queries() if ":" in query.place}
