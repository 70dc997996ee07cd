"""What the cells of a column look like: texts that people wrote, or numbers, dates, ids, links and fixed choices."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from api.cell_kinds import BOOLEAN, DATE, DURATION, ERROR, FORMULA, MISSING, NUMBER, STRUCTURE, TIME

HOLDS_NOTHING = frozenset((ERROR, FORMULA, MISSING))  #: kinds of cells without a value
_TYPED = frozenset((NUMBER, BOOLEAN, DATE, TIME, DURATION, STRUCTURE))

_CHOICE_WORDS = """
    好评 中评 差评 好 中 差 优 良 是 否 有 无 男 女 真 假 对 错 满意 不满意 非常满意 很满意 比较满意 较满意 基本满意
    一般 非常不满意 很不满意 不太满意 推荐 不推荐 力荐 还行 较差 很差 正面 负面 中性 中立 积极 消极 正向 负向 正 负
    五星 四星 三星 二星 一星 高 低 已处理 未处理 待处理 已完成 已关闭 处理中 已解决 未解决 已回复 未回复 通过 不通过
    匿名 默认 系统默认 默认好评 true false yes no y n t f pos neg positive negative neutral good bad male female
    open closed pending solved resolved new on hold none null nan na n/a ok done low normal high urgent 普通 紧急 会
    不会 可能会 可能不会 一定会 愿意 不愿意 同意 不同意 非常同意 无所谓 不清楚 不知道 从不 偶尔 经常 有时 总是 优秀
    良好 合格 不合格
"""
#: Answers one chooses instead of writing them.
_CHOICES = frozenset(_CHOICE_WORDS.split())
_MARKS = re.compile(r"[★☆⭐✩✭🌟\s]+[/0-9.]*|[0-9.]+\s*[★☆⭐星分]|[一二两三四五1-5]颗?星")
_UNIT = (
    "(?:%|‰|元|块|分|星|颗星|个|件|条|次|岁|年|天|人|万|亿|千|米|公里|"
    "km|kg|g|ml|cm|mm|m|gb|mb|kb|rmb|cny|usd|eur|hkd|twd|s|ms|h|min)"
)
_NUMBER = re.compile(
    rf"[-+(]?(?:[¥$€£]|nt\$|us\$|hk\$|rmb|cny|usd)?\s*[-+]?[0-9][0-9.,'\s]*(?:e[-+]?[0-9]+)?\)?\s*{_UNIT}?(?:/\w+)?"
)
_RANGE = re.compile(rf"[0-9.]+\s*{_UNIT}?\s*[-~～至/:x*×]\s*[0-9.]+\s*{_UNIT}?(?:以上|以下)?")
#: What is left of a date or a time of a day when these words are taken out: digits and marks.
_DATE_WORDS = re.compile(
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?|(?:mon|tue|tues|wed|wednes|thu|thurs|fri|sat|satur|sun)(?:day)?|(?<=[0-9])(?:st|nd|rd|th)|"
    r"utc|gmt|cst|[ap]m|(?<=[0-9])[tz](?=[0-9]|$)|上午|下午|中午|晚上|凌晨|早上|星期[一二三四五六日天]|周[一二三四五六日]|小时前|分钟前|秒前|天前|昨天|今天|前天|"
    r"小时|分钟|[年月日号时点分秒]"
)
_DATE = re.compile(r"[0-9\s:：./,()+-]*[0-9][0-9\s:：./,()+-]*")
_PLACE = re.compile(
    r"(?:https?|ftp|file|data|mailto)\s*:\S+|//\S+|www\.\S+|\S+@[\w.-]+\.\w+|(?:[a-z]:)?[/\\](?:[\w.-]+[/\\])*[\w.-]*|"
    r"(?:[a-z0-9_.-]+[/\\])+[a-z0-9_.-]*|"
    r"[\w.-]+\.(?:jpe?g|png|gif|webp|bmp|mp[34]|pdf|html?|docx?|xlsx?|csv|txt|zip)|[\w-]+(?:\.[\w-]+)*\.(?:com|cn|net|org|io)(?:/\S*)?",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\+?[0-9(][0-9\s()*x转-]{5,}")
_CODE = re.compile(r"[A-Za-z0-9_\-:/.#*+=|@]+")
_CODE_LONG = 16  #: from so many characters on, a run of letters and digits is a code
_CODE_DIGITS = 4

#: What sentences of people have, and names of people, things and places seldom have.
_SENTENCE = re.compile(
    r"[，。！？；…～]|[!?~]|[.,;]\s|[很没吗吧啊呢呀哦啦嘛挺蛮烂赞爽慢臭脏坑骗]|"
    r"不(?!锈)|太(?!原|阳|平|仓|极|湖|古)|好(?!丽友|莱坞|孩子|市|利来)|差(?!旅|价|速)|快(?!递|手|餐|速|运|船|乐|消)|贵(?!州|阳|宾|金|港)|"
    r"香(?!港|水|菇|草|蕉|肠|烟|薰)|真(?!丝|皮|空)|超(?!市|声|薄|人|清|轻)|极(?!速|光|简|米)|难(?!度)|棒(?!球|棒糖)|值(?!班)|了(?!望)|"
    r"哈(?!尔|密|弗|佛|根)|还(?!款)|喜欢|推荐|满意|失望|一般(?!纳税)|可以|垃圾|感谢|谢谢|希望(?!小学)|觉得|感觉|"
    r"[\U0001F300-\U0001FAFF❤👍👎]|"
    r"\b(?:i|you|we|it|is|was|very|good|great|bad|nice|love|like|this|that|but|so|too|my|have|had|has|"
    r"don't|doesn't|didn't|can't|excellent|poor|terrible|awful|worst|best|perfect|slow|fast|thanks?|fine|well|works?|"
    r"worked|hello|hi|easy|quick|happy|disappointed|recommend)\b",
    re.IGNORECASE,
)


class Look(NamedTuple):
    """What a column looks like in the first rows. Shares are of the cells that hold something, 0 to 1."""

    filled: int  #: cells that hold something
    texts: float  #: share of cells that can be a text
    sentences: float  #: share of cells with words or marks of sentences
    choices: float  #: share of answers that are chosen, such as 好评
    different: int  #: cells that hold something else than those before
    chars: float  #: mean length of a cell
    is_counted: bool  #: all cells are short whole numbers

    @property
    def is_chosen(self) -> bool:
        """Tell whether all cells are answers that one chooses: ratings, yes or no."""
        return self.filled > 0 and self.choices == 1

    @property
    def is_repeated(self) -> bool:
        """Tell whether the same few texts come again and again, such as the name of a product."""
        if self.filled < 8:
            return self.different == 1 and self.filled > 1 and (self.filled > 3 or self.chars >= 8)
        return self.different <= max(1, self.filled // 8)


def look(cells: Iterable[tuple[str, str]], nulls: frozenset[str]) -> Look:
    """Return what the cells of a column, each with its kind, look like."""
    filled = texts = sentences = choices = chars = 0
    seen = set()
    is_counted = True
    for cell, kind in cells:
        text = unicodedata.normalize("NFKC", cell).strip()
        if kind in HOLDS_NOTHING or not text or text in nulls:
            continue
        filled += 1
        chars += len(text)
        seen.add(text)
        is_counted &= text.isdecimal() and len(text) < 11
        if kind in _TYPED or not is_text(text):
            continue
        texts += 1
        choices += text.casefold() in _CHOICES
        sentences += _SENTENCE.search(cell) is not None
    share = 1 / (filled or 1)
    return Look(
        filled,
        texts * share,
        sentences * share,
        choices / (texts or 1),
        len(seen),
        chars * share,
        is_counted and filled > 0,
    )


def is_text(text: str) -> bool:
    """Tell whether a cell can be a text of people: it is no number, date, id, link, phone number or mark."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if not any(char.isalpha() for char in plain):
        # pictures that people write, and what could not be decoded
        return any(unicodedata.category(c) in ("So", "Sk", "Cs", "Cn") for c in plain) and not _MARKS.fullmatch(plain)
    if any(form.fullmatch(plain) for form in (_MARKS, _NUMBER, _RANGE, _PLACE, _PHONE)):
        return False
    if _DATE.fullmatch(_DATE_WORDS.sub(" ", plain)):
        return False
    return not _is_code(plain)


def has_sentence(text: str) -> bool:
    """Tell whether a cell has words or marks of sentences, which headings seldom have."""
    return _SENTENCE.search(text) is not None


def _is_code(text: str) -> bool:
    if not _CODE.fullmatch(text):
        return False
    digits = sum(map(str.isdigit, text))
    return digits >= _CODE_DIGITS or (len(text) >= _CODE_LONG and digits > 0)
