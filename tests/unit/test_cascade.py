"""A pair of models: who answers which text, how the pair is found in the store, and what names its answers."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from sentiq.engine import Cascade, Engine, LongTexts, ModelError, Prediction, StoredPair
from sentiq.engine.cascade import open_stored
from sentiq.engine.pairs import STUDENT, TEACHER, find, list_all, pair_manifest
from sentiq.engine.registry import ModelManifest
from tests.support.models import BUNDLED, copy_contrary, copy_model, dividing_threshold, make_pair, write_model
from tests.support.paths import BUNDLED_MODEL
from tests.support.texts import sentences

BINARY = ("negative", "positive")


def described(name: str, labels: Sequence[str] = BINARY, **changed: Any) -> ModelManifest:
    model_id, _, version = name.partition("@")
    fields: dict[str, Any] = {"max_tokens": 512, "backends": {"openvino": "int8", "onnx": "int8"}} | changed
    return ModelManifest(
        model_id, version or "1", tuple(labels), pad_id=0, precision="int8", source="", files={}, **fields
    )


class Stub:
    """An engine that says of a text what its words say: the probabilities of its labels."""

    def __init__(self, name: str, labels: Sequence[str] = BINARY) -> None:
        self.manifest = described(name, labels)
        self.asked: list[tuple[str, ...]] = []
        self.proven = 0

    def classify(self, texts: Sequence[str], long_texts: LongTexts = "truncate") -> list[Prediction]:
        self.asked.append(tuple(texts))
        return [Prediction(tuple(map(float, text.split())), long_texts == "truncate") for text in texts]

    def warm(self) -> int:
        return 7

    def prove(self) -> None:
        self.proven += 1


def cascade(student: Stub, teacher: Stub, threshold: float) -> Cascade:
    return Cascade(cast(Engine, student), cast(Engine, teacher), threshold)


def test_the_student_answers_where_it_is_sure_and_the_teacher_the_rest() -> None:
    student, teacher = Stub("small"), Stub("large")
    pair = cascade(student, teacher, 0.75)
    texts = ["0.9 0.1", "0.5 0.5", "0.25 0.75", "0.7 0.3"]

    answers = pair.classify(texts, "windows")

    assert [answer.given_by for answer in answers] == [STUDENT, TEACHER, STUDENT, TEACHER]
    assert [answer.probabilities for answer in answers] == [(0.9, 0.1), (0.5, 0.5), (0.25, 0.75), (0.7, 0.3)]
    assert not any(answer.truncated for answer in answers)
    assert (student.asked, teacher.asked) == ([tuple(texts)], [("0.5 0.5", "0.7 0.3")])


def test_a_teacher_that_nobody_needs_is_not_asked() -> None:
    teacher = Stub("large")
    assert [a.given_by for a in cascade(Stub("small"), teacher, 0.5).classify(["0.5 0.5"])] == [STUDENT]
    assert teacher.asked == []


def test_labels_in_another_order_are_put_in_that_of_the_teacher() -> None:
    pair = cascade(Stub("small"), Stub("large", ("positive", "negative")), 0.8)
    sure, unsure = pair.classify(["0.9 0.1", "0.6 0.4"])
    assert pair.manifest.labels == ("positive", "negative")
    assert (sure.probabilities, unsure.probabilities) == ((0.1, 0.9), (0.6, 0.4))


def test_both_are_warmed_and_proven() -> None:
    student, teacher = Stub("small"), Stub("large")
    pair = cascade(student, teacher, 0.8)
    pair.prove()
    assert (pair.warm(), student.proven, teacher.proven) == (14, 1, 1)


def test_the_name_of_a_pair_follows_from_its_models_and_its_threshold() -> None:
    small, large = ("small@1", "small@2"), ("large@1", "large@2")
    names = {
        pair_manifest(described(one), described(other), threshold).name
        for one, other, threshold in itertools.product(small, large, (0.9, 0.9000001))
    }
    assert len(names) == 8
    assert {name.partition("@")[0] for name in names} == {"small+large"}
    again = pair_manifest(described("small@1"), described("large@1"), 0.9)
    assert again.name in names
    assert again.parts == ("small@1", "large@1")


@pytest.mark.parametrize(
    ("student", "teacher", "message"),
    [
        (described("small"), described("large", ("neutral", "positive")), "neutral, positive; both need the same"),
        (described("small", backends={"onnx": "int8"}), described("large", backends={"torch": "f32"}), "no backend"),
    ],
)
def test_models_that_make_no_pair_are_refused(student: ModelManifest, teacher: ModelManifest, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        pair_manifest(student, teacher, 0.9)


def store_of_two(root: Path) -> Path:
    write_model(root / "a", id="small", max_tokens=128)
    write_model(root / "b", id="hub/large", precision="f32", max_tokens=512)
    return root


def test_a_pair_is_found_by_its_models_and_stands_beside_them(tmp_path: Path) -> None:
    made = make_pair(store_of_two(tmp_path), "small", "hub/large", 0.93)

    for name in ("small+hub/large", "small@1+hub/large", "small+hub/large@1", made.manifest.name):
        assert find([tmp_path], name) == made
    assert not isinstance(find([tmp_path], "small"), StoredPair)
    found, problems = list_all([tmp_path])
    assert ([model.manifest.id for model in found], problems) == (["hub/large", "small", "small+hub/large"], [])
    manifest = made.manifest
    assert (manifest.max_tokens, manifest.precision, manifest.backends) == (
        128,
        "int8 and f32",
        {"openvino": "int8 and f32"},
    )
    assert made.directory.name == f"small+hub--large@{manifest.version}"


def test_the_newest_fit_of_a_pair_is_served_and_the_older_one_keeps_its_name(tmp_path: Path) -> None:
    older = make_pair(store_of_two(tmp_path), "small", "hub/large", 0.93)
    os.utime(older.directory / "cascade.json", (1, 1))
    newer = make_pair(tmp_path, "small", "hub/large", 0.97)

    assert find([tmp_path], "small+hub/large") == newer
    assert find([tmp_path], older.manifest.name).directory == older.directory


def test_a_pair_that_was_not_fitted_is_refused_with_the_command_that_fits_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no fitted pair 'small\+hub/large'.*sentiq-cascade small hub/large TEXTS"):
        find([store_of_two(tmp_path)], "small+hub/large")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"student": "small@1", "teacher": "hub/large@1"}', '{"threshold": "x"}']
)
def test_a_damaged_pair_hides_no_model_and_is_named(tmp_path: Path, content: str) -> None:
    pair = make_pair(store_of_two(tmp_path), "small", "hub/large", 0.93)
    (pair.directory / "cascade.json").write_text(content, encoding="utf-8")

    assert len(list_all([tmp_path])[0]) == 2
    with pytest.raises(ModelError, match=r"cascade\.json is damaged.*fit the pair again"):
        find([tmp_path], "small+hub/large")


def test_a_pair_whose_model_is_not_there_any_more_says_so(tmp_path: Path) -> None:
    make_pair(store_of_two(tmp_path), "small", "hub/large", 0.93)
    (tmp_path / "a" / "manifest.json").unlink()
    with pytest.raises(ModelError, match=r"its student 'small@1' is not in the store.*sentiq-cascade small hub/large"):
        find([tmp_path], "small+hub/large")


def test_real_models_answer_as_each_of_them_does_alone(tmp_path: Path) -> None:
    copy_contrary(tmp_path, "contrary")
    alone, texts = Engine.load(BUNDLED_MODEL), [*sentences(30), sentences(1)[0]]
    threshold = dividing_threshold(alone, texts[:-1])
    pair = make_pair(tmp_path, BUNDLED, "contrary", threshold)
    opened = open_stored(
        find([tmp_path, BUNDLED_MODEL.parent], f"{BUNDLED}+contrary"), backend="openvino", token_budget=64
    )

    answers = opened.classify(texts)

    assert opened.manifest == pair.manifest
    assert {answer.given_by for answer in answers} == {STUDENT, TEACHER}
    for answer, own in zip(answers, alone.classify(texts), strict=True):
        is_sure = max(own.probabilities) >= threshold
        assert answer.given_by == (STUDENT if is_sure else TEACHER)
        positive_first = own.probabilities[::-1] if is_sure else own.probabilities
        assert answer.probabilities == pytest.approx(positive_first, abs=0.01)


def test_what_is_stored_of_a_pair_is_for_people_too(tmp_path: Path) -> None:
    copy_model(tmp_path, "second")
    pair = make_pair(tmp_path, BUNDLED, "second", 0.9)
    content = json.loads((pair.directory / "cascade.json").read_text(encoding="utf-8"))
    assert (content["teacher"], content["threshold"]) == ("second@c0ffee", 0.9)
