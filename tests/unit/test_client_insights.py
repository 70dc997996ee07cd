"""What rows say, as the client reads it; filters as it sends them; sets of aspects as it reads their files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_type_hints

import pandas
import polars
import pytest
import yaml

from api.schemas.aspect_sets import JobAspects as ServiceAspects
from api.schemas.findings import Findings as ServiceFindings
from api.schemas.phrases import Phrases as ServicePhrases
from api.schemas.results import FilterQuery, SliceQuery
from api.schemas.timeline import Cross as ServiceCross
from api.schemas.timeline import Timeline as ServiceTimeline
from sentiq.aspects.files import built_in, from_yaml, to_yaml
from sentiq_client import (
    AspectSet,
    Cross,
    Filters,
    Findings,
    JobAspects,
    Phrases,
    Row,
    SentiqError,
    Slice,
    Timeline,
    frames,
)
from sentiq_client.definitions import definition_of
from sentiq_client.filters import filter_params

FIGURE = {"value": 0.35, "low": 0.27, "high": 0.44}
TIMELINE: dict[str, Any] = {
    "job_id": "job_1",
    "state": "completed",
    "step": "month",
    "rows": 3,
    "undated": {"positive": 1, "failed": 2},
    "averaged": 3,
    "comparisons": 1,
    "points": [
        {
            "start": "2024-03",
            "end": "2024-03",
            "rows": 2,
            "counts": {"negative": 1, "positive": 0, "failed": 1, "without_text": 0},
            "shares": {"negative": FIGURE, "positive": FIGURE},
            "averages": {"negative": 0.35, "positive": 0.65},
            "changes": [],
        },
        {
            "start": "2024-05",
            "end": "2024-05",
            "rows": 1,
            "counts": {"negative": 0, "positive": 0, "failed": 0, "without_text": 1},
            "shares": {},
            "averages": {},
            "changes": [{"label": "negative", "difference": 0.15, "p_value": 0.003}],
        },
    ],
}
ASPECTS: dict[str, Any] = {
    "job_id": "job_1",
    "state": "completed",
    "aspect_set": "shop@0f3c1b2a9d4e",
    "rows": 9,
    "rows_with_aspects": 4,
    "data": [
        {
            "aspect": "物流",
            "rows": 4,
            "share": FIGURE,
            "counts": {"negative": 3, "positive": 1},
            "shares": {"negative": FIGURE, "positive": FIGURE},
        },
        {"aspect": "质量", "rows": 0, "share": None, "counts": {"negative": 0, "positive": 0}, "shares": {}},
    ],
    "worst": ["物流"],
}
CROSS: dict[str, Any] = {
    "job_id": "job_1",
    "state": "completed",
    "counted": "rows",
    "total": 5,
    "rows": [{"value": "南店", "rows": 4, "parameters": {"column": "店", "value": "南店"}}],
    "columns": [
        {"value": "2024-03", "rows": 3, "parameters": {"from": "2024-03", "to": "2024-03"}},
        {"value": None, "rows": 2, "parameters": None},
    ],
    "cells": [
        [
            {"rows": 3, "counts": {"negative": 3}, "shares": {"negative": FIGURE}},
            {"rows": 1, "counts": {"failed": 1}, "shares": {}},
        ]
    ],
}
PHRASES: dict[str, Any] = {
    "job_id": "job_1",
    "here": {"rows": 120_000, "looked_at": 25_000},
    "against": {"rows": 9, "looked_at": 9},
    "data": [
        {
            "phrase": "太慢",
            "rows": 9,
            "share": FIGURE,
            "rows_against": 1,
            "share_against": FIGURE,
            "log_odds": 2.5,
            "z": 6.1,
            "negative": None,
            "forms": [{"phrase": "送餐太慢", "rows": 4}],
            "examples": [{"index": 7, "label": "negative", "text": "送餐太慢了"}],
        }
    ],
}


FINDINGS: dict[str, Any] = {
    "job_id": "job_1",
    "state": "completed",
    "rows": 9,
    "data": [
        {
            "kind": "aspect",
            "name": "物流",
            "rows": 4,
            "negative": 3,
            "share": FIGURE,
            "of_all": FIGURE,
            "rise": {"start": "2024-03-04", "end": "2024-03-10", "difference": 0.21, "p_value": 0.003},
            "phrases": [{"phrase": "物流太慢", "rows": 3}],
            "examples": [{"index": 1, "label": "negative", "text": "物流太慢了"}],
            "parameters": {"aspect": "物流", "label": "negative"},
        }
    ],
}


def test_the_documents_of_these_tests_are_those_of_the_service() -> None:
    ServiceTimeline.model_validate(TIMELINE)
    ServiceAspects.model_validate(ASPECTS)
    ServiceCross.model_validate(CROSS)
    ServicePhrases.model_validate(PHRASES)
    ServiceFindings.model_validate(FINDINGS)


def test_a_timeline_is_a_frame_with_times() -> None:
    timeline = Timeline.read(TIMELINE)
    assert timeline.points[1].changes[0].difference == 0.15
    frame = timeline.to_pandas()
    assert frame["start"].tolist() == [pandas.Timestamp(2024, 3, 1), pandas.Timestamp(2024, 5, 1)]
    assert frame["rows_without_text"].tolist() == [0, 1]
    assert frame["share_negative_high"].isna().tolist() == [False, True]
    assert frame["change_negative"].isna().tolist() == [True, False]
    assert frame.set_index("start")["rows"].resample("MS").sum().tolist() == [2, 0, 1], "it can be drawn by time"
    same = timeline.to_polars()
    assert same.columns == list(frame.columns)
    assert same["start"].to_list() == [datetime(2024, 3, 1), datetime(2024, 5, 1)]  # noqa: DTZ001  # of the file's clock
    assert same["average_negative"].to_list() == [0.35, None]


@pytest.mark.parametrize("start", ["2024-03-05", "2024-03-05T00"])
def test_every_step_begins_at_a_time(start: str) -> None:
    point = TIMELINE["points"][0] | {"start": start}
    frame = Timeline.read(TIMELINE | {"points": [point]}).to_polars()
    assert frame["start"].to_list() == [datetime(2024, 3, 5)]  # noqa: DTZ001


def test_a_timeline_without_steps_is_a_frame_too() -> None:
    frame = Timeline.read(TIMELINE | {"points": []}).to_pandas()
    assert (len(frame), list(frame.columns)) == (0, ["start", "end", "rows"])


def test_aspects_are_a_frame_of_one_row_each() -> None:
    aspects = JobAspects.read(ASPECTS)
    assert aspects.document is ASPECTS
    frame = aspects.to_pandas()
    assert frame["aspect"].tolist() == ["物流", "质量"]
    assert frame["rows_negative"].tolist() == [3, 0]
    assert frame["share"].isna().tolist() == [False, True]
    assert aspects.to_polars()["share_negative_low"].to_list() == [0.27, None]


def test_a_crossing_is_a_frame_of_its_cells() -> None:
    frame = Cross.read(CROSS).to_polars()
    assert frame.select("row", "column", "rows", "rows_negative", "share_negative").rows() == [
        ("南店", "2024-03", 3, 3, 0.35),
        ("南店", None, 1, 0, None),
    ]


def test_phrases_are_a_frame_and_keep_their_examples() -> None:
    phrases = Phrases.read(PHRASES)
    assert phrases.here.looked_at < phrases.here.rows
    assert phrases.phrases[0].forms == {"送餐太慢": 4}
    assert phrases.phrases[0].examples[0].index == 7
    frame = phrases.to_pandas()
    assert frame[["phrase", "rows", "z"]].to_numpy().tolist() == [["太慢", 9, 6.1]]
    assert frame["negative"].isna().all()


def test_what_to_mend_is_typed() -> None:
    (finding,) = Findings.read(FINDINGS).findings
    assert finding.rise is not None
    assert (finding.name, finding.rise.start, finding.phrases) == ("物流", "2024-03-04", {"物流太慢": 3})
    still = FINDINGS["data"][0] | {"rise": None}
    assert Findings.read(FINDINGS | {"data": [still]}).findings[0].rise is None


def test_rows_have_a_column_for_each_aspect_of_which_any_speaks() -> None:
    plain: dict[str, Any] = {
        "custom_id": None,
        "label": "positive",
        "label_zh": "积极",
        "score": 0.9,
        "probabilities": {},
    }
    plain |= {"truncated": False, "model": "m@1", "error": None}
    said = {"aspect": "物流", "label": "negative", "score": 0.8, "clause": "物流慢"}
    rows = [Row.read(plain | {"index": 0, "aspects": [said]}), Row.read(plain | {"index": 1, "aspects": []})]
    assert rows[0].aspects is not None
    assert rows[0].aspects[0].clause == "物流慢"
    assert Row.read(plain | {"index": 2}).aspects is None, "its job looks for none"
    assert frames.to_polars(rows)["aspect_物流"].to_list() == ["negative", None]


FILTERS: tuple[tuple[Filters, Mapping[str, Any]], ...] = (
    (
        {"where": {"城市": ["北京", "上海"], "店": "南店"}},
        {"column": ["城市", "城市", "店"], "value": ["北京", "上海", "南店"]},
    ),
    ({"where": {}}, {}),
    ({"from_": "2024-03", "to": date(2024, 3, 15)}, {"from": "2024-03", "to": "2024-03-15"}),
    ({"from_": datetime(2024, 3, 5, 15, 30, 59, tzinfo=UTC)}, {"from": "2024-03-05T15:30"}),
    ({"label": ("negative", "neutral"), "aspect": "物流"}, {"label": ["negative", "neutral"], "aspect": "物流"}),
    ({"label": None, "min_score": 0.0}, {"min_score": 0.0}),
    ({"language": ("zh", "ja")}, {"language": ["zh", "ja"]}),
)


@pytest.mark.parametrize(("asked", "sent"), FILTERS)
def test_filters_are_those_of_the_service(asked: Filters, sent: Mapping[str, Any]) -> None:
    assert filter_params(asked) == sent


def test_cells_are_added_to_pairs_that_are_given_as_the_service_has_them() -> None:
    sent = filter_params({"column": ["1"], "value": ["a"], "where": {"店": "南店"}})
    assert sent == {"column": ["1", "店"], "value": ["a", "南店"]}
    assert filter_params({"column": "1", "value": "a"}) == {"column": "1", "value": "a"}


def test_the_filters_of_the_client_are_all_that_the_service_has() -> None:
    for query, ours in ((FilterQuery, Filters), (SliceQuery, Slice)):
        theirs = set(query.model_fields) - {"column", "value"}
        assert set(get_type_hints(ours)) - {"where"} == theirs


YAML = "id: cafe\ntitle: 咖啡馆\naspects:\n- name: 环境\n  words: [吵, WiFi, no, 2.0]\n  except: [争吵]\n"


def test_a_file_of_a_set_is_read_as_the_service_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "cafe.yaml"
    for data in (YAML.encode(), YAML.encode("utf-8-sig"), json.dumps(definition_like(YAML)).encode()):
        file.write_bytes(data)
        assert definition_of(file) == from_yaml(YAML).document()
    for aspects in built_in().values():
        file.write_text(to_yaml(aspects), encoding="utf-8")
        assert definition_of(file) == aspects.document()


def definition_like(text: str) -> Any:
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506


def test_a_set_becomes_yaml_that_the_service_reads() -> None:
    document = {"id": "cafe", "version": "0", "built_in": False, "stored_at": None, "definition": definition_like(YAML)}
    kept = AspectSet.read(document)
    assert (kept.name, kept.versions) == ("cafe@0", [])
    assert from_yaml(kept.to_yaml()) == from_yaml(YAML)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"id: [cafe", r"cafe\.yaml is not YAML \(line 1\)"),
        (b"id: a\nid: b\n", r"line 2.*'id' is there twice"),
        (b"- a\n", "no set of aspects"),
        ("id: 咖啡".encode("gb18030"), "not UTF-8"),
        (b"", "no set of aspects"),
    ],
)
def test_a_file_that_is_no_set_is_told_with_its_name_and_line(tmp_path: Path, data: bytes, told: str) -> None:
    file = tmp_path / "cafe.yaml"
    file.write_bytes(data)
    with pytest.raises(SentiqError, match=told):
        definition_of(file)


def test_frames_of_polars_have_types_without_rows() -> None:
    frame = JobAspects.read(ASPECTS | {"data": []}).to_polars()
    assert frame.schema["share_high"] == polars.Float64
