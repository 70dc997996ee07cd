"""In which language a text is: short reviews above all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiq.core.languages import language_code
from sentiq.engine.detecting import UNKNOWN, detect

OF_SCRIPTS = {
    "zh": [
        "差评", "垃圾", "赞", "很好吃", "一般般", "發貨快，包裝好", "唔該，呢間舖頭好正", "iPhone 15 Pro Max真香",
        "WiFi信号差，APP闪退，APPLE CARE也不给用", "very good 很好", "这个 phone case quality 太差了", "宇宙の最强火锅",
        "@用户 谢谢", "防弹少年团 방탄소년단 好听", "东京大阪京都旅行一般",
    ],
    "ja": ["とても良い商品です", "最悪でした", "おいしい！", "カメラ最高", "配送が遅い。対応も悪い", "ﾊﾝﾊﾞｰｸﾞ"],
    "ko": ["정말 좋아요", "굿", "별로 ㅠㅠ", "가격 대비 괜찮음", "WiFi 속도가 느려요"],
    UNKNOWN: ["", " ", "👍👍", "666", "5", "!!!", "2024-01-01", "★★★★★", "：）", "https://x.cn/a", "a@b.cn"],
}  # fmt: skip
OF_ALPHABETS = {
    "en": ["very good", "love it", "Terrible service, never again.", "I love 火锅, it is the best food in this town"],
    "fr": ["Très bon produit, je recommande"],
    "de": ["Sehr gut, schnelle Lieferung"],
    "es": ["El servicio fue terrible"],
    "ru": ["Ужасный сервис"],
    "th": ["บริการแย่มาก"],
    "vi": ["Sản phẩm rất tốt"],
    "ar": ["الخدمة سيئة للغاية"],
}


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in OF_SCRIPTS.items() for text in texts])
def test_languages_with_a_script_of_their_own(language: str, text: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in OF_ALPHABETS.items() for text in texts])
def test_languages_with_alphabets(language: str, text: str) -> None:
    assert detect(text) == language


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_has_a_language_or_none(text: str) -> None:
    found = detect(text)
    assert found == UNKNOWN or language_code(found)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("zh", "zh"), ("zh-CN", "zh"), ("zh_TW", "zh"), ("ZH-Hant-TW", "zh"), ("cmn", "zh"), ("中文", "zh"),
        ("English", "en"), ("en-US", "en"), ("eng", "en"), ("日语", "ja"), (" ko ", "ko"), ("haw", "haw"),
        ("cn", "zh"), ("jp", "ja"), ("nld", "nl"), ("繁體中文", "zh"),
        ("", ""), ("?", ""), ("xx", ""), ("und", ""), ("mul", ""), ("zz-CN", ""),
        ("unknown language", ""), ("x", ""), ("4", ""),
    ],
)  # fmt: skip
def test_codes_as_people_write_them(written: str, code: str) -> None:
    assert language_code(written) == code
