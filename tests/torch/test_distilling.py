"""sentiq-distil, from a teacher and texts to a student that the engine loads."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("peft", reason="sentiq-distil needs peft: requirements/tuning.in")

from sentiq.engine import Engine, ModelError
from sentiq.engine.registry import StoredModel, measured, read_manifest, verify_files
from tests.support.models import BUNDLED, copy_contrary
from tests.support.paths import BUNDLED_MODEL
from tests.torch.checkpoints import structbert
from tools.distilling import answers, students
from tools.distilling.__main__ import main
from tools.distilling.answers import ask
from tools.distilling.teachers import Answers, OwnTeacher, Piece, ServiceTeacher, find_teacher
from tools.distilling.texts import UNKNOWN, Corpus, gather
from tools.labelled import LabelledError
from tools.prepare.__main__ import main as prepare
from tools.training import export, fit, learn, outputs, tokens

# transformers and torch's exporters announce changes of their own.
pytestmark = pytest.mark.filterwarnings("ignore")

THINGS = ["菜", "房间", "手机", "书", "电影", "服务", "快递", "衣服", "耳机", "景点"]
WORDS = {"负面": ["很差", "糟糕", "特别烂", "失望", "后悔"], "正面": ["很好", "不错", "特别棒", "好吃", "满意"]}
LABELS = ("negative", "positive")


def texts(count: int, seed: int) -> dict[str, str]:
    """Texts that differ, of several clauses, and their labels."""
    dice = random.Random(seed)
    made: dict[str, str] = {}
    while len(made) < count:
        label = dice.choice(list(WORDS))
        clauses = [dice.choice(THINGS) + dice.choice(WORDS[label]) for _ in range(dice.randint(1, 3))]
        made["，".join(clauses) + dice.choice("。！~")] = label
    return made


def plain(path: Path, count: int, seed: int = 1) -> Path:
    path.write_text("\n".join(texts(count, seed)) + "\n", encoding="utf-8")
    return path


def table(path: Path, count: int, seed: int = 2) -> Path:
    rows = [f"{text},{label},店{len(text) % 2}" for text, label in texts(count, seed).items()]
    path.write_text("\n".join(["评论,标签,来源", *rows]) + "\n", encoding="utf-8")
    return path


def arguments(folder: Path, *given: Path | str) -> list[str]:
    places = ["--store", str(folder / "store"), "--report", str(folder / "report"), "--threads", "1"]
    return [*map(str, given), *places]


def only(store: Path) -> Path:
    [directory] = store.glob("*@*")
    return directory


def content(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# -- The bundled architecture ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A student of the bundled model, and the command that made it."""
    folder = tmp_path_factory.mktemp("student")
    given: list[Path | str] = [BUNDLED, plain(folder / "texts.txt", 150), "--id", "team/small", "--epochs", "2"]
    given += ["--labelled", table(folder / "labelled.csv", 100), "--test", table(folder / "test.csv", 40, seed=3)]
    command = arguments(folder, *given)
    assert main(command) == 0
    return SimpleNamespace(folder=folder, command=command, directory=only(folder / "store"))


def test_a_student_is_complete_and_answers_like_its_teacher(student: SimpleNamespace) -> None:
    manifest = read_manifest(student.directory)
    assert (manifest.id, manifest.labels, manifest.precision) == ("team/small", LABELS, "int8")
    verify_files(student.directory, manifest)
    engine = Engine.load(student.directory)
    engine.prove()
    unseen = ["菜很好，服务满意。", "房间糟糕！", "书不错，电影特别棒~", "快递失望，后悔。"]
    said, taught = (
        [int(np.argmax(answer.probabilities)) for answer in each.classify(unseen)]
        for each in (engine, Engine.load(BUNDLED_MODEL))
    )
    assert said == taught


def test_its_figures_are_of_texts_it_did_not_learn_from(student: SimpleNamespace) -> None:
    metrics = content(student.directory / "metrics.json")
    found = measured(StoredModel(student.directory, read_manifest(student.directory), 0.0))
    assert found is not None
    assert found.texts == metrics["texts"]["test"] == 40
    assert found.accuracy == metrics["int8"]["accuracy"] > 0.7
    low, high = metrics["teacher_agreement_interval"]
    assert low < metrics["teacher_agreement"] <= high
    assert metrics["teacher"]["accuracy"] > 0.7
    assert set(metrics["int8"]["by_source"]) == {"店0", "店1"}
    assert metrics["size_bytes"] > 1_000_000
    assert metrics["int8_fp32_agreement"] > 0.9


def test_its_card_and_report_tell_the_figures(student: SimpleNamespace) -> None:
    metrics = content(student.directory / "metrics.json")
    card = (student.directory / "README.md").read_text(encoding="utf-8")
    assert f"{metrics['int8']['accuracy']:.4f}" in card
    assert f"{metrics['teacher_agreement']:.1%}" in card
    report = content(student.folder / "report" / "report.json")
    assert report["model"] == read_manifest(student.directory).name
    assert report["distilled"]["teacher"] == read_manifest(BUNDLED_MODEL).name
    assert report["comparison"]["difference"]
    assert (student.folder / "report" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_no_text_is_in_the_student(student: SimpleNamespace) -> None:
    for path in student.directory.iterdir():
        held = path.read_bytes()
        assert not [text for text in list(texts(30, 1)) if len(text) > 6 and text.encode() in held], path.name


def test_the_same_command_finds_what_it_made(student: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(student.command) == 0
    assert "is distilled and intact" in capsys.readouterr().out


def test_interrupted_the_student_is_the_same(
    student: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = [part.replace(str(student.folder / "store"), str(tmp_path / "store")) for part in student.command]

    def interrupt(line: str) -> None:
        if "epoch 2 of 2" in line:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("tools.distilling.bundled.say", interrupt)
        assert main(again) == 130
    assert "interrupted; the same command goes on from here" in capsys.readouterr().err
    assert list((tmp_path / "store").glob("*@*")) == []
    assert main(again) == 0
    assert "epoch 1 of 2" not in capsys.readouterr().out
    assert only(tmp_path / "store").name == student.directory.name  # the version is that of the weights
    assert [path.name for path in (tmp_path / "store" / ".distilling").iterdir()] == ["answers"]


def test_a_teacher_of_three_labels_has_a_student_of_three(tmp_path: Path) -> None:
    names = ["negative", "neutral", "positive"]
    kinds = {"特别烂": 0, "一般": 1, "特别棒": 2}
    known = [f"{thing}{word}{end}" for thing in THINGS for word in kinds for end in "。！~？"]
    made = tokens.build_tokenizer(known)
    ids = tokens.encode(made, known)
    wanted = outputs.one_hot(
        np.array([kinds[text[-4:-1] if text[-4:-1] in kinds else text[-3:-1]] for text in known]), 3
    )
    targets = learn.Targets(wanted, fit.smoothed(wanted))
    size = made.get_vocab_size()
    parts = learn.learn(ids, targets, (ids, wanted), vocabulary=size, seed=1, epochs=1, report=print)
    export.write_model(
        tmp_path / "three", parts.network(int8=False), made, {"id": "three", "source": "a test"}, names, "f32"
    )
    (tmp_path / "texts.txt").write_text("\n".join(known) + "\n", encoding="utf-8")
    assert main(arguments(tmp_path, tmp_path / "three", tmp_path / "texts.txt", "--epochs", "1")) == 0
    directory = only(tmp_path / "store")
    manifest = read_manifest(directory)
    assert (manifest.id, list(manifest.labels)) == ("three-student", names)
    answered = Engine.load(directory).classify(["书特别烂。", "书一般！", "书特别棒~"])
    assert [int(np.argmax(answer.probabilities)) for answer in answered] == [0, 1, 2]
    assert measured(StoredModel(directory, manifest, 0.0)) is None  # nobody has labelled anything
    assert content(directory / "metrics.json")["teacher_agreement"] > 0.9


# -- The teacher's own layers ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a prepared encoder of two layers."""
    folder = tmp_path_factory.mktemp("encoder")
    checkpoint = str(structbert(folder / "base"))
    assert prepare([checkpoint, "--store", str(folder / "store"), "--min-agreement", "0"]) == 0
    return folder / "store"


def test_the_first_layers_of_a_teacher_learn(encoder: Path, tmp_path: Path) -> None:
    given: list[Path | str] = [
        only(encoder),
        plain(tmp_path / "texts.txt", 200),
        "--student",
        "layers:1",
        "--epochs",
        "1",
    ]
    assert main([*arguments(tmp_path, *given), "--min-agreement", "0"]) == 0
    directory = only(tmp_path / "store")
    manifest = read_manifest(directory)
    assert (manifest.id, manifest.labels) == ("base-student", LABELS)
    assert content(directory / "config.json")["num_hidden_layers"] == 1
    assert manifest.calibration.temperature != 1
    Engine.load(directory).prove()
    assert 0 < content(directory / "metrics.json")["teacher_agreement"] <= 1


def test_as_many_layers_as_the_teacher_has_are_refused(
    encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(tmp_path, only(encoder), plain(tmp_path / "texts.txt", 60), "--student", "layers:2")
    assert "the teacher has 2 layers; take fewer" in refused(command, capsys)


# -- The teacher's answers -------------------------------------------------------------------------------------------


class Told:
    """A teacher that answers 0.25 and 0.75, unless a text is in `silent`; it notes what it is asked."""

    labels: Sequence[str] = LABELS

    def __init__(self, name: str = "told@1", silent: Sequence[str] = ()) -> None:
        self.name = name
        self.asked: list[str] = []
        self._silent = silent

    def answers(self, pieces: Sequence[Piece]) -> Iterator[Answers]:
        for piece in pieces:
            self.asked += piece
            yield np.array([[np.nan] * 2 if text in self._silent else [0.25, 0.75] for text in piece], np.float32)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PIECE_TEXTS", 10)


@pytest.mark.usefixtures("small_pieces")
def test_only_what_was_not_answered_before_is_asked(tmp_path: Path) -> None:
    asked = list(texts(35, 1))
    teacher = Told()
    assert ask(teacher, asked[:20], tmp_path).tolist() == [[0.25, 0.75]] * 20
    assert ask(teacher, asked, tmp_path).shape == (35, 2)
    assert teacher.asked == asked
    other = Told("told@2")
    ask(other, asked, tmp_path)
    assert other.asked == asked


@pytest.mark.usefixtures("small_pieces")
def test_what_was_answered_before_an_interruption_stays(tmp_path: Path) -> None:
    class Ending(Told):
        def answers(self, pieces: Sequence[Piece]) -> Iterator[Answers]:
            yield from super().answers(pieces[:2])
            raise KeyboardInterrupt

    asked = list(texts(35, 1))
    with pytest.raises(KeyboardInterrupt):
        ask(Ending(), asked, tmp_path)
    teacher = Told()
    ask(teacher, asked, tmp_path)
    assert teacher.asked == asked[20:]


def test_a_few_texts_without_an_answer_are_left_out_and_many_are_an_error(tmp_path: Path) -> None:
    asked = list(texts(40, 1))
    found = ask(Told(silent=asked[:2]), asked, tmp_path / "few")
    corpus = Corpus(asked, np.full(40, UNKNOWN), [""] * 40, list(range(30)), [30, 31], [38, 39])
    assert students.lessons(corpus, found).learning == list(range(2, 30))
    with pytest.raises(ModelError, match="no answer to 20 of 40 texts"):
        ask(Told(silent=asked[:20]), asked, tmp_path / "many")
    assert not list((tmp_path / "many").iterdir())  # they are asked again


def test_a_label_by_people_counts_half_and_alone_where_the_teacher_is_silent() -> None:
    labels = np.array([1, 0, UNKNOWN])
    corpus = Corpus(["甲", "乙", "丙"], labels, [""] * 3, [0, 1, 2], [], [])
    found = students.lessons(corpus, np.array([[0.6, 0.4], [np.nan, np.nan], [0.1, 0.9]], dtype=np.float32))
    assert found.mixed(found.people).round(6).tolist() == [[0.3, 0.7], [1.0, 0.0], [0.1, 0.9]]
    assert found.truth.round(6).tolist() == [[0.0, 1.0], [1.0, 0.0], [0.1, 0.9]]


def test_several_processes_answer_what_one_does() -> None:
    pieces = [list(texts(count, count)) for count in (7, 9)]
    model = find_teacher(BUNDLED, BUNDLED_MODEL.parent)
    for one, two in zip(OwnTeacher(model, 1).answers(pieces), OwnTeacher(model, 2).answers(pieces), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_answers_of_a_model_that_stood_in_for_the_teacher_do_not_count() -> None:
    rows = [
        SimpleNamespace(model="big@1", probabilities={"positive": 0.75, "negative": 0.25}),
        SimpleNamespace(model="small@1", probabilities={"positive": 0.5, "negative": 0.5}),
        SimpleNamespace(model="big@1", probabilities=None),
    ]
    job = SimpleNamespace(wait=lambda progress: None, results=lambda: rows, delete=lambda: None)
    client: Any = SimpleNamespace(
        models=lambda: [{"id": "big", "version": "1", "labels": list(LABELS)}], submit=lambda texts, **_: job
    )
    [found] = ServiceTeacher(client, "big").answers([["甲", "乙", "丙"]])
    assert found[0].tolist() == [0.25, 0.75]
    assert np.isnan(found[1:]).all()
    with pytest.raises(ModelError, match="no worker has a model 'other'"):
        ServiceTeacher(client, "other")


# -- The texts -------------------------------------------------------------------------------------------------------


def gathered(folder: Path, **given: Any) -> Corpus:
    options: dict[str, Any] = {"text": None, "label": None, "labels": LABELS, "seed": 1, "labelled": None, "test": None}
    return gather([plain(folder / "texts.txt", 200)], **(options | given))


def test_each_text_is_there_once_in_one_part(tmp_path: Path) -> None:
    test = table(tmp_path / "test.csv", 30, seed=1)  # the same as the first texts
    labelled = table(tmp_path / "labelled.csv", 100, seed=1)
    (tmp_path / "texts.txt").write_text("\u200b" + next(iter(texts(1, 1))) + " \n\n \n", encoding="utf-8")
    corpus = gather([tmp_path / "texts.txt"], labelled, test, text=None, label=None, labels=LABELS, seed=1)
    assert corpus.texts == list(texts(100, 1))
    parts = [corpus.learning, corpus.calibrating, corpus.measuring]
    assert sorted(place for part in parts for place in part) == list(range(100))
    assert corpus.measuring == list(range(30))
    assert (corpus.labels != UNKNOWN).all()


def test_without_labels_a_tenth_calibrates_and_a_tenth_measures(tmp_path: Path) -> None:
    corpus = gathered(tmp_path)
    assert [len(part) for part in (corpus.learning, corpus.calibrating, corpus.measuring)] == [160, 20, 20]
    assert not corpus.measured_with_labels()


def test_with_labels_only_texts_that_have_one_are_kept_apart(tmp_path: Path) -> None:
    corpus = gathered(tmp_path, labelled=table(tmp_path / "labelled.csv", 60))
    assert len(corpus.calibrating) == len(corpus.measuring) == 6
    assert (corpus.labels[corpus.calibrating + corpus.measuring] != UNKNOWN).all()


def test_too_few_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelledError, match=r"labelled.csv: only 30 different labelled texts"):
        gathered(tmp_path, labelled=table(tmp_path / "labelled.csv", 30))


def test_crops_are_parts_of_texts_to_learn_from(tmp_path: Path) -> None:
    corpus = gathered(tmp_path)
    more = corpus.with_crops()
    crops = more.texts[len(corpus.texts) :]
    assert len(crops) > 20
    learned = [corpus.texts[place] for place in corpus.learning]
    assert all(any(crop in text and crop != text for text in learned) for crop in crops)
    assert more.learning[len(corpus.learning) :] == list(range(len(corpus.texts), len(more.texts)))
    assert (more.calibrating, more.measuring) == (corpus.calibrating, corpus.measuring)
    assert more.texts == corpus.with_crops().texts


def test_labels_that_are_not_the_teachers_are_refused(tmp_path: Path) -> None:
    labelled = tmp_path / "labelled.csv"
    labelled.write_text("评论,标签\n菜很好,正面\n一般,中性\n", encoding="utf-8")
    with pytest.raises(LabelledError, match="none of negative, positive: row 2: 'neutral'"):
        gathered(tmp_path, labelled=labelled)


# -- Refused before the work -----------------------------------------------------------------------------------------


def refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What standard error says, one line, when nothing has been learned."""
    assert main(command) == 1
    shown = capsys.readouterr()
    assert "ask the teacher" not in shown.out
    assert shown.err.startswith("sentiq-distil: ")
    assert shown.err.count("\n") == 1
    return shown.err


def test_a_teacher_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = arguments(tmp_path, "no-such-model", plain(tmp_path / "texts.txt", 60))
    assert "no model 'no-such-model'" in refused(command, capsys)


def test_a_service_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = arguments(tmp_path, BUNDLED, plain(tmp_path / "texts.txt", 60), "--service", "http://127.0.0.1:9")
    assert "--service: " in refused(command, capsys)


def test_no_texts_and_too_few_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n\n", encoding="utf-8")
    assert str(empty) in refused(arguments(tmp_path, BUNDLED, empty), capsys)
    few = plain(tmp_path / "few.txt", 20)
    assert "only 20 different texts" in refused(arguments(tmp_path, BUNDLED, few), capsys)
    assert str(tmp_path / "none.txt") in refused(arguments(tmp_path, BUNDLED, tmp_path / "none.txt"), capsys)


def test_layers_of_what_has_none_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = arguments(tmp_path, BUNDLED, plain(tmp_path / "texts.txt", 60), "--student", "layers:1")
    assert "has no model.safetensors" in refused(command, capsys)


def test_a_full_disk_is_said_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = arguments(tmp_path, BUNDLED, plain(tmp_path / "texts.txt", 60))
    full = os.statvfs_result([4096, 4096, 1000, 100, 100, 10, 10, 10, 0, 255])
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    assert "MB are free: make room, or name a store on another disk with --store" in refused(command, capsys)


def test_a_damaged_teacher_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = copy_contrary(tmp_path / "models", "contrary")
    (damaged / "model.bin").write_bytes(b"")
    assert main(arguments(tmp_path, damaged, plain(tmp_path / "texts.txt", 60))) == 1
    assert "is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("student", ["small", "layers:0", "layers:"])
def test_a_student_that_there_is_not_is_wrong_usage(student: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([BUNDLED, "texts.txt", "--student", student])
    assert ended.value.code == 2
    assert "neither 'bundled' nor 'layers:N'" in capsys.readouterr().err
