"""Routes: each text goes to the model of its language, and several models answer as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiq import Analyzer
from sentiq.core.routes import parse_routes
from sentiq.engine import Engine, ModelError, Router
from sentiq.engine.registry import find_model
from sentiq.engine.routing import StoredRoutes, find_any, open_any
from tests.support.models import BUNDLED, copy_contrary, copy_model, make_multilingual, make_pair
from tests.support.paths import BUNDLED_MODEL

ROUTES = f"zh={BUNDLED},*=tri"
CHINESE = ["菜很好吃，下次还来", "房間又髒又吵，非常失望"]
OTHERS = ["とても良い商品です", "정말 좋아요"]
WITHOUT_LANGUAGE = ["👍👍", "666", "★★★★★"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    make_multilingual(store, "tri")
    copy_contrary(store, "contrary")
    make_pair(store, BUNDLED, "contrary", 0.99)
    return store


def roots(store: Path) -> list[Path]:
    return [store, BUNDLED_MODEL.parent]


@pytest.fixture(scope="module")
def router(store: Path) -> Router:
    found = open_any(find_any(roots(store), ROUTES), backend="openvino")
    assert isinstance(found, Router)
    return found


@pytest.fixture(scope="module")
def chinese() -> Engine:
    return Engine.load(BUNDLED_MODEL)


@pytest.fixture(scope="module")
def tri(store: Path) -> Engine:
    return Engine.load(store / "tri")


def test_each_text_is_answered_by_the_model_of_its_language(router: Router, chinese: Engine, tri: Engine) -> None:
    texts = [CHINESE[0], OTHERS[0], WITHOUT_LANGUAGE[0], OTHERS[1], CHINESE[1], *WITHOUT_LANGUAGE[1:]]
    found = router.classify(texts)
    assert router.manifest.labels == ("negative", "positive", "neutral")
    for text, prediction in zip(texts, found, strict=True):
        own = tri if text in OTHERS else chinese
        [expected] = own.classify([text])
        of_model = dict(zip(own.manifest.labels, expected.probabilities, strict=True))
        said = dict(zip(router.manifest.labels, prediction.probabilities, strict=True))
        assert said == pytest.approx({"neutral": 0.0} | of_model, abs=1e-5)
        assert router.manifest.parts[prediction.given_by - 1] == own.manifest.name


def test_the_labels_of_each_part_are_named(router: Router) -> None:
    assert router.manifest.part_labels == (("negative", "positive"), ("negative", "neutral", "positive"))


@pytest.mark.parametrize(("language", "model"), [("zh", BUNDLED), ("ja", "tri"), ("xx", "tri"), ("", BUNDLED)])
def test_a_language_has_a_model(language: str, model: str, router: Router) -> None:
    assert router.branch(language).model.manifest.id == model


def test_routes_are_found_by_what_they_are_called(store: Path) -> None:
    found = find_any(roots(store), ROUTES)
    assert isinstance(found, StoredRoutes)
    assert found.manifest.id == ROUTES
    assert find_any(roots(store), found.manifest.name).manifest == found.manifest
    exact = find_any(roots(store), f"zh={find_model(roots(store), BUNDLED).manifest.name},*=tri@5eed")
    assert exact.manifest == found.manifest


def test_routes_of_an_older_version_are_found_beside_a_newer_one(store: Path, tmp_path: Path) -> None:
    older = copy_model(tmp_path, "two")
    before = find_any(roots(tmp_path), f"zh={BUNDLED},*=two").manifest.name
    copy_model(tmp_path, "newer", id="two", version="f00d")
    (older / "manifest.json").touch()
    (tmp_path / "newer" / "manifest.json").touch()
    after = find_any(roots(tmp_path), f"zh={BUNDLED},*=two").manifest.name
    assert after != before
    assert find_any(roots(tmp_path), before).manifest.parts[1] == "two@c0ffee"
    assert find_any(roots(tmp_path), after).manifest.parts[1] == "two@f00d"


def test_a_pair_may_answer_a_language(store: Path) -> None:
    stored = find_any(roots(store), f"zh={BUNDLED}+contrary,*=tri")
    router = open_any(stored, backend="openvino")
    names = router.manifest.parts
    assert [name.partition("@")[0] for name in names] == [BUNDLED, "contrary", "tri"]
    given = {names[prediction.given_by - 1] for prediction in router.classify([*CHINESE, "一般般", *OTHERS])}
    assert names[2] in given
    assert given & set(names[:2])


def test_a_model_of_several_languages_is_loaded_once(store: Path) -> None:
    router = open_any(find_any(roots(store), f"zh={BUNDLED},ja=tri,*=tri"), backend="openvino")
    assert isinstance(router, Router)
    assert len(router.manifest.parts) == 2
    assert router.branch("ja").model is router.branch("ko").model


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("zh=a", r"no model answers other languages than zh: add \*=MODEL"),
        ("zh=a,*=", r"'\*=' is no route: write a language and its model"),
        ("a,b", "'a' is no route"),
        ("zh=a,,*=b", "'' is no route"),
        ("zh=a=b,*=c", "'zh=a=b' is no route"),
        (" ", "'' is no route"),
        ("chinese=a,*=b", "'chinese' in 'chinese=a' is no code of a language: write zh"),
        ("zh-CN=a,*=b", "'zh-CN' in 'zh-CN=a' is no code of a language: write zh"),
        ("eng=a,*=b", "'eng' in 'eng=a' is no code of a language: write en"),
        ("xx=a,*=b", "'xx' in 'xx=a' is no code of a language: write the code of ISO 639"),
        ("zh=a,zh=b,*=c", "'zh' has two models, 'a' and 'b': write each language once"),
    ],
)
def test_what_are_no_routes_is_refused_with_the_part_and_what_to_write(written: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_routes(written)


def test_a_model_that_is_not_there_is_named(store: Path) -> None:
    with pytest.raises(ModelError, match=r"\*=nowhere: no model 'nowhere'"):
        find_any(roots(store), f"zh={BUNDLED},*=nowhere")


def test_models_without_a_common_backend_are_refused(store: Path, tmp_path: Path) -> None:
    copy_model(tmp_path, "torch-only", backends={"torch": "f32"})
    with pytest.raises(ModelError, match="no backend runs all"):
        find_any([tmp_path, *roots(store)], f"zh={BUNDLED},*=torch-only")


def test_a_notebook_reads_long_and_blank_texts_and_a_neutral_band_with_routes(store: Path) -> None:
    analyzer = Analyzer(ROUTES, model_root=store)
    texts = ["菜很好吃。" * 300, "一般般吧，还行"]
    *chinese, blank, japanese = analyzer.classify([*texts, " ", OTHERS[0]], long_texts="windows", neutral_band=0.49)
    alone = Analyzer().classify(texts, long_texts="windows", neutral_band=0.49)
    assert [(answer.label, answer.truncated) for answer in chinese] == [(one.label, one.truncated) for one in alone]
    assert chinese[1].label == "neutral"
    assert (blank.label, blank.probabilities, blank.model) == (None, {}, analyzer.manifest.name)
    assert japanese.label == max(japanese.probabilities, key=lambda label: japanese.probabilities[label])


def test_a_notebook_that_asks_for_wrong_routes_is_told_which_part_is_wrong(store: Path) -> None:
    for routes, reason in ((f"zh={BUNDLED},*=nowhere", r"\*=nowhere: no model 'nowhere'"), ("zh-CN=a,*=b", "write zh")):
        with pytest.raises(ModelError, match=reason):
            Analyzer(routes, model_root=store)


def test_a_notebook_may_ask_routes(store: Path) -> None:
    answers = Analyzer(ROUTES, model_root=store).classify([CHINESE[0], OTHERS[0]])
    assert [answer.model.partition("@")[0] for answer in answers] == [BUNDLED, "tri"]
    assert [list(answer.probabilities) for answer in answers] == [
        ["negative", "positive"],
        ["negative", "neutral", "positive"],
    ]
