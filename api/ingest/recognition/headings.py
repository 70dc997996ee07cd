"""Which record of a table has the headings. Titles, remarks and empty rows may be above it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from api.ingest.recognition.cells import has_sentence, is_text
from api.ingest.recognition.names import Kind, Meaning, meaning, plain

REMARKS = 3  #: rows of remarks below the headings, at most
LABEL_CHARS = 30  #: of a heading that nobody listed

#: What a row below the headings says of how they are to be filled in.
_REMARK = re.compile(
    r"[(（]?(?:必填|选填|非必填|示例|样例|填写说明|(?:required|optional|mandatory|example)\b).*|"
    r"open-ended response|response|开放式回答|填空题?|单选题?|多选题?|简答题?|文本|字符串|数字|日期|"
    r"string|text|varchar\S*|u?int(?:eger|[0-9]+)?|float[0-9]*|double|bool(?:ean)?|uuid|bigint|date(?:time)?(?:32|64)?(?:\(.*\))?|"
    r"(?:nullable|lowcardinality|decimal|enum[0-9]*|array|fixedstring)\(.*\)|:?-{2,}:?",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"^#|^//|^sep=|[:：]\s*$|导出|汇总|报表|明细|列表|清单|统计|数据|[0-9]{4}\s*年|export|report", re.IGNORECASE
)
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_.-][A-Za-z0-9]+)+|[a-z]+[A-Z][A-Za-z0-9]*|[A-Z][a-z]?[0-9]{1,3}")
#: How a survey asks for a text.
_QUESTION = re.compile(
    r"(?:Q?[0-9]+\s*[.、:：．]?\s*)?(?:请问)?(?:请(?:写|留|输入|填|谈|描述|详|分享|简)|您对|您的(?:宝贵|其他|意见|建议)|您.*[？?]$)"
)
_SPOKEN = re.compile(r"[:：@/，。！!]")
_WORD = re.compile(r"[A-Za-z]\w*", re.ASCII)
_CHINESE = re.compile(r"[㐀-鿿豈-﫿]")

Cells = Sequence[str]


def find(rows: Sequence[Cells], asked: Collection[str]) -> int | None:
    """Return the place of the row with the headings among the first rows of a table; None where there are none.

    `asked` are the headings that the sender names.
    """
    wanted = {plain(name) for name in asked if not name.isdigit()}
    best, most = None, 0
    for at, row in enumerate(rows):
        if wanted and any(plain(cell) in wanted for cell in row):
            return at
        known = _known(row)
        if known > most and _stands_above(rows, at):
            best, most = at, known
    return _unlisted(rows) if best is None else best


def remarks(rows: Sequence[Cells], headings: int) -> int:
    """Return how many rows below the headings are no data: remarks on how to fill them in, headings once more."""
    below = [_filled(row) for row in rows[headings + 1 : headings + 1 + REMARKS]]
    machine = [at for at, cells in enumerate(below) if all(cell.startswith('{"ImportId"') for cell in cells)]
    if machine:
        return machine[0] + 1  # as Qualtrics writes them, with the questions above
    is_remark = [
        all(map(_REMARK.fullmatch, cells)) or (len(cells) > 1 and _known(cells) == len(cells)) for cells in below
    ]
    return is_remark.index(False) if False in is_remark else 0


def _known(row: Cells) -> int:
    """Return how many cells are headings that are known; 0 for a row that does not read as one of headings."""
    cells = _filled(row)
    meanings = [_meaning(cell) for cell in cells]
    known = sum(found.is_whole and found.kind is not Kind.UNKNOWN for found in meanings)
    is_clear = any(found.is_whole and found.kind in (Kind.TEXT, Kind.ID) for found in meanings)
    if not is_clear and not 3 <= known == len(cells):
        return 0
    if len(row) == 1 and _SPOKEN.search(cells[0]) and not _QUESTION.match(cells[0]):
        return 0  # a short text of such words, as "缺点："
    others = [cell for cell, found in zip(cells, meanings, strict=True) if not found.is_whole]
    if sum(not is_text(cell) and not cell.startswith("#") for cell in others) > known // 2:
        return 0
    if known == 1 and any(len(cell) > LABEL_CHARS or has_sentence(cell) for cell in others):
        return 0
    return known


def _meaning(cell: str) -> Meaning:
    """Return what a heading says; a question of a survey is known as a whole."""
    found = meaning(cell)
    return found._replace(is_whole=found.is_whole or (found.kind is Kind.TEXT and bool(_QUESTION.match(cell))))


def _stands_above(rows: Sequence[Cells], at: int) -> bool:
    """Tell whether what is above a row are titles and remarks, and none of its cells is a value of its column."""
    cells = _filled(rows[at])
    kinds = [meaning(cell).kind for cell in cells if meaning(cell).is_whole]
    is_sure = len(kinds) == len(cells) > 2 and Kind.TEXT in kinds and Kind.UNKNOWN not in kinds and at <= REMARKS
    for above in () if is_sure else rows[:at]:
        filled = _filled(above)
        is_title = any(map(_TITLE.search, filled[:1])) or (len(filled) == 1 < len(cells))
        if len(filled) >= len(cells) and not is_title:
            return False
        if 1 < len(filled) < len(cells) and not is_title and len(filled) * 2 > len(cells):
            return False
    for place, cell in enumerate(rows[at]):
        if cell.strip() and meaning(cell).kind is not Kind.UNKNOWN:
            for below in rows[at + 1 :]:
                if place < len(below) and below[place] == cell and list(below) != list(rows[at]):
                    return False
    return True


def _unlisted(rows: Sequence[Cells]) -> int | None:
    """Return the place of a row of headings that nobody listed: short words above cells that are unlike them."""
    usual = sorted(len(_filled(row)) for row in rows)[len(rows) // 2]
    at = next((n for n, row in enumerate(rows) if len(_filled(row)) * 2 >= usual), 0)
    if at + 1 >= len(rows):
        return None
    row, body = [cell.strip() for cell in rows[at]], rows[at + 1 :]
    cells = _filled(row)
    columns = [[below[n].strip() for below in body if n < len(below) and below[n].strip()] for n in range(len(row))]
    numbered = [cell for cell in row if cell]
    if numbered == [str(n) for n in range(len(numbered))] and any(map(_is_prose, columns)):
        return at  # as pandas writes a table whose columns have no names
    if len(set(cells)) < len(cells) or any(not is_text(cell) and not _IDENTIFIER.fullmatch(cell) for cell in cells):
        return None
    unlike = sum(map(_is_unlike, row, columns))
    if len(row) > 1 and unlike > 1:
        return at
    if any(len(cell) > LABEL_CHARS or has_sentence(cell) for cell in cells):
        return None
    if len(row) == 1 and not _IDENTIFIER.fullmatch(row[0]) and any(map(is_text, columns[0])):
        return None  # of short texts in one column, the first is no heading because others are longer
    return at if unlike or (len(row) > 1 and any(map(_is_prose, columns)) and _is_foreign(row, columns)) else None


def _is_foreign(row: Cells, columns: Sequence[Sequence[str]]) -> bool:
    """Tell whether words in Latin letters stand above columns of which all with texts are Chinese.

    Above single words it is enough if one is, as above texts and what they were translated from.
    """
    texts = [column for column in columns if any(map(is_text, column))]
    if not all(map(str.isascii, row)):
        return False
    if all(map(_WORD.fullmatch, row)) and any(all(map(_CHINESE.search, column)) for column in texts):
        return True
    return all(any(map(_CHINESE.search, column)) for column in texts)


def _is_unlike(heading: str, column: Sequence[str]) -> bool:
    """Tell whether the cells of a column cannot be of the same kind as what stands above them."""
    if not heading or not column:
        return False
    if sum(map(is_text, column)) * 5 <= len(column):
        return is_text(heading) or bool(_IDENTIFIER.fullmatch(heading))
    if _IDENTIFIER.fullmatch(heading):
        return sum(bool(_CHINESE.search(cell)) for cell in column) * 5 >= len(column) * 4
    return _is_prose(column) and sum(map(len, column)) > 2 * len(heading) * len(column)


def _is_prose(column: Sequence[str]) -> bool:
    return bool(column) and sum(map(has_sentence, column)) * 2 >= len(column)


def _filled(row: Cells) -> list[str]:
    return [cell.strip() for cell in row if cell.strip()]
