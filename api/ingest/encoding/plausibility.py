"""Tells how plausible it is that people wrote a text, by its characters: mojibake is made of rare ones."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter

# The commonest characters of Chinese reviews, simplified and traditional, commonest first.
_COMMON = (
    "，的。不是了一我有！好這这很人個个用就還在还沒到没看都來来也大麼么要上你時时户说以可多能得小點天点心過过本為为子后後下書书太買真买會会們们感和想"
    "哈？去錯自错中家覺觉出間间那里然對对生但次比…发啊電面电給给他樣道样最現開现开實实説說戶吃、發什服果着店情送只前作年而房事快喜起愛無如爱无差意機"
    "机分己價地价歡欢酒知經常東经东之别別讓让些手話度话所方學國学国打完吧回再於于動其动行非又当全明老理質裝種装质務外种务才住定第做量音成文兩當望两新"
    "直內問内影问版加像貨货高幾几：候美者較品讀较著读裡西餐水裏頭头怎因“特日片同被正”力越淚少三重泪更安味單已格今单難难聽物听部性把收主早車評合车且"
    "總评從相总結員从结员體題体女氣气容题等視视包便笑張星法每张晚入寫死写友兒值平儿口放二滿解接满應月長該长应该原信網油樂网算活乐挺客嗎吗關关京超嘻通"
    "進見进身见失受位色字門她门場清场帶带呢公錢般十媽钱》《妈花光半跟謝）與此谢（台聲与系声工費费孩希流配路期微提名飯饭走演白熱風风剛热邊簡边刚简朋語"
    "速記语節慢論记找整节论何劇故剧圖強图近强確寶确宝思換設换；拍盤设雖盘適虽級海适觀级卡观推件夠反复够歌購武购態市程世眼态呵精干睡漢男汉拿表業變四业"
    "变～馬商马選洗选菜它認待认代始畫并象套画深卻保却並病持處翻玩处師離遠离师線远线連訂怕连订五賣號卖各教号求顯游显傷元伤華及华先周啦悲空考神卓專講肉"
    "哥親貴讲亲贵根专黑界使樓楼钟式化竟史置哪遊改退數言居計照数請牛计腦准请準脑目历標萬護标万醫碟致或久医易試护至誰制需谁试效足午告建歷終基調终调赞型"
    "舒狂管爛產薦产烂荐山注區·区屏條鐘轉床細转条细段拉穿百交絕頻首續频辦绝支將续北修办抓極金将許掉极假傳統消識害壞许统功環传环坏识叫英南類幫遞城递类"
    "帮任博底料運运角景亮必煩向導烦議存苦导议利由哦搞典款戰呀温懂火战棒怒塊块境覆香皮戲充句紙戏達纸鼓習掌幕达乾习贊優輯优姐奇另備譯班臺施願您备唱辑曲"
    "愿命黃夜译黄幸低—宜似福硬驚印惊預板集頁紅预切夢页輕红髮舊除份轻梦民旧站館馆擇決敢决择乎示恶筆衣笔往圾隨垃臉米倒哭響喝訴息靜响啥静随脸鮮诉鲜狗步"
    "冷鍵例键刻麻遇蘋苹排秒司王器聯破取雞詞联念鸡興廣錄广兴词趣千藏录封刷缺尽引林未歲義毛岁短士賓宾爸春亂偷軟留初义软拜院乱盒停彩旅恐允暈報报晕抱昨形"
    "斷牌断科票懷怀指免攜技社携立逼造嚴食疫严跑遍雙巴忍具卫陽青篇阳播豆浪痛双疑醒助斯突獨爾普独敬隔尔補州政怪週补麗甜奶況健况淨褲介裤净丽雨蛋緊忘默防"
    "紧涼濟济資凉靠毒街坐资驗嘛按累粉證散背验飛八術证术廳厅飞幹章落码碼負室際順查负僅維唯际惜顺仅维騙衰模素骗絲丝永禮迷惠德礼尼繼炎继蒙圍趕围赶盜課偏"
    "據课顧堅即据盗編坚肺顾肯層牀淡述编层聊江"
)
_HIRAGANA = "のいるをたはにしてがでとなすれかりまもっこさらんきよ"  # that Japanese texts have most
_HANGUL = (
    "이다는의에하고가을지로도기한사어서나자그리은인아있를시대것해수들과일보스정으전여만라부면주요공게안"  # Korean ones
)
_WESTERN = "éèàâêîôûçëïüöäßñíóáúãõåøæ’"  # letters and the apostrophe that European texts have most
_RANKS = {character: rank for rank, character in enumerate(_COMMON)}

IMPOSSIBLE = (
    -18.0
)  #: half a surrogate pair, a control character of the upper half, a private-use or unassigned character
ASCII = -3.7
NUL = -9.0
#: Natural logarithms of the shares of further characters in texts, by the first and last of each range.
_RANGES = (
    (0x3041, 0x3096, -6.5),  # hiragana
    (0x30A1, 0x30FC, -6.7),  # katakana
    (0x3000, 0x303F, -9.2),  # punctuation
    (0x2010, 0x203A, -7.5),
    (0xFE10, 0xFE19, -11.5),  # punctuation of vertical lines
    (0xFF01, 0xFF5E, -8.0),  # wide ASCII
    (0x2460, 0x249B, -9.2),  # ①
    (0x1F300, 0x1FAFF, -9.2),  # emoji
    (0x2600, 0x27BF, -9.2),
    (0xFE0F, 0xFE0F, -9.2),
    (0x200D, 0x200D, -9.2),
    (0x20AC, 0x20AC, -8.5),  # €
    (0xC0, 0xFF, -7.0),  # letters of western languages
    (0xA0, 0xBF, -9.2),
    (0x391, 0x451, -10.0),  # Greek and Cyrillic
    (0xFF61, 0xFF9F, -11.5),  # half-width katakana
    (0x4E00, 0x9FFF, -16.0),  # Chinese characters of no standard list
    (0x100, 0x6FF, -11.5),  # Hebrew, Arabic
    (0xE00, 0xE7F, -11.5),  # Thai
    (0x2000, 0x2BFF, -11.5),  # signs and lines
    (0x2E80, 0x33FF, -11.5),
    (0xAC00, 0xD7A3, -13.8),
)
# One Chinese or Korean character between two small letters is what an accented letter and its neighbour become.
_FLANKED = re.compile(r"(?<=[a-z])[一-鿿가-힣](?=[a-z])")
_FLANKED_COST = 5.0
_KANA = re.compile("[\u3041-\u30fc]")


def plausibility(text: str, rarest: float = IMPOSSIBLE) -> float:
    """Return the natural logarithm of the chance that people write this text, its characters taken one by one.

    No character but an impossible one counts as rarer than `rarest`.
    """
    total = -_FLANKED_COST * len(_FLANKED.findall(text))
    for character, count in Counter(text).items():
        chance = _log_share(character)
        total += count * (chance if chance == IMPOSSIBLE else max(chance, rarest))
    return total


def kana(text: str) -> int:
    """Return the number of Japanese letters."""
    return len(_KANA.findall(text))


@functools.lru_cache(maxsize=1 << 16)
def _log_share(character: str) -> float:
    code = ord(character)
    if code < 0x80:
        return ASCII if code >= 0x20 or character in "\t\n\r" else NUL if code == 0 else -6.0
    if (rank := _RANKS.get(character)) is not None:
        return math.log(0.19 / (rank + 15))  # fits the counts within a tenth
    if character in _HIRAGANA or character in _HANGUL:
        return -5.2
    if character in _WESTERN:
        return -4.7
    if 0x4E00 <= code <= 0x9FFF and _is_listed(character):
        return -11.3
    if 0xAC00 <= code <= 0xD7A3 and _has_code(character, "euc_kr"):
        return -8.5
    if 0xE000 <= code <= 0xF8FF or code >= 0xF0000 or 0xD800 <= code <= 0xDFFF or code < 0xA0:
        return IMPOSSIBLE
    return next((log for first, last, log in _RANGES if first <= code <= last), IMPOSSIBLE + 1)


def _is_listed(character: str) -> bool:
    """Whether a Chinese character is in one of the national lists of those that are in use."""
    return (
        _has_code(character, "gb2312")
        or _has_code(character, "big5", b"\xc7")
        or _has_code(character, "euc_jp", b"\xd0")
    )


def _has_code(character: str, codec: str, below: bytes = b"\xff") -> bool:
    try:
        return character.encode(codec) < below
    except UnicodeEncodeError:
        return False
