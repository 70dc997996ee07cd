"""Tables whose column of texts goes by many names, among columns that are no texts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.files.case import Case
from tests.files.written.sentences import SHORT, TEXTS

TEXT_NAMES = (
    *(
        "评论",
        "评论内容",
        "评价",
        "评价内容",
        "评论正文",
        "内容",
        "正文",
        "文本",
        "留言",
        "反馈",
        "反馈内容",
        "用户评论",
        "买家评价",
    ),
    *(
        "评论详情",
        "点评内容",
        "意见",
        "建议",
        "微博正文",
        "帖子内容",
        "工单内容",
        "问题描述",
        "弹幕",
        "晒单内容",
        "商品评价",
        "回复内容",
    ),
    *(
        "評論",
        "評價內容",
        "留言內容",
        "text",
        "review",
        "Review Text",
        "review_body",
        "reviewText",
        "comment",
        "comments",
    ),
    *(
        "comment_content",
        "content",
        "body",
        "message",
        "sentence",
        "feedback",
        "tweet",
        "post_text",
        "text_a",
        "description",
    ),
)
DECORATED = (
    "*评论内容",
    "评价内容（必填）",
    "评论内容(必填)",
    "【评论内容】",
    " 评论内容 ",
    "\u200b评论内容",
    "评论内容*",
    "评论内容：",
    "ＴＥＸＴ",
)


def cases() -> Iterator[Case]:
    for name in TEXT_NAMES:
        yield Case(f"named {name}.csv", _shop(name).encode(), TEXTS, ("1001", "1002", "1003"))
    english = ("nice food", "too slow", "fine")
    translated = "original,translation\n" + "".join(f"{one},{text}\n" for one, text in zip(english, TEXTS, strict=True))
    yield Case("named translation, beside the original.csv", translated.encode(), TEXTS)
    for number, name in enumerate(DECORATED):
        yield Case(f"decorated name {number}.csv", _shop(name).encode(), TEXTS, ("1001", "1002", "1003"))
    for name in ("评论详情", "评论内容", "review_text"):
        rows = "".join(f"{n},{text}\n" for n, text in enumerate(SHORT, 1))
        yield Case(f"short reviews named {name}.csv", f"编号,{name}\n{rows}".encode(), SHORT)
    yield Case("a rating beside the text.csv", _beside("评价", "好评", "差评", "中评"), TEXTS)
    yield Case("stars beside the text.csv", _beside("评价", "5", "1", "3"), TEXTS)
    yield Case("one product beside the text.csv", _beside("商品描述", *["蓝牙耳机降噪版长续航运动跑步防水"] * 3), TEXTS)
    yield Case("a heading that nobody listed.csv", _shop("大家怎么说").encode(), TEXTS)
    yield Case(
        "a label before the text.tsv",
        "label\ttext_a\n1\t好吃，下次再来\n0\t难吃，再也不来\n".encode(),
        ("好吃，下次再来", "难吃，再也不来"),
    )
    for question in ("您对我们的服务有什么建议？", "请写下您的意见或建议：", "Q5.您还有什么想说的？"):
        content = f"问卷编号,{question}\n1,好评\n2,差\n3,不错\n"
        yield Case(f"a question {ord(question[1])}.csv", content.encode(), ("好评", "差", "不错"), ("1", "2", "3"))
        content = f"{question}\n好评\n差\n不错\n"
        yield Case(f"a question alone {ord(question[1])}.csv", content.encode(), ("好评", "差", "不错"))
    reply = "id,评论,商家回复\n1,好,感谢您的支持，欢迎再来\n2,差,非常抱歉，我们会改进\n"
    yield Case("short reviews beside long replies.csv", reply.encode(), ("好", "差"), ("1", "2"))
    remark = "id,评论内容,备注\n1,好,顾客说下次还会来的\n2,差,顾客说包装破了\n"
    yield Case("short reviews beside long remarks.csv", remark.encode(), ("好", "差"), ("1", "2"))
    for types in ("UInt64,String,UInt8", "Int64,Nullable(String),LowCardinality(String)", "bigint,string,double"):
        content = f"id,comment,score\n{types}\n1,很好，推荐,5\n2,太差了,1\n"
        yield Case(f"types below the headings {len(types)}.csv", content.encode(), ("很好，推荐", "太差了"), ("1", "2"))
    wide = "评价报表,{},{}\n编号,评论,评分\n1,好用,5\n2,太差,1\n"
    for first, second in (("2026-01-01至2026-02-01", "王五"), ("平台：某平台", "导出人：王五")):
        content = wide.replace("评价报表", "店铺：某店").format(first, second)
        yield Case(f"a title in all cells {len(first)}.csv", content.encode(), ("好用", "太差"), ("1", "2"))
    twice = "编号,内容,内容\n1,好用啊,\n2,太差了,追加：才两天就坏了\n"
    yield Case("the fuller of two columns.csv", twice.encode(), ("好用啊", "太差了"), ("1", "2"))
    both = "编号,评价,追评\n1,很好用,用了一周还是好\n2,太差,\n"
    joined = ("很好用\n用了一周还是好", "太差")
    yield Case("two columns of texts.csv", both.encode(), joined, ("1", "2"), query={"text_column": ["评价", "追评"]})


def _shop(heading: str) -> str:
    """A shop's export: id, date, stars, text, city."""
    rows = (f"{1000 + n},2026-01-0{n},{n + 2},{text},北京" for n, text in enumerate(TEXTS, 1))
    return "\n".join((f"订单号,下单时间,评分,{heading},城市", *rows)) + "\n"


def _beside(heading: str, *cells: str) -> bytes:
    rows = (f"{n},{cell},{text}" for n, (cell, text) in enumerate(zip(cells, TEXTS, strict=True), 1))
    return ("\n".join((f"编号,{heading},评价内容", *rows)) + "\n").encode()
