"""What every backend owes the engine, on one small random network that all of them load."""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from sentiq.engine import Engine, LongTexts, ModelError, Prediction

pytest.importorskip("torch")
from transformers import BertConfig

from tools.benchmarks.random_model import VOCABULARY_SIZE, build, write_model

BACKENDS = ["openvino", "onnx", "torch"]
#: How far a probability may lie from float32's in torch: rounding apart, and with bfloat16 where the processor has it.
EXACT, ROUNDED = 1e-4, 0.03
TEXTS = [
    "菜很好吃，下次还来", "服务员态度太差了", "一般", "屏幕有划痕，客服半天不回，再也不买了", "😀", "very good", "",
    "等了一个小时" * 9,
]  # fmt: skip
OVERLONG = "房间干净安静，早餐一般。" * 20


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model")
    config = BertConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=128,
        initializer_range=0.2,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporters announce their successors
        write_model(directory, build(config), int8=False)
    return directory


@pytest.fixture(scope="module")
def expected(model_dir: Path) -> list[Prediction]:
    return Engine.load(model_dir, backend="torch", float32=True).classify(TEXTS)


@pytest.fixture(scope="module", params=BACKENDS)
def engine(request: pytest.FixtureRequest, model_dir: Path) -> Engine:
    loaded = Engine.load(model_dir, backend=request.param)
    loaded.warm()
    return loaded


def probabilities(predictions: list[Prediction]) -> list[tuple[float, ...]]:
    return [prediction.probabilities for prediction in predictions]


def assert_close(actual: list[Prediction], expected: list[Prediction], tolerance: float) -> None:
    np.testing.assert_allclose(probabilities(actual), probabilities(expected), rtol=0, atol=tolerance)
    for one, other in zip(actual, expected, strict=True):
        if abs(other.probabilities[0] - 0.5) > tolerance:
            assert np.argmax(one.probabilities) == np.argmax(other.probabilities)


def test_the_texts_tell_the_labels_apart(expected: list[Prediction]) -> None:
    shares = [prediction.probabilities[0] for prediction in expected]
    assert min(shares) < 0.4
    assert max(shares) > 0.6


@pytest.mark.parametrize("backend", BACKENDS)
def test_in_float32_the_answers_are_those_of_torch(backend: str, model_dir: Path, expected: list[Prediction]) -> None:
    assert_close(Engine.load(model_dir, backend=backend, float32=True).classify(TEXTS), expected, EXACT)


def test_the_answers_are_those_of_torch_but_for_rounding(engine: Engine, expected: list[Prediction]) -> None:
    assert_close(engine.classify(TEXTS), expected, ROUNDED)


def test_a_batch_gives_each_text_the_answer_it_has_alone(engine: Engine) -> None:
    texts = [f"{'好吃' * (number % 40)}{number}" for number in range(100)]
    assert_close(engine.classify(texts), [engine.classify([text])[0] for text in texts], ROUNDED)


def test_every_shape_of_the_ladder_runs(engine: Engine) -> None:
    for size, widths in engine._ladder.items():
        for width in widths:
            logits = engine._blank(size, width)
            assert logits.shape == (size, 2)
            assert logits.dtype == np.float32
            assert np.isfinite(logits).all()


def test_no_texts_no_predictions(engine: Engine) -> None:
    assert engine.classify([]) == []


def test_an_answer_outlives_the_next_one(engine: Engine) -> None:
    first = engine._blank(1, 16)
    kept = first.copy()
    engine.classify(TEXTS)
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("long_texts", get_args(LongTexts))
def test_long_texts(long_texts: LongTexts, engine: Engine, model_dir: Path) -> None:
    reference = Engine.load(model_dir, backend="torch", float32=True)
    texts = [OVERLONG, *TEXTS]
    answers = engine.classify(texts, long_texts)
    assert_close(answers, reference.classify(texts, long_texts), ROUNDED)
    assert [answer.truncated for answer in answers] == [long_texts != "windows"] + [False] * len(TEXTS)


def test_two_forked_children_answer_at_once_as_their_parent(engine: Engine) -> None:
    texts = [f"{'味道一般' * (number % 30)}{number}" for number in range(200)]
    expected = engine.classify(texts)

    def work() -> list[Prediction]:
        engine.prove()
        return engine.classify(texts)

    assert in_forks(work, 2) == [expected, expected]


def in_forks(work: Callable[[], Any], count: int) -> list[Any]:
    """What `work` returns in each of `count` children that run at once."""
    fork = multiprocessing.get_context("fork")
    children, receivers = [], []
    for _ in range(count):
        receiver, sender = fork.Pipe(duplex=False)
        children.append(fork.Process(target=lambda sender=sender: sender.send(work())))
        children[-1].start()
        sender.close()  # so that recv() ends with an error should the child die
        receivers.append(receiver)
    try:
        for receiver in receivers:
            assert receiver.poll(60)
        return [receiver.recv() for receiver in receivers]
    finally:
        for child in children:
            child.kill()
            child.join()


@pytest.mark.parametrize(
    ("backend", "library"), [("openvino", "openvino"), ("onnx", "onnxruntime"), ("torch", "torch")]
)
def test_a_missing_library_is_named_with_the_remedy(
    backend: str, library: str, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, f"sentiq.engine.backends.{backend}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModelError, match=f"SENTIQ_BACKEND={backend}: .*{library}.*; install .*requirements/"):
        Engine.load(model_dir, backend=backend)


@pytest.mark.parametrize(
    ("backend", "file"), [("openvino", "model.xml"), ("onnx", "model.onnx"), ("torch", "model.safetensors")]
)
def test_a_missing_file_is_named_by_the_backend_that_needs_it_alone(
    backend: str, file: str, model_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in model_dir.iterdir():
        if path.name != file:
            (copy / path.name).symlink_to(path)
    for name in BACKENDS:
        if name == backend:
            with pytest.raises(ModelError, match=rf"no readable .*{file}.*prepare the model again"):
                Engine.load(copy, backend=name)
        else:
            Engine.load(copy, backend=name).prove()
