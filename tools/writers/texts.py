"""The rows that every writer writes: an id of 18 digits, a text that is hard to write, and a rating."""

from __future__ import annotations

from typing import TypedDict

#: The headings, in the order of the columns.
HEADINGS = ("订单号", "评价内容", "评分")

TEXTS = (
    "料子很软，洗了两次也没有变形",
    "快递第二天就到了, 包装完好",
    '店员说"放心用"，结果三天就坏了',
    '"开头就是引号，后面没有配对',
    "汤很鲜\t面偏软\t小菜不错",
    "屏幕很亮\n但是电池不耐用",
    '洗衣机声音小\r\n说明书写着"静音", 是真的\r\n满意',
    "老式系统的换行\r写在中间",
    "安装到 C:\\new\\tools 以后打不开",
    '反斜杠和引号挨着\\"，再来一个\\"',
    "最后一个字符是反斜杠\\",
    "字面的 \\n 和 \\t 不是换行",
    "=这个价格真的值",
    "+1，同意楼上的说法",
    "-不会再买第二次",
    "@客服 一直没有人回复",
    "'开头一个单引号，别去掉",
    "音质很好😀👍🏽，低音也够",
    "里面有 _x000D_ 这样的字",
    "# 井号开头也是一条评价",
    "分号;竖线|逗号,都用上了",
    "  前后都有空格  ",
    "<b>很划算</b> & 送了赠品 &amp; 小样",
    "价格 3 < 5 > 2，公式 $a\\times b$",
    "12345",
    '他说""还行""，我不同意',
    "¯\\_(ツ)_/¯ 就这样吧",
    "繁體字也可以：鍵盤手感很好",
)


class Item(TypedDict):
    """A row as the writers get it."""

    id: str
    text: str
    rating: int


#: None of the ids is what a number of a spreadsheet or of JavaScript makes of another.
ITEMS = [Item(id=str(360287970189639611 + 3 * n), text=text, rating=n % 5 + 1) for n, text in enumerate(TEXTS)]
