"""Invented reviews of shops on a real cluster: from the file to what is to be mended, as a page and as a workbook."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta

import openpyxl
import pytest

from tests.support.cluster import Cluster

pytestmark = pytest.mark.cluster

LATE = ("物流太慢了，等了整整十天", "快递太慢了，催了好几次也没用", "发货拖拖拉拉，物流太慢")  # the planted complaint
OTHER = ("质量太差，用两天就坏了", "客服爱答不理，态度很差", "包装破了，盒子都压扁了")
PRAISE = (
    "质量非常好，做工精致",
    "客服很热情，问什么都回答",
    "包装很用心，送人也体面",
    "价格便宜，性价比高",
    "物流很快，第二天就到",
)
ABOUT = ("给妈妈买的", "第二次买了", "周末用了一下", "放在客厅里", "朋友推荐的", "家里两个人用")
SHOPS = ("南山店", "福田店", "宝安店")
ROWS = 900


def table() -> bytes:
    """Return reviews of ten weeks, of which every fifth complains of the delivery and every ninth of other things."""
    dice = random.Random(5)
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(["订单号", "店铺", "评价内容", "评价时间"])
    for number in range(ROWS):
        said = dice.choice(LATE if number % 5 == 0 else OTHER if number % 9 == 0 else PRAISE)
        day = date(2024, 1, 1) + timedelta(days=dice.randrange(100))
        lines.writerow([f"A{number}", dice.choice(SHOPS), f"{dice.choice(ABOUT)}，{said}。", day])
    return out.getvalue().encode()


def test_the_planted_complaint_is_the_first_thing_to_mend_in_every_form(cluster: Cluster) -> None:
    made = cluster.http.post(
        "/api/v1/jobs?keep_columns=true&aspects=shop", content=table(), headers={"Content-Type": "text/csv"}
    ).json()
    job = cluster.wait_ended(made["id"])
    assert job["state"] == "completed"
    address = f"/api/v1/jobs/{job['id']}"

    answer = cluster.http.get(job["links"]["findings"])
    assert answer.status_code == 200, answer.text
    first = answer.json()["data"][0]
    assert first["name"] == "物流"
    assert first["negative"] == pytest.approx(ROWS / 5, rel=0.1)
    assert "太慢" in first["phrases"][0]["phrase"]
    found = cluster.http.get(f"{address}/matches", params=first["parameters"]).json()
    assert found["matches"] == first["negative"]

    page = cluster.http.get(job["links"]["report.html"], params={"lang": "zh"}).text
    assert page.index("<h3>物流</h3>") == page.index("<h3>"), "the first of the three"
    assert "按店铺" in page
    for example in first["examples"]:
        assert example["text"] in page

    data = cluster.http.get(f"{address}/results.xlsx", params={"lang": "zh", "include": "columns"}).content
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book["最该先改的"]["A2"].value == "物流"
    assert {"各方面", "典型文本", "随时间变化", "分组", "消极文本说了什么"} <= set(book.sheetnames)
