"""A file of shops' reviews of our own: dated, of several products, and with complaints that the tests know of."""

from __future__ import annotations

import random
from datetime import date, timedelta

HEADINGS = ("编号", "评价内容", "商品", "店铺", "评价时间")
PRODUCTS = ("蓝牙耳机", "保温杯", "运动鞋", "台灯")
SHOPS = ("南山店", "西湖店", "江北店")
MONDAY = date(2024, 3, 4)
WEEKS = 8
ROWS = 1_000
#: In this week the delivery of this product gets worse.
BAD_WEEK, BAD_PRODUCT = 5, "运动鞋"
LATE = (
    "物流太慢了，等了十几天才收到",
    "快递一直不动，等了十几天，催了也没用",
    "发货太慢，等了十几天还没到货",
    "物流太慢，包裹在中转站停了一周",
)
BAD = {
    "物流": ("物流有点慢，包裹晚了两天", "快递态度很差，把包裹扔在门口就走", "配送太慢，等得着急"),
    "服务": ("客服根本不回复，问了三次没人理", "售后态度恶劣，退货拖了一个月", "客服推来推去，非常失望"),
    "包装": ("包装太简陋，盒子压坏了", "外盒破了，里面也没有泡沫", "纸箱烂了，包装很差"),
    "质量": ("质量太差，用两天就坏了", "做工粗糙，有很多划痕", "质量不行，已经开裂了"),
    "价格": ("价格太贵，完全不值", "刚买就降价，差价也不退", "太贵了，不划算"),
}
GOOD = {
    "物流": ("物流很快，第二天就到了", "快递送货上门，很满意", "发货迅速，到货很快"),
    "服务": ("客服热情，回复很快", "售后服务非常好，换货很顺利", "卖家态度很好，很耐心"),
    "包装": ("包装很精美，送人很体面", "包装严实，一点没有压坏", "盒子很漂亮，包装用心"),
    "质量": ("质量非常好，做工精致", "质量很好，结实耐用", "做工很好，没有瑕疵"),
    "价格": ("价格实惠，性价比很高", "价格便宜，非常划算", "物有所值，很超值"),
}
#: How many of a hundred mentions complain.
SHARE = {"物流": 45, "服务": 55, "包装": 12, "质量": 15, "价格": 12}
ENDINGS = ("", "，给家里人买的", "，用了几天再来说", "，第二次买了", "，同事推荐的")


def reviews(rows: int = ROWS) -> bytes:
    """As many reviews of eight weeks; in the sixth, who writes of one product complains of its delivery."""
    draw = random.Random(19)
    lines = [",".join(HEADINGS)]
    for n in range(rows):
        week, product = draw.randrange(WEEKS), draw.choice(PRODUCTS)
        day = MONDAY + timedelta(weeks=week, days=draw.randrange(7))
        if (week, product) == (BAD_WEEK, BAD_PRODUCT) and draw.random() < 0.9:
            parts = [draw.choice(LATE)]
        else:
            aspects = draw.sample(list(SHARE), draw.choice((1, 1, 2)))
            parts = [draw.choice((BAD if draw.randrange(100) < SHARE[aspect] else GOOD)[aspect]) for aspect in aspects]
        text = "。".join(parts) + draw.choice(ENDINGS)
        lines.append(f"D{n:05},“{text}”,{product},{draw.choice(SHOPS)},{day}")
    return ("\n".join(lines) + "\n").encode()
