"""Which column of a table holds the labels that people gave, and which one says where a row comes from."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from api.ingest.recognition.names import plain
from sentiq.evaluation.label_names import KNOWN, cell_label

#: Headings that say it, the surest first; as `plain` gives them.
_SURE_WORDS = """label labels sentiment sentimentlabel labelsentiment goldlabel gold truelabel polarity
    sentimentpolarity 情感 情感标签 情感倾向 情感极性 情感类别 情感分类
    情绪 标签 标注 标注结果 人工标注 人工标签 极性 倾向 正负面"""
#: Headings that may say it: the cells must be names or numbers of sentiments.
_UNSURE_WORDS = """emotion emotionlabel target class category tag tags y answer
    类别 分类 类型 评价 结果 倾向性 情绪标签"""
_SOURCE_WORDS = "source sources domain dataset corpus 来源 数据来源 渠道 平台 领域"
_SURE, _UNSURE, _SOURCES = (words.split() for words in (_SURE_WORDS, _UNSURE_WORDS, _SOURCE_WORDS))

_SENTIMENTS = frozenset(KNOWN.values())
NUMBERS = frozenset(("-1", "0", "1", "2"))  #: that labels of sentiments often are
MOST_LABELS = 20  #: different ones of a column, among the first rows
LABEL_CHARS = 40
USUAL_SHARE = 0.9  #: of the cells under a sure heading that are sentiments; the others may be misspelt


def label_column(
    names: Sequence[str], rows: Sequence[Sequence[str]], but: Collection[int], *, is_any: bool = True
) -> int | None:
    """Return the place of the column of labels, by its heading and by its values being few; None where none is sure.

    `names` are the headings ("column 1" … where the file has none) and `rows` the first rows; `but` are columns that
    hold the texts. A column all of whose cells are names of sentiments is one under any heading. Without `is_any`,
    labels other than those of sentiments and their numbers are none.
    """
    ranks = {at: _rank(name, [row[at] for row in rows if at < len(row)], is_any) for at, name in enumerate(names)}
    places = [at for at, rank in ranks.items() if rank is not None and at not in but]
    return min(places, key=lambda at: (ranks[at], at), default=None)


def source_column(names: Sequence[str], rows: Sequence[Sequence[str]], but: Collection[int]) -> int | None:
    """Return the place of the column whose heading says that it holds the source of a row; its values are few."""
    for at, name in enumerate(names):
        values = {row[at] for row in rows if at < len(row)}
        if at not in but and plain(name) in _SOURCES and len(values) <= MOST_LABELS and any(values):
            return at
    return None


def _rank(name: str, cells: Sequence[str], is_any: bool) -> int | None:
    """Return how far behind the surest a column comes; None where it is none of labels."""
    found = [label for cell in cells if (label := cell_label(cell))]
    values = set(found)
    if not values or len(values) > MOST_LABELS or any(len(value) > LABEL_CHARS for value in values):
        return None
    heading = plain(name)
    are_usual = values <= _SENTIMENTS | NUMBERS
    usual = sum(label in _SENTIMENTS or label in NUMBERS for label in found)
    if heading in _SURE and (usual >= USUAL_SHARE * len(found) or (is_any and len(values) <= max(2, len(found) // 2))):
        return _SURE.index(heading)
    if heading in _UNSURE and are_usual:
        return len(_SURE) + _UNSURE.index(heading)
    return len(_SURE) + len(_UNSURE) if values <= _SENTIMENTS and len(values) > 1 else None
