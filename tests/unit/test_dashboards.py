"""Grafana can load the dashboards, and their queries are PromQL. That the metrics are there: test_prometheus.py."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.dashboards import DASHBOARDS, dashboard_queries, load, recorded, rule_queries
from tests.support.paths import REPOSITORY

GRAFANA = REPOSITORY / "deploy" / "grafana"


def test_identifiers_are_unique() -> None:
    assert DASHBOARDS
    uids = [load(path)["uid"] for path in DASHBOARDS]
    assert uids == [path.stem for path in DASHBOARDS]
    for path in DASHBOARDS:
        ids = [panel["id"] for panel in load(path)["panels"]]
        assert len(ids) == len(set(ids)), path


def test_panels_do_not_overlap() -> None:
    def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        return {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}

    for path in DASHBOARDS:
        for one, other in itertools.combinations(load(path)["panels"], 2):
            assert not cells(one) & cells(other), (path, one["title"], other["title"])


def test_each_panel_asks_the_data_source_that_is_chosen() -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for path in DASHBOARDS:
        dashboard = load(path)
        assert dashboard["templating"]["list"][0]["name"] == "datasource"
        for panel in dashboard["panels"]:
            asked = [panel, *panel["targets"]] if panel["type"] != "row" else []
            assert all(asks["datasource"] == chosen for asks in asked), panel["title"]
            refs = [target["refId"] for target in panel.get("targets", [])]
            assert len(refs) == len(set(refs)), panel["title"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing (apt install prometheus)")
def test_every_query_is_promql(tmp_path: Path) -> None:
    rules = [
        {"record": f"query:{number}", "expr": query.promql, "labels": {"place": query.place}}
        for number, query in enumerate(dashboard_queries())
    ]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    run = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_is_recorded_is_made_by_a_rule() -> None:
    asked = {metric for query in dashboard_queries() for metric in query.metrics if ":" in metric}
    assert asked <= recorded()


def test_what_is_asked_for_is_documented() -> None:
    known = set(re.findall(r"`(sentiq_\w+)`", (REPOSITORY / "docs" / "observability.md").read_text()))
    asked = {metric for query in (*rule_queries(), *dashboard_queries()) for metric in query.metrics} - recorded()
    assert {re.sub(r"_(bucket|sum|count)$", "", metric) for metric in asked - known} <= known


def test_grafana_finds_its_data_source_and_the_dashboards() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert source["type"] == "prometheus"
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/sentiq.yml").read_text())["providers"]
    assert (provider["type"], provider["options"]) == ("file", {"path": "/var/lib/grafana/dashboards"})
