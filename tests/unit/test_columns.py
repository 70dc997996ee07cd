"""Which column of a table holds the texts and which the ids, for tables as shops, forms and tools write them."""

from __future__ import annotations

import io
from typing import NamedTuple

import pytest
from openpyxl import Workbook

from api.ingest.files import File
from api.ingest.limits import Limits
from api.ingest.notes import Notes
from api.ingest.options import Reading
from api.ingest.recognition.columns import Columns, choose, no_text_column
from api.ingest.recognition.rows import rows_of
from api.ingest.source import Source
from api.ingest.table import Record, Table
from sentiq.core.errors import InvalidInput
from sentiq.jobs.types import Row

LIMITS = Limits(inflated_bytes=10**9, inflate_ratio=10**6, rows=10**6, columns=200, cell_chars=10_000, text_chars=1_000)
LONG = ("面料柔软，孩子穿着很舒服", "收到时包装破了，客服两天不回话", "还行吧，一分钱一分货")


class Case(NamedTuple):
    """A table, and the headings of its columns of texts and ids; a number stands for a column without a heading."""

    name: str
    rows: list[str]  # cells between `|`
    text: str | int | None  # None: no column holds texts
    id: str | int | None = None
    first: str = ""  # the first text; "" is not looked at


def table(rows: list[str], names: tuple[str, ...] | None = None) -> Table:
    records = [Record(n, row.split("|")) for n, row in enumerate(rows, start=1)]
    return Table(iter(records), names, head=[record for record in records if any(record.cells)])


def chosen(found: Table, reading: Reading | None = None, kind: str = "csv") -> tuple[Columns, Notes]:
    notes = Notes()
    return choose(found, Source(kind, b"", iter(()), reading or Reading(), LIMITS), notes), notes


def read(found: Table, reading: Reading | None = None, kind: str = "csv") -> tuple[list[Row], Notes]:
    asked = reading or Reading()
    columns, notes = chosen(found, asked, kind)
    if not columns.text:
        raise no_text_column(found, columns)
    records = (record for record in found.head if record.number >= columns.first_line)
    return list(rows_of(records, columns, asked, LIMITS, notes)), notes


CASES = [
    Case(
        "taobao",
        [
            "订单编号|买家会员名|宝贝标题|评价|评价内容|评价时间",
            "123456789012|t**1|连衣裙夏季新款|好评|面料柔软，很舒服|2024-05-01 10:00:00",
            "123456789013|t**2|连衣裙夏季新款|差评|起球，差|2024-05-02 10:00:00",
        ],
        "评价内容",
        "订单编号",
    ),
    Case(
        "taobao with its follow-up",
        ["订单编号|初次评价|追加评价", "123456789012|不错的衣服|洗了之后缩水", "123456789013|一般|"],
        "初次评价",
        "订单编号",
    ),
    Case(
        "jd",
        [
            "商品编号|商品名称|评分|评价内容|晒单图片|评价时间|用户名|订单号",
            "100012|蓝牙耳机|5|音质不错|https://img.example/1.jpg|2024-05-01|j***1|998877",
            "100012|蓝牙耳机|1|没声音|https://img.example/2.jpg|2024-05-02|j***2|998878",
        ],
        "评价内容",
        "订单号",
    ),
    Case(
        "meituan",
        [
            "门店名称|评价时间|用户昵称|总体评分|口味|环境|服务|评价内容|商家回复",
            "朝阳店|2024-05-01|匿名|5|5|5|4|菜品很新鲜|感谢您的支持，欢迎再来",
            "海淀店|2024-05-02|匿名|1|1|2|1|等了一个小时|很抱歉给您带来不好的体验",
        ],
        "评价内容",
    ),
    Case(
        "douyin",
        [
            "评论ID|评论内容|评论时间|点赞数|IP属地|用户昵称",
            "7361|太好笑了哈哈|2024-05-01 12:00|12|北京|小王",
            "7362|无聊|2024-05-01 12:01|0|上海|小李",
        ],
        "评论内容",
        "评论ID",
    ),
    Case(
        "app store",
        [
            "App Name|Version|Rating|Title|Review|Date|Author",
            "记账本|1.2.3|5|好用|界面简洁，记账方便|2024-05-01|abc",
            "记账本|1.2.3|1|闪退|一打开就闪退|2024-05-02|def",
        ],
        "Review",
    ),
    Case(
        "google play",
        [
            "Package Name|Device|Review Submit Date|Star Rating|Review Title|Review Text|Developer Reply Text|Link",
            "com.a.b|a13|2024-05-01T10:00:00Z|5||很好用||https://play.example/1",
            "com.a.b|a13|2024-05-02T10:00:00Z|1||闪退太多|谢谢反馈，我们会修复|https://play.example/2",
        ],
        "Review Text",
    ),
    Case(
        "weibo",
        [
            "微博id|用户id|用户昵称|微博正文|头条文章url|发布位置|点赞数|评论数|转发数|发布时间",
            "4901|22|甲|今天的天气真好||北京|1|2|3|2024-05-01 10:00",
            "4902|23|乙|堵车堵到怀疑人生||上海|0|0|0|2024-05-01 11:00",
        ],
        "微博正文",
        "微博id",
    ),
    Case("weibo corpus", ["label|review", "1|更博了，爆照了，帅的呀", "0|姑娘都羡慕你呢"], "review"),
    Case(
        "zendesk",
        [
            "Ticket ID|Subject|Description|Status|Priority|Requester|Created at",
            "1001|无法登录|输入密码后一直转圈，很着急|open|high|张三|2024-05-01",
            "1002|退款|退款三天没到账|solved|low|李四|2024-05-02",
        ],
        "Description",
        "Ticket ID",
    ),
    Case(
        "tickets",
        [
            "工单编号|工单标题|工单描述|处理人|创建时间|状态",
            "GD20240501001|网络|宽带总是断线|张三|2024-05-01 10:00|已处理",
            "GD20240501002|电视|机顶盒没信号|李四|2024-05-01 11:00|待处理",
        ],
        "工单描述",
        "工单编号",
    ),
    Case(
        "wenjuanxing",
        [
            "序号|提交答卷时间|所用时间|来源|来源详情|来自IP|1、您的性别|2、您对服务满意吗？|3、您还有哪些意见或建议？|总分",
            "1|2024/5/1 10:00:00|63秒|微信|N/A|1.2.3.4|男|满意|希望多一些优惠|0",
            "2|2024/5/1 10:05:00|40秒|链接|直接访问|1.2.3.5|女|一般|排队太久|0",
        ],
        "3、您还有哪些意见或建议？",
        "序号",
    ),
    Case(
        "surveymonkey",
        [
            "Respondent ID|Collector ID|Date Created|IP Address|What did you like most about it?",
            "||||Open-Ended Response",
            "11800001|42|05/01/2024|1.2.3.4|服务员很热情",
            "11800002|42|05/02/2024|1.2.3.5|价格太贵",
        ],
        "What did you like most about it?",
        "Respondent ID",
        "服务员很热情",
    ),
    Case(
        "qualtrics",
        [
            "StartDate|ResponseId|Q1|Q2_TEXT",
            "Start Date|Response ID|满意度|请写下您的意见",
            '{"ImportId":"startDate"}|{"ImportId":"_recordId"}|{"ImportId":"QID1"}|{"ImportId":"QID2"}',
            "2024-05-01 10:00|R_abc123456|5|很满意，会推荐",
            "2024-05-01 11:00|R_abc123457|2|客服态度差",
        ],
        "Q2_TEXT",
        "ResponseId",
        "很满意，会推荐",
    ),
    Case("chnsenti", ["label|text_a", "1|好吃", "0|难吃，再也不来"], "text_a"),
    Case("sentence pairs", ["sentence1|sentence2|label", "很好看|不好看|0", "难吃|太难吃了|1"], "sentence1"),
    Case("hugging face", ["idx|sentence|label", "0|很好看|1", "1|太难看|0"], "sentence", "idx"),
    Case(
        "amazon",
        [
            "marketplace|customer_id|review_id|product_id|product_title|star_rating|helpful_votes|vine|review_headline|review_body|review_date",
            "CN|1234|RABC1234567890|B0012345|耳机|5|0|N|不错|音质很好|2024-05-01",
            "CN|1235|RABC1234567891|B0012345|耳机|1|1|N|差|用两天就坏|2024-05-02",
        ],
        "review_body",
        "review_id",
    ),
    Case(
        "product description",
        [
            "order_id|product_description|review_body|star",
            "11|蓝牙耳机降噪版长续航运动跑步|音质不错|5",
            "12|蓝牙耳机降噪版长续航运动跑步|没声音|1",
        ],
        "review_body",
        "order_id",
    ),
    Case(
        "camel case",
        ["orderId|userName|commentContent|createTime", "1|a|很好|2024-05-01", "2|b|不好|2024-05-02"],
        "commentContent",
        "orderId",
    ),
    Case("hyphens", ["order-no|review-text", "1|很好", "2|不好"], "review-text", "order-no"),
    Case("upper case", ["ID|COMMENT_TEXT|CREATED_AT", "1|很好|2024-05-01", "2|不好|2024-05-02"], "COMMENT_TEXT", "ID"),
    Case(
        "traditional",
        ["訂單編號|評論內容|評論時間", "1|很好吃|2024-05-01", "2|不好吃|2024-05-02"],
        "評論內容",
        "訂單編號",
    ),
    Case("traditional, one word", ["編號|評價", "1|很好吃，推薦", "2|不好吃"], "評價", "編號"),
    Case(
        "stars and brackets",
        ["*订单号|*评价内容（必填）|评分(1-5)", "1|很好|5", "2|不好|1"],
        "*评价内容（必填）",
        "*订单号",
    ),
    Case(
        "required",
        ["ID (required)|Review Text [required]", "1|很好", "2|不好"],
        "Review Text [required]",
        "ID (required)",
    ),
    Case("full width", ["ＩＤ|ｃｏｍｍｅｎｔ", "1|很好", "2|不好"], "ｃｏｍｍｅｎｔ", "ＩＤ"),
    Case(
        "blanks and invisible marks",
        [" 编 号 |\u200b评论\u00a0内容 ", "1|很好", "2|不好"],
        "\u200b评论\u00a0内容",
        "编 号",
    ),
    Case("a byte order mark inside", ["\ufeff评论|编号", "很好|1", "不好|2"], "评论", "编号"),
    Case(
        "a title above",
        ["2024年5月评价导出||", "||", "订单号|评价内容|评分", "1|很好|5", "2|不好|1"],
        "评价内容",
        "订单号",
        "很好",
    ),
    Case(
        "remarks above",
        [
            "店铺：|旗舰店||",
            "导出时间：|2024-05-01||",
            "共2条|||",
            "订单号|商品|评价内容|评分",
            "1|耳机|很好|5",
            "2|耳机|不好|1",
        ],
        "评价内容",
        "订单号",
        "很好",
    ),
    Case("a comment above", ["# 导出时间 2024-10-08", "编号|评论", "1|面条很香", "2|太差"], "评论", "编号", "面条很香"),
    Case(
        "groups above",
        ["订单信息||评价信息|", "订单号|下单时间|评价内容|评分", "1|2024-05-01|很好|5", "2|2024-05-02|不好|1"],
        "评价内容",
        "订单号",
        "很好",
    ),
    Case(
        "a template's notes below",
        ["*订单号|*评价内容|评分", "必填|必填，不超过500字|选填", "1|很好|5", "2|不好|1"],
        "*评价内容",
        "*订单号",
        "很好",
    ),
    Case(
        "names of fields below",
        ["订单号|评价内容|评分", "order_id|comment_content|score", "1|很好|5", "2|不好|1"],
        "评价内容",
        "订单号",
        "很好",
    ),
    Case("one column", ["评论详情", "好评", "差", "不错"], "评论详情", None, "好评"),
    Case("one column of two words", ["用户心声", "好评", "差", "不错"], "用户心声", None, "好评"),
    Case("one column without a heading", ["好评", "差", "不错"], 1, None, "好评"),
    Case("one column that begins with words of headings", ["内容很好", "差", "不错"], 1, None, "内容很好"),
    Case("one column of sentences", ["给个好评论", "服务态度一般", "不错"], 1, None, "给个好评论"),
    Case("two columns without headings", ["1|面条很香，还会再来", "2|太差"], 2, None, "面条很香，还会再来"),
    Case("short texts without headings", ["5|好评", "1|差", "4|不错"], 2, None, "好评"),
    Case("labels without headings", ["pos|好吃", "neg|难吃，再也不来"], 2, None, "好吃"),
    Case("ratings beside", ["评分|评论详情", "5|好评", "1|差", "4|不错"], "评论详情"),
    Case(
        "a listed name with ratings, another with texts",
        ["编号|评论|看法", "1|好评|味道很好", "2|差评|排队太久"],
        "看法",
        "编号",
    ),
    Case(
        "headings that nobody listed",
        ["门面|顾客原句如下|打几颗星", "朝阳|面条很香，还会再来|5", "海淀|等了一个小时，太差|1"],
        "顾客原句如下",
        None,
        "面条很香，还会再来",
    ),
    Case("headings in another language", ["id|kommentar_zh|punkte", "1|很好|5", "2|不好|1"], "kommentar_zh", "id"),
    Case("pandas without names", ["|0|1", "0|很好|5", "1|不好|1"], "0", None, "很好"),
    Case("an index without a name", ["|text|label", "0|很好|1", "1|不好|0"], "text", None, "很好"),
    Case("R's names of rows", ["text|label", "1|很好|1", "2|不好|0"], "text", None, "很好"),
    Case(
        "label studio",
        ["id|data.text|annotations|created_at", "1|很好|[]|2024-05-01", "2|不好|[]|2024-05-02"],
        "data.text",
        "id",
    ),
    Case("doccano", ["id|text|label|Comments", "1|很好|正面|", "2|不好|负面|"], "text", "id"),
    Case(
        "chat",
        ["会话ID|客服|客户消息|时间", "s1001|小二|怎么还不发货|10:00", "s1002|小二|收到了，谢谢|10:01"],
        "客户消息",
        "会话ID",
    ),
    Case("danmaku", ["弹幕内容|出现时间|用户", "前方高能|12.5|abc", "哈哈哈|13.1|def"], "弹幕内容"),
    Case("texts that come late", ["订单号|商品名称|评价内容", "1|耳机|", "2|耳机|"], "评价内容", "订单号"),
    Case(
        "our results",
        [
            "订单号|评价内容|index|custom_id|text|label|label_zh|score|truncated|model|error|error_detail|line",
            "1|很好|0|1|很好|positive|积极|0.9|FALSE|a@1|||",
            "2|不好|1|2|不好|negative|消极|0.9|FALSE|a@1|||",
        ],
        "评价内容",
        "custom_id",
    ),
    Case(
        "our results without the file's columns",
        ["index|custom_id|text|label|score|note", "0|a1|很好|positive|0.9|", "1|a2|不好|negative|0.9|read in part"],
        "text",
        "custom_id",
    ),
    Case("answers and questions", ["问题|回答", "您对我们有什么建议|多开几家店吧", "您最满意什么|服务很好"], "回答"),
    Case("emoji", ["id|comment", "1|👍👍👍", "2|😡"], "comment", "id"),
    Case(
        "english",
        ["Order ID|Feedback|Date", "1|Great product, I love it|May 1, 2024", "2|Bad|May 2, 2024"],
        "Feedback",
        "Order ID",
    ),
    Case(
        "an id that repeats beside one that does not",
        ["序号|订单号|评价", "1|77|很好吃", "2|77|不好吃"],
        "评价",
        "序号",
    ),
    # Tables without texts.
    Case("ids and prices", ["订单号|价格|日期", "1001|12.50|2024-05-01", "1002|9.90|2024-05-02"], None),
    Case("dates alone", ["日期", "2024-05-01", "2024-05-02"], None),
    Case("numbers without headings", ["1|2.5|3", "4|5.5|6"], None),
    Case("links", ["id|url", "1|https://a.example/1", "2|https://a.example/2"], None),
    Case("phone numbers", ["姓名|手机号", "张三|13812345678", "李四|13912345678"], None),
    Case("contacts without headings", ["张三|13812345678|北京市朝阳区", "李四|13912345678|上海市浦东新区"], None),
    Case("products", ["sku|商品名称|价格|库存", "A10001|蓝牙耳机降噪版|199.00|12", "A10002|运动手表|299.00|3"], None),
    Case("products without headings", ["A10001|蓝牙耳机降噪版|199.00", "A10002|运动手表|299.00"], None),
    Case("ratings alone", ["订单号|评价|时间", "1|好评|2024-05-01", "2|差评|2024-05-02"], None),
    Case("stars alone", ["order_id|review", "1|5", "2|1"], None),
    Case("a summary", ["label|rows|share", "negative|20|0.4", "positive|30|0.6"], None),
    Case("links called content", ["id|content", "1|https://a.example/1", "2|https://a.example/2"], None),
    Case(
        "codes",
        ["uuid|status", "550e8400-e29b-41d4-a716-446655440000|ok", "550e8400-e29b-41d4-a716-446655440001|ok"],
        None,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_columns_are_told_by_their_headings_and_their_cells(case: Case) -> None:
    found = table(case.rows)
    columns, _ = chosen(found)
    named: list[str | int | None] = [
        None if at is None else columns.names[at] if columns.has_header else at + 1
        for at in (next(iter(columns.text), None), columns.id)
    ]
    assert (named[0], named[1] if case.text else None) == (case.text, case.id)
    if case.first:
        assert read(table(case.rows))[0][0].text == case.first


@pytest.mark.parametrize(
    ("asked", "text"),
    [("评价内容", "很好"), ("*评价内容（必填）", "很好"), ("备注", "第一次买"), ("3", "第一次买")],
)
def test_a_column_that_is_named_is_read_whatever_it_holds(asked: str, text: str) -> None:
    rows = ["订单号|*评价内容（必填）|备注", "1|很好|第一次买", "2|不好|第二次"]
    assert read(table(rows), Reading(text_column=(asked,)))[0][0].text == text


def test_the_heading_that_is_named_tells_where_the_headings_are() -> None:
    rows = ["某店|某月", "甲|乙", "5|面条", "1|米饭"]
    columns, _ = chosen(table(rows), Reading(text_column=("乙",)))
    assert (columns.header_row, columns.names) == (2, ("甲", "乙"))


def test_what_is_decided_is_noted() -> None:
    rows = ["某月汇总|||", "编号|评论|看法|评价内容", "1|很好|不错|好吃", "2|差|很差|难吃"]
    _, notes = chosen(table(rows))
    assert {note.code: note.facts for note in notes.all()} == {
        "rows_above_headings": {"count": 1},
        "text_column_recognised": {"column": "评价内容", "others": ["看法", "评论"]},
    }
    _, notes = chosen(table(["5|很好", "1|不好"]))
    assert [note.code for note in notes.all()] == ["headings_absent"]


def test_a_table_without_texts_is_refused_with_its_columns() -> None:
    with pytest.raises(InvalidInput) as refused:
        read(table(["订单号|价格", "1|9.9", "2|8.8"]))
    assert (refused.value.errors[0].code, refused.value.errors[0].pointer) == ("no_text_column", "/text_column")
    assert "'订单号', '价格'" in refused.value.detail
    with pytest.raises(InvalidInput) as refused:
        read(table(["订单号|价格"]))
    assert refused.value.errors[0].code == "no_rows"


def test_the_texts_of_several_columns_are_joined_in_the_order_in_which_they_are_named() -> None:
    rows = ["编号|追评|评价|星", "1|洗了缩水|很好|5", "2||不好|1", "3|NULL| |1", "4|又买了|N/A|5"]
    found, notes = read(table(rows), Reading(text_column=("评价", "追评"), keep_columns=True))
    assert [row.text for row in found] == ["很好\n洗了缩水", "不好", "", "又买了"]
    assert [row.error.code if row.error else None for row in found] == [None, None, "empty_text", None]
    assert found[0].cells == ("1", "洗了缩水", "很好", "5"), "all columns are kept, for none is the text"
    assert {"columns_joined": {"columns": ["评价", "追评"]}}.items() <= {n.code: n.facts for n in notes.all()}.items()


def test_a_cell_that_stands_for_a_missing_value_has_no_text() -> None:
    rows = ["编号|评论", "1|很好", "2|NULL", "3| \\N ", "4|nan", "5|无", "6|-", "7|Nullpunkt"]
    found, notes = read(table(rows))
    assert [row.text for row in found] == ["很好", "", "", "", "", "", "Nullpunkt"]
    assert found[1].error is not None
    assert (found[1].error.counts_as, found[1].custom_id) == ("without_text", "2")
    assert "NULL" in found[1].error.detail
    assert [note.facts for note in notes.all() if note.code == "null_values"] == [
        {"count": 5, "values": ["NULL", "\\N", "nan", "无", "-"]}
    ]
    found, _ = read(table(rows), Reading(null_values=("无", "-")))
    assert [row.text for row in found] == ["很好", "NULL", " \\N ", "nan", "", "", "Nullpunkt"]


def typed(kinds: str, reading: Reading) -> tuple[list[Row], Notes]:
    """Return the rows of a sheet of good texts and one cell of each of these kinds."""
    cells = {"n": "666", "d": "2024-05-01", "b": "TRUE", "x": "#N/A", "f": "", "z": ""}
    records = [Record(1, ("编号", "评论")), *(Record(n, (f"a{n}", "很好")) for n in range(2, 9))]
    records += [Record(n, (f"b{n}", cells[kind]), f"s{kind}") for n, kind in enumerate(kinds, start=9)]
    return read(Table(iter(records), head=records), reading, "xlsx")


def test_a_cell_that_is_no_text_fails_by_its_kind() -> None:
    found, notes = typed("ndbxfz", Reading())
    assert [row.error.code if row.error else row.text for row in found[7:]] == [
        "666",  # people write numbers, and a spreadsheet takes them for such
        *("not_a_text", "not_a_text", "error_cell", "formula_without_value", "empty_text"),
    ]
    assert {"error_cells", "formulas_without_value", "rows_without_text"} == {note.code for note in notes.all()}
    found, _ = typed("db", Reading(text_column=("评论",)))
    assert [row.text for row in found[7:]] == ["2024-05-01", "TRUE"], "whoever names the column wants them"


def test_surplus_cells_fail_a_row_only_if_they_hold_something() -> None:
    rows = ["编号|评论|星", "1|很好|5| |", "2|有一个|逗号|5", "3|不好", "4"]
    found, notes = read(table(rows), Reading(keep_columns=True))
    assert [row.error.code if row.error else row.text for row in found] == ["很好", "ragged_row", "不好", "ragged_row"]
    assert [row.cells for row in found] == [("1", "5"), ("2", "逗号"), ("3", ""), ("4", "")]
    assert [row.custom_id for row in found] == ["1", "2", "3", "4"]
    assert [note.facts for note in notes.all() if note.code == "surplus_cells"] == [{"count": 1}]
    found, notes = read(table(rows), kind="xlsx")
    assert [row.error.code if row.error else row.text for row in found][1:3] == ["有一个", "不好"], "cells have places"


@pytest.mark.parametrize("mark", ['="{}"', "\t{}", "{}\t", "'{}", "`{}"])
def test_marks_that_spreadsheets_need_are_taken_off_ids_alone(mark: str) -> None:
    rows = ["订单号|评论|单价", *(f"{mark.format(f'00{n}')}|'很好'{n}|{mark.format(n)}" for n in range(3))]
    found, notes = read(table(rows), Reading(keep_columns=True))
    assert [row.custom_id for row in found] == ["000", "001", "002"]
    assert found[1].text == "'很好'1"
    assert found[1].cells == (mark.format("001"), mark.format(1)), "kept cells stay as they are"
    assert [note.facts for note in notes.all()] == [{"count": 3}]


def test_an_apostrophe_of_one_id_is_a_part_of_it() -> None:
    found, notes = read(table(["id|评论", "'a|很好", "b|不好"]))
    assert [row.custom_id for row in found] == ["'a", "b"]
    assert not notes.all()


def test_ids_that_repeat_or_are_rounded_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ["订单号|评论", *(f"1.23456789012346E+17|很好{n}" for n in range(4)), "a|不好", "b|不错"]
    _, notes = read(table(rows))
    assert {note.code: note.facts["count"] for note in notes.all()} == {"ids_repeat": 3, "ids_rounded": 4}
    monkeypatch.setattr("api.ingest.recognition.ids.IDS_COMPARED", 2)
    _, notes = read(table(["id|评论", *(f"{n}|很好{n}" for n in (1, 2, 3, 1))]))
    assert {note.code: note.facts["count"] for note in notes.all()} == {"ids_repeat": 1, "ids_not_compared": 1}


def test_headings_that_come_again_are_no_row() -> None:
    found, notes = read(table(["id|评论", "1|很好", "id|评论", "2|不好"]))
    assert [row.text for row in found] == ["很好", "不好"]
    assert {note.code: note.facts for note in notes.all()} == {"lines_not_read": {"count": 1}}


def book(**sheets: list[list[object]]) -> bytes:
    made = Workbook()
    assert made.active is not None
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        sheet.sheet_state = "hidden" if title.startswith("藏") else "visible"
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


NOTICE: list[list[object]] = [["本表由系统导出，请勿修改"], ["共两个月"]]
MAY: list[list[object]] = [["编号", "评论"], ["a1", "很好"], ["a2", "不好"]]
JUNE: list[list[object]] = [["编号", "评论"], ["b1", "还行"]]
GOODS: list[list[object]] = [
    ["货号", "商品名称", "说明"],
    ["A1001", "耳机", "音质很好"],
    ["A1002", "手表", "很轻"],
]
SUMMARY: list[list[object]] = [["label", "rows"], ["negative", 2], ["positive", 3]]


@pytest.mark.parametrize(
    ("sheets", "asked", "read", "others"),
    [
        ({"说明": NOTICE, "五月": MAY, "六月": JUNE}, None, "五月", ["说明", "六月"]),
        ({"商品": GOODS, "五月": MAY}, None, "五月", ["商品"]),
        ({"汇总": SUMMARY, "五月": MAY, "空": []}, None, "五月", ["汇总"]),
        ({"藏": MAY, "六月": JUNE}, None, "六月", ["藏"]),
        ({"五月": MAY, "六月": JUNE}, "六月", "六月", ["五月"]),
        ({"五月": MAY, "六月": JUNE}, "2", "六月", ["五月"]),
        ({"藏": MAY, "六月": JUNE}, "藏", "藏", ["六月"]),
        ({"五月": MAY}, None, "五月", None),
    ],
)
def test_the_sheet_with_the_texts_is_read(
    sheets: dict[str, list[list[object]]], asked: str | None, read: str, others: list[str] | None
) -> None:
    with File(iter([book(**sheets)]), Reading(file_name="a.xlsx", sheet=asked), LIMITS) as file:
        assert file.format.sheet == read
        noted = [note.facts for note in file.format.notes if note.code == "sheets_not_read"]
        assert noted == ([{"sheet": read, "others": others}] if others else [])
        assert all(row.error is None for row in file.rows())


def test_headings_are_in_the_row_that_is_named() -> None:
    data = "甲,乙\n丙,丁\n很好,1\n不好,2\n".encode()
    with File(iter([data]), Reading(header_row=2), LIMITS) as file:
        assert (file.format.header_row, file.columns.names, file.columns.first_line) == (2, ("丙", "丁"), 3)
        assert [row.text for row in file.rows()] == ["很好", "不好"]
    with File(
        iter([book(六月=[["甲"], ["丙", "丁"], ["很好", 1], ["不好", 2]])]), Reading(header_row=2), LIMITS
    ) as file:
        assert [row.text for row in file.rows()] == ["很好", "不好"]
    late = ("上,下\n" * 80 + data.decode()).encode()
    with File(iter([late]), Reading(header_row=82), LIMITS) as file:
        assert [row.text for row in file.rows()] == ["很好", "不好"]
    with pytest.raises(InvalidInput) as refused:
        File(iter([data]), Reading(header_row=9), LIMITS)
    assert refused.value.errors[0].pointer == "/header_row"


def test_a_file_that_is_only_looked_at_need_not_have_texts() -> None:
    data = "订单号,价格\n1,9.9\n2,8.8\n".encode()
    with File(iter([data]), Reading(), LIMITS, is_shown=True) as file:
        assert (file.format.text_column, file.format.text_numbers, len(file.sample)) == (None, (), 2)
    with pytest.raises(InvalidInput):
        File(iter([data]), Reading(), LIMITS)
