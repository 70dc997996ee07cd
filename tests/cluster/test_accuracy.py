"""The labelled test split through the whole service. Needs `TEST_DATA`, a folder with test.tsv.gz."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY

pytestmark = [pytest.mark.cluster, pytest.mark.data]

#: What a character n-gram linear model reaches on this split.
LEAST_ACCURACY = 0.868
#: How far one source may fall behind that model.
SLACK = 0.03


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    folder = os.environ.get("TEST_DATA")
    if folder is None:
        pytest.skip("set TEST_DATA to the folder of the labelled data (test.tsv.gz)")
    with gzip.open(Path(folder) / "test.tsv.gz", "rt", encoding="utf-8", newline="\n") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_test_split_as_one_bulk_job(cluster: Cluster, rows: list[dict[str, str]]) -> None:
    job = cluster.wait_ended(cluster.submit([row["text"] for row in rows]))

    assert job["lane"] == "bulk"
    assert job["counts"] == {"total": len(rows), "completed": len(rows), "failed": 0, "without_text": 0}
    answers = cluster.rows(job["id"], include="text")
    assert [a["index"] for a in answers] == list(range(len(rows)))
    assert [a["text"] for a in answers] == [row["text"] for row in rows]

    metrics = json.loads((REPOSITORY / "models" / "sentiq-small-zh" / "metrics.json").read_text())
    right: dict[str, list[bool]] = {}
    for row, a in zip(rows, answers, strict=True):
        right.setdefault(row["source"], []).append((a["label"] == "positive") == (row["label"] == "1"))
    accuracy = sum(map(sum, right.values())) / len(rows)
    print(f"accuracy {accuracy:.4f} of {len(rows)} texts")
    assert accuracy >= LEAST_ACCURACY
    behind = {
        source: metrics["baseline"]["by_source"][source] - sum(found) / len(found) for source, found in right.items()
    }
    assert {source: gap for source, gap in behind.items() if gap > SLACK} == {}


def test_quantisation_changes_less_than_one_label_in_a_hundred() -> None:
    metrics = json.loads((REPOSITORY / "models" / "sentiq-small-zh" / "metrics.json").read_text())

    assert metrics["int8_fp32_agreement"] >= 0.99  # measured by the training command on the same split
