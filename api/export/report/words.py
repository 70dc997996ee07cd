"""The words of a report, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from api.export.periods import Step
from api.schemas.evaluation import Figure
from api.schemas.results import Language
from sentiq.core.labels import LABELS_ZH
from sentiq.jobs.types import FAILED, WITHOUT_TEXT

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "What people say: {name}",
        "job": "job",
        "file": "file",
        "rows_of_file": "rows",
        "model": "model",
        "ended": "ended",
        "aspect_set": "aspects",
        "chosen": "only rows",
        "contains": "with “{words}”",
        "is": "with {column} = “{value}”",
        "languages": "in the language {codes}",
        "no_rows": "There are no rows to report on.",
        "since": "from {moment}",
        "until": "to {moment}",
        "labels": "What the texts are",
        "label": "label",
        "rows": "rows",
        "share": "share (interval)",
        FAILED: "failed",
        WITHOUT_TEXT: "without text",
        "mend": "What to mend first",
        "nothing": "Nothing stands out: too few texts are negative, or each says something else.",
        "of_rows": "{negative} of {rows} texts that speak of it are negative: {share}. That is {of_all} of all texts.",
        "of_phrase": "{negative} of {rows} texts that have it are negative: {share}. That is {of_all} of all texts.",
        "rise": "In the {step} from {start} it rose by {points} points, which is beyond chance (p = {p}).",
        "they_say": "They say",
        "row": "row {number}",
        "aspects": "Aspects",
        "aspects_note": "{with_aspects} of {rows} texts speak of at least one. First comes the one of which it is "
        "most certain that much is negative.",
        "aspect": "aspect",
        "negative_share": "negative (interval)",
        "timeline": "Over time",
        "timeline_of": "Share of “{label}” by {step}",
        "timeline_note": "The line is the share in each {step}, the band its interval, the dashed line the mean of "
        "{averaged}. A triangle marks a {step} that differs from the one before beyond chance.",
        "begins": "begins",
        "mark": "mark",
        "mean": "mean of {averaged}",
        "undated": "{rows} rows have no date.",
        "numbers": "The numbers",
        "groups": "By {column}",
        "heat": "{column} and aspects",
        "heat_note": "Share of negative among the texts that speak of the aspect, with their number.",
        "others": "all others",
        "empty": "(empty)",
        "phrases": "What negative texts say",
        "phrases_note": "Phrases that set negative texts apart from others, the surest first.",
        "phrases_sampled": "{looked_at} of {rows} negative texts were looked at; numbers are estimates.",
        "phrase": "phrase",
        "negative_rows": "negative rows",
        "example": "example",
        "reading": "How to read this",
        "reading_interval": "Behind each share stands the interval in which, with 95 % confidence, it lies for all "
        "texts like these (Wilson). Few rows have wide intervals: compare these before numbers.",
        "reading_mark": "A mark says that a share changed by more than chance explains: the probability that chance "
        "makes even one mark in the chart is 5 % at most. It does not say why.",
        "reading_model": "Labels were given by the model {model}. It errs with some texts, mostly with irony and with "
        "mixed opinions; shares of many texts are surer than the label of one.",
        "reading_aspects": "A text may speak of several aspects, and of each its own way. Aspects are found by their "
        "words, so what is said in other words is missing.",
        "reading_neutral": "Texts whose two probabilities are nearly the same count as neutral (band {band}).",
        "hour": "hour",
        "day": "day",
        "week": "week",
        "month": "month",
        "rises": "more",
        "falls": "less",
        "texts": "Top texts",
        "text": "text",
        "number": "row",
        "finding": "what",
        "negative": "share of negative",
        "share_of": "share of {label}",
        "of_all": "of all texts",
        "low": "from",
        "high": "to",
        "by_group": "groups",
        "by_group_and_aspect": "groups and aspects",
    },
    "zh": {
        "title": "大家在说什么：{name}",
        "job": "任务",
        "file": "文件",
        "rows_of_file": "行数",
        "model": "模型",
        "ended": "完成于",
        "aspect_set": "方面集",
        "chosen": "仅限",
        "contains": "含“{words}”",
        "is": "{column} = “{value}”",
        "languages": "语言为 {codes}",
        "no_rows": "没有可以报告的行。",
        "since": "自 {moment} 起",
        "until": "至 {moment}",
        "labels": "整体情感",
        "label": "情感",
        "rows": "行数",
        "share": "占比（区间）",
        FAILED: "失败",
        WITHOUT_TEXT: "无文本",
        "mend": "最该先改的",
        "nothing": "没有突出的问题：消极文本太少，或各说各的。",
        "of_rows": "提到它的 {rows} 条中有 {negative} 条消极：{share}。占全部文本的 {of_all}。",
        "of_phrase": "含有它的 {rows} 条中有 {negative} 条消极：{share}。占全部文本的 {of_all}。",
        "rise": "{start} 起的那一{step}上升了 {points} 个百分点，超出偶然波动（p = {p}）。",
        "they_say": "他们说",
        "row": "第 {number} 行",
        "aspects": "各方面",
        "aspects_note": "{rows} 条文本中有 {with_aspects} 条至少提到一个方面。排在最前的，是最能确定消极较多的方面。",
        "aspect": "方面",
        "negative_share": "消极占比（区间）",
        "timeline": "随时间变化",
        "timeline_of": "每{step}“{label}”占比",
        "timeline_note": "实线为每{step}占比，色带为其区间，虚线为{averaged}平均。"
        "三角标出与前一{step}相比变化超出偶然的位置。",
        "begins": "开始",
        "mark": "标记",
        "mean": "{averaged}平均",
        "undated": "{rows} 行没有日期。",
        "numbers": "数据表",
        "groups": "按{column}",
        "heat": "{column}与各方面",
        "heat_note": "提到该方面的文本中消极的占比，及其条数。",
        "others": "其他",
        "empty": "（空）",
        "phrases": "消极文本说了什么",
        "phrases_note": "消极文本区别于其他文本的说法，最确定的在前。",
        "phrases_sampled": "查看了 {rows} 条消极文本中的 {looked_at} 条，行数为估计值。",
        "phrase": "说法",
        "negative_rows": "消极行数",
        "example": "例子",
        "reading": "如何阅读",
        "reading_interval": "每个占比后的区间，是所有同类文本的占比以 95% 的置信度所在的范围（Wilson）。"
        "行数少则区间宽：先比区间，再比数字。",
        "reading_mark": "标记表示占比的变化超出偶然所能解释的范围："
        "整张图中因偶然出现哪怕一个标记的概率不超过 5%。标记不说明原因。",
        "reading_model": "情感由模型 {model} 判断。它会判错一些文本，多为反讽和褒贬兼有的；"
        "大量文本的占比比单条的判断可靠。",
        "reading_aspects": "一条文本可以谈到多个方面，对各方面的看法可以不同。方面按关键词查找，换了说法的会漏掉。",
        "reading_neutral": "两种概率几乎相等的文本算作中性（区间 {band}）。",
        "hour": "小时",
        "day": "天",
        "week": "周",
        "month": "月",
        "rises": "增多",
        "falls": "减少",
        "texts": "典型文本",
        "text": "文本",
        "number": "行",
        "finding": "问题",
        "negative": "消极占比",
        "share_of": "{label}占比",
        "of_all": "占全部文本",
        "low": "区间下限",
        "high": "区间上限",
        "by_group": "分组",
        "by_group_and_aspect": "分组与各方面",
    },
}
_STEPS: Mapping[Language, Mapping[Step, str]] = {
    "en": {"hour": "{n} hours", "day": "{n} days", "week": "{n} weeks", "month": "{n} months"},
    "zh": {"hour": "{n} 小时", "day": "{n} 天", "week": "{n} 周", "month": "{n} 个月"},
}


class Words:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._words = _WORDS[language]
        self.between = "、" if language == "zh" else ", "

    def __call__(self, name: str, /, **values: object) -> str:
        return self._words[name].format(**values) if values else self._words[name]

    def label(self, name: str) -> str:
        """Return the word for a label, or for what a row without one is counted as."""
        if name in (FAILED, WITHOUT_TEXT):
            return self(name)
        return LABELS_ZH.get(name, name) if self.language == "zh" else name

    def steps(self, step: Step, number: int) -> str:
        """Return so many steps of time."""
        return _STEPS[self.language][step].format(n=number)

    def value(self, value: str | None) -> str:
        """Return a value of a column; None: all others."""
        return self("others") if value is None else value or self("empty")

    def percent(self, figure: Figure) -> str:
        """Return a share with its interval."""
        between = "{} ({} to {})" if self.language == "en" else "{}（{}–{}）"
        value, low, high = (f"{100 * share:.1f}" for share in (figure.value, figure.low, figure.high))
        return between.format(f"{value}%", low, high)
