"""The result cache in a running cluster: what one job computed, later jobs of either lane get without inference."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster


def metric(cluster: Cluster, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", cluster.http.get("/metrics").text, re.MULTILINE)
    assert found is not None, name
    return float(found[1])


def answers(cluster: Cluster, texts: list[str], **options: Any) -> list[dict[str, Any]]:
    job = cluster.wait_ended(cluster.submit(texts, **options))
    assert job["counts"] == {"total": len(texts), "completed": len(texts), "failed": 0, "without_text": 0}
    return cluster.rows(job["id"])


def test_texts_that_come_again_are_answered_as_before_without_inference(cluster: Cluster) -> None:
    texts = sentences(1_200, 100)
    hits, misses = metric(cluster, "sentiq_cache_hits_total"), metric(cluster, "sentiq_cache_misses_total")

    first = answers(cluster, texts)
    assert metric(cluster, "sentiq_cache_misses_total") == misses + 1_200
    assert metric(cluster, "sentiq_cache_hits_total") == hits
    assert metric(cluster, "sentiq_cache_entries") >= 1_200

    assert answers(cluster, texts) == first  # bulk again
    small = answers(cluster, texts[:60])  # and on the other lane
    assert small == first[:60]
    assert metric(cluster, "sentiq_cache_misses_total") == misses + 1_200
    assert metric(cluster, "sentiq_cache_hits_total") == hits + 1_260


def test_another_way_of_reading_is_another_question(cluster: Cluster) -> None:
    texts = ["，".join(sentences(40, 101))]
    (truncated,) = answers(cluster, texts)

    for _ in range(2):
        (whole,) = answers(cluster, texts, long_texts="windows")
        assert (truncated["truncated"], whole["truncated"]) == (True, False)
        assert whole["probabilities"] != truncated["probabilities"]
