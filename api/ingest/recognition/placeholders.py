"""Cells among the texts that no person wrote as a text: what a shop fills in, and what a table says of itself."""

from __future__ import annotations

import re

MOST_CHARS = 80  #: of such a cell

#: As shops show a review whose buyer wrote nothing: 此用户没有填写评价。, 评价方未及时做出评价,系统默认好评!
_WHO = "(?:[此该]用户|用户|评价方|买家|[您你]|[0-9]{1,3}天内(?:买家|用户))"
_JUDGED = "(?:五星|5星)?(?:好评|满意|评价|评论)"
_FILLED_IN = re.compile(
    rf"(?:{_WHO}(?:没有|未)(?:及时|按时)?(?:(?:填写|[做作]出|发表)(?:任何|文字)?(?:评价|评论|内容)+|评价|评论)"
    rf"(?:[,，]?(?:系统)?(?:自动|默认){_JUDGED})?|系统(?:自动|默认){_JUDGED})[!！。.]*"
)
#: As programs end an export: 导出时间：2026-01-05 10:00, 共 120 条记录, 合计
_MADE = "导出|下载|打印|制表|统计|生成|填表|查询|报表|報表|匯出|列印"
_OF_MAKING = "时间|時間|日期|人员?|人員|单位|單位|部门|部門|账号|帳號|范围|範圍|周期|週期"
_MAKER = "数据来源|資料來源|数据截止|制表人?|审核人?|複核人?|复核人?"
_SUM, _PART = "合计|合計|总计|總計", "小计|小計|汇总|匯總"
_ROW, _ROWS = "条|條|行|份|笔|筆", "记录|記錄|数据|資料|评论|評論|评价|評價|反馈"
_OF_TABLE = re.compile(
    rf"(?:(?:{_MADE})(?:{_OF_MAKING})|{_MAKER})\s*[:：].*"
    rf"|(?:共|{_SUM})\s*[:：]?\s*[0-9,]+\s*(?:(?:{_ROW})(?:{_ROWS})?|{_ROWS})[。.]?"
    rf"|(?:{_SUM}|{_PART})[:：]?"
    r"|(?:exported|generated|printed|downloaded) (?:on|at|by)\b.*"
    r"|(?:grand |sub)?total(?: (?:rows|records|count))?\s*[:：]?\s*[0-9,]*(?: (?:rows|records|items))?",
    re.IGNORECASE,
)
#: What these begin with: a look at it is all that most texts cost.
MAY_BEGIN = frozenset("此该用评买您你系0123456789导下打制统生填查报報匯列数資审複复共合总總小汇egdpstEGDPST")
#: First cells of a row that sums up those above it.
TOTALS = frozenset((*f"{_SUM}|{_PART}".split("|"), "Total", "TOTAL", "Grand Total", "Subtotal"))


def is_filled_in(cell: str) -> bool:
    """Tell whether a shop wrote this where the buyer wrote nothing."""
    return len(cell) <= MOST_CHARS and _FILLED_IN.fullmatch(cell.strip()) is not None


def is_of_table(cell: str) -> bool:
    """Tell whether this says something of the table: when it was exported, how many rows it has, a sum."""
    return len(cell) <= MOST_CHARS and _OF_TABLE.fullmatch(cell.strip()) is not None
