"""The words of a workbook beside its rows, in English and Chinese."""

from __future__ import annotations

from api.schemas.results import Language
from sentiq.core.labels import LABELS_ZH
from sentiq.jobs.types import FAILED, WITHOUT_TEXT, RowError

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "results": "results",
        "summary": "summary",
        "index": "index",
        "custom_id": "custom_id",
        "text": "text",
        "label": "label",
        "score": "score",
        "note": "note",
        FAILED: "failed",
        WITHOUT_TEXT: "without text",
        "rows": "rows",
        "share": "share",
        "all": "all",
        "truncated": "truncated",
        "model": "model",
        "language": "language",
        "positive_share": "share of positive",
        "chart": "rows by label",
        "others": "all others",
        "empty": "(empty)",
        "read_in_part": "longer than the model reads: read in part",
        "stood_in": "answered by the bundled model {model}",
        "cut": "{heading}: cut at {units} characters, the limit of a cell",
        "column": "column {number}",
    },
    "zh": {
        "results": "结果",
        "summary": "汇总",
        "index": "序号",
        "custom_id": "编号",
        "text": "文本",
        "label": "情感",
        "score": "置信度",
        "note": "备注",
        FAILED: "失败",
        WITHOUT_TEXT: "无文本",
        "rows": "行数",
        "share": "占比",
        "all": "总计",
        "truncated": "超长",
        "model": "模型",
        "language": "语言",
        "positive_share": "积极占比",
        "chart": "各情感行数",
        "others": "其他",
        "empty": "（空）",
        "read_in_part": "超出模型可读长度，只读取了一部分",
        "stood_in": "由内置模型 {model} 作答",
        "cut": "“{heading}”超出单元格上限，在 {units} 个字符处截断",
        "column": "第 {number} 列",
    },
}

#: Reasons why a row has no label; a reason that is missing here is shown as the service words it.
_REASONS_ZH = {
    "empty_text": "没有文本",
    "text_too_long": "文本过长",
    "nul_character": "文本含有空字符（U+0000）",
    "invalid_unicode": "文本含有无效字符",
    "undecodable": "部分字节不属于文件的编码",
    "invalid_id": "编号过长",
    "error_cell": "单元格是工作簿的错误值",
    "formula_without_value": "公式没有保存计算结果",
    "not_a_text": "单元格不是文本",
    "ragged_row": "单元格数量与列数不符",
    "misplaced_quote": "引号位置不当",
    "cell_too_long": "单元格过长",
    "line_too_long": "该行过长",
    "invalid_json": "该行不是有效的 JSON",
    "invalid_item": "该行的 JSON 不含可用的文本",
    "duplicate_name": "JSON 中有重复的名称",
    "inference_failed": "模型处理失败",
    "model_unavailable": "模型不可用",
}


class Words:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self._zh = language == "zh"
        self._words = _WORDS[language]
        self.between = "；" if self._zh else "; "

    def __call__(self, name: str, **values: object) -> str:
        return self._words[name].format(**values) if values else self._words[name]

    def label(self, label: str) -> str:
        return LABELS_ZH.get(label, label) if self._zh else label

    def outcome(self, name: str) -> str:
        """Return the word for a label, or for what a row without one is counted as."""
        return self(name) if name in (FAILED, WITHOUT_TEXT) else self.label(name)

    def reason(self, error: RowError) -> str:
        reason = _REASONS_ZH.get(error.code) if self._zh else None
        if reason is None:
            return error.detail
        return reason if error.line is None else f"第 {error.line} 行：{reason}"
