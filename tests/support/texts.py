"""Texts of our own to classify."""

from __future__ import annotations

import csv
import random
from pathlib import Path

WORDS = [
    "酒店",
    "外卖",
    "手机",
    "电影",
    "耳机",
    "快递",
    "餐厅",
    "课程",
    "相机",
    "民宿",
    "非常满意",
    "强烈推荐",
    "太差了",
    "不会再来",
    "一般般",
    "凑合能用",
    "质量很好",
    "物美价廉",
    "令人失望",
    "浪费钱",
    "态度恶劣",
    "干净整洁",
    "味道不错",
    "物流很慢",
    "音质清晰",
    "剧情无聊",
    "老师耐心",
    "电池耐用",
    "包装破损",
    "超出预期",
]


def sentences(count: int, seed: int = 0) -> list[str]:
    """Make distinct texts of our own, of many lengths and opinions."""
    rng = random.Random(seed)
    return [f"{'，'.join(rng.choices(WORDS, k=rng.randint(2, 20)))}。（{seed}-{i}）" for i in range(count)]


#: Reviews: a good one, a bad one, one without an opinion, a bad one.
TEXTS = ("味道不错，下次还来", "物流太慢，很失望", "包装完整", "客服态度差，一点也不推荐")
ROWS = 3_000  #: of the table of reviews


def some_table(folder: Path) -> Path:
    """Write a table of reviews: CSV in GB 18030 with semicolons, the text in the third column."""
    path = folder / "评论.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["编号", "来源", "评论"])
        writer.writerows([f"n{n}", "店铺", f"{TEXTS[n % 4]}{n}"] for n in range(ROWS))
    return path
