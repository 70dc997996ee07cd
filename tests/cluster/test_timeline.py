"""A file of dated reviews on a real cluster: when complaints began, in which shop, and of what."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.cluster import Cluster

pytestmark = pytest.mark.cluster

MONDAY = date(2024, 3, 4)
WEEKS, A_WEEK = 6, 200
PRAISE, COMPLAINT = "质量非常好，物流也很快，很满意", "物流太慢了，等了十天，非常失望"
BAD_WEEK, BAD_SHOP = 3, "北店"


def table() -> bytes:
    """Return reviews of six weeks and two shops; in one week, all who write of one shop complain of the delivery."""
    lines = ["评论内容,店铺,评价时间"]
    for n in range(WEEKS * A_WEEK):
        week, shop = n // A_WEEK, ("南店", BAD_SHOP)[n % 2]
        text = COMPLAINT if (week, shop) == (BAD_WEEK, BAD_SHOP) or n % 10 == 0 else PRAISE
        day = MONDAY + timedelta(weeks=week, days=n % 7)
        lines.append(f"“{text}，第{n}单”,{shop},{day.year}年{day.month}月{day.day}日 下午3点")
    return "\n".join(lines).encode()


def read(cluster: Cluster, job: str, what: str, **query: str) -> Any:
    answer = cluster.http.get(f"/api/v1/jobs/{job}/{what}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_week_the_shop_and_the_aspect_of_complaints_are_found_and_lead_to_their_texts(cluster: Cluster) -> None:
    made = cluster.http.post(
        "/api/v1/jobs?keep_columns=true&aspects=shop", content=table(), headers={"Content-Type": "text/csv"}
    ).json()
    job = cluster.wait_ended(made["id"])
    assert (job["state"], job["file"]["date_column"]) == ("completed", "评价时间")

    found = read(cluster, job["id"], "timeline", step="week")
    assert found["rows"] == WEEKS * A_WEEK
    marked = {point["start"]: point["changes"] for point in found["points"] if point["changes"]}
    bad, after = (str(MONDAY + timedelta(weeks=BAD_WEEK + n)) for n in (0, 1))
    assert marked.keys() == {bad, after}, "the week of the complaints and the one in which they end"
    assert marked[bad][0]["difference"] > 0.3

    (point,) = (point for point in found["points"] if point["start"] == bad)
    crossed = read(
        cluster, job["id"], "cross", **{"rows": "店铺", "columns": "aspect", "from": bad, "to": point["end"]}
    )
    at_shop = {row["value"]: line for row, line in zip(crossed["rows"], crossed["cells"], strict=True)}
    delivery = [column["value"] for column in crossed["columns"]].index("物流")
    bad_cell, good_cell = at_shop[BAD_SHOP][delivery], at_shop["南店"][delivery]
    assert bad_cell["shares"]["negative"]["low"] > good_cell["shares"]["negative"]["high"]

    asked = crossed["columns"][delivery]["parameters"] | {"column": "店铺", "value": BAD_SHOP, "label": "negative"}
    asked |= {"from": bad, "to": point["end"], "include": "text", "limit": "1000"}
    texts = [row["text"] for row in read(cluster, job["id"], "results", **asked)["data"]]
    assert len(texts) == bad_cell["counts"]["negative"] == A_WEEK // 2
    assert all(COMPLAINT in text for text in texts)
