"""The engine with the bundled model: right answers whatever comes in, and no shape it has not warmed."""

from __future__ import annotations

import gc
import multiprocessing
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from sentiq.engine import Engine, ModelError, Prediction
from sentiq.engine.backends import Backend
from sentiq.engine.backends.openvino import small_constants
from tests.support.paths import BUNDLED_MODEL, REPOSITORY

TEXTS = ["菜很好吃，下次还来", "服务员态度太差了", "一般", "屏幕有划痕，客服半天不回，再也不买了", "😀", "very good"]


class Recorder:
    """A backend that notes the shape and the real rows of each batch it hands on."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.library, self.computed = backend.library, backend.computed
        self.shapes: list[tuple[int, ...]] = []

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        self.shapes.append(ids.shape)
        return self.backend.logits(ids, mask)


class Broken:
    """A backend whose answers are of no use, as after a fork it did not survive."""

    library, computed = "none", "f32"

    def __init__(self, answer: NDArray[np.float32]) -> None:
        self.answer = answer

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.answer


@pytest.fixture(scope="module")
def engine() -> Engine:
    loaded = Engine.load(BUNDLED_MODEL)
    loaded.warm()
    return loaded


@pytest.fixture
def recorder(engine: Engine) -> Iterator[Recorder]:
    backend = engine._backend
    engine._backend = recorder = Recorder(backend)
    yield recorder
    engine._backend = backend


def mixed_texts(count: int, seed: int) -> list[str]:
    """Distinct texts of 1 to 700 characters, most of them short."""
    dice = random.Random(seed)
    return [
        f"{number}"
        + "".join(
            dice.choices("的一是不了在人有我他这好坏吃喝玩乐，。", k=min(700, int(dice.lognormvariate(3.3, 1.2))))
        )
        for number in range(count)
    ]


def in_fork(work: Callable[[], Any]) -> Any:
    """What `work` returns in a forked child."""
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    child = fork.Process(target=lambda: sender.send(work()))
    child.start()
    sender.close()
    try:
        assert receiver.poll(60), "the child hangs"
        return receiver.recv()
    finally:
        child.kill()  # it has answered, or never will
        child.join(30)


def test_predictions_are_probabilities_over_the_labels(engine: Engine) -> None:
    for prediction in engine.classify(TEXTS):
        assert len(prediction.probabilities) == len(engine.manifest.labels)
        assert sum(prediction.probabilities) == pytest.approx(1)


def test_no_texts_no_predictions(engine: Engine) -> None:
    assert engine.classify([]) == []


def test_order_is_kept_and_company_does_not_matter(engine: Engine) -> None:
    texts = mixed_texts(200, seed=1)
    together = engine.classify(texts)
    for text, prediction in zip(texts, together, strict=True):
        alone = engine.classify([text])[0]
        assert prediction.probabilities == pytest.approx(alone.probabilities, abs=0.02)
        assert prediction.truncated == alone.truncated
        if abs(alone.probabilities[0] - 0.5) > 0.02:
            assert np.argmax(prediction.probabilities) == np.argmax(alone.probabilities)


def test_duplicates_are_computed_once(engine: Engine, recorder: Recorder) -> None:
    predictions, timings = engine.classify_timed([TEXTS[0]] * 1000)
    assert len(set(predictions)) == 1
    assert (timings.texts, timings.unique_texts) == (1000, 1)
    assert [size for size, _ in recorder.shapes] == [1]


def test_ten_thousand_texts(engine: Engine) -> None:
    distinct = mixed_texts(500, seed=2)
    expected = dict(zip(distinct, engine.classify(distinct), strict=True))
    texts = random.Random(0).choices(distinct, k=10_000)
    predictions = engine.classify(texts)
    assert len(predictions) == 10_000
    for text, prediction in zip(texts, predictions, strict=True):
        assert prediction.probabilities == pytest.approx(expected[text].probabilities, abs=0.02)


def test_an_overlong_text_is_read_up_to_the_limit_and_flagged(engine: Engine) -> None:
    overlong, short = engine.classify(["差" * 100_000, "差"])
    assert overlong.truncated
    assert not short.truncated
    assert engine.classify(["差" * 50_000])[0] == overlong


def test_after_warming_no_shape_is_new(engine: Engine, recorder: Recorder) -> None:
    assert engine.warm() == len(recorder.shapes)
    warmed = set(recorder.shapes)
    engine.prove()
    for length in [*range(1, 64), *range(64, 600, 7)]:
        engine.classify(["好" * length])
    for seed in range(40):
        engine.classify(mixed_texts(random.Random(seed).choice([2, 3, 5, 16, 64, 200]), seed))
    assert set(recorder.shapes) == warmed


def test_the_timings_account_for_the_work(engine: Engine) -> None:
    _, timings = engine.classify_timed(TEXTS * 2)
    assert (timings.texts, timings.unique_texts) == (2 * len(TEXTS), len(TEXTS))
    assert sum(batch.texts for batch in timings.batches) == len(TEXTS)
    assert all(0 < batch.inference_s < timings.inference_s for batch in timings.batches)
    assert 0 < timings.tokens <= timings.padded_tokens
    assert timings.tokenise_s > 0
    assert timings.inference_s > 0


def test_a_forked_child_answers_as_its_parent(engine: Engine) -> None:
    texts = mixed_texts(50, seed=3)
    expected = engine.classify(texts)

    def work() -> list[Prediction]:
        engine.prove()
        return engine.classify(texts)

    assert in_fork(work) == expected


def test_a_forked_child_loads_a_model_whatever_its_parent_has_dropped(engine: Engine) -> None:
    expected = engine.classify(TEXTS)
    for dropped in (2, 1, 0):  # what stood in for them at the fork before may have made room for others
        networks = [Engine.load(BUNDLED_MODEL) for _ in range(dropped)]
        networks.clear()
        gc.collect()
        assert in_fork(lambda: Engine.load(BUNDLED_MODEL).classify(TEXTS)) == expected


def test_a_child_that_drops_what_it_inherited_loads_again(engine: Engine) -> None:
    inherited = [Engine.load(BUNDLED_MODEL)]
    expected = inherited[0].classify(TEXTS)

    def work() -> list[Prediction]:
        inherited.clear()
        gc.collect()
        return Engine.load(BUNDLED_MODEL).classify(TEXTS)

    assert in_fork(work) == expected


def test_a_child_keeps_little_memory_of_its_own(engine: Engine) -> None:
    def work() -> int:
        for seed in range(20):
            engine.classify(mixed_texts(100, seed))
        return int(psutil.Process().memory_full_info().uss)

    assert in_fork(work) < 100e6


@pytest.mark.parametrize("answer", [np.full((1, 2), np.nan), np.full((1, 2), np.inf), np.zeros((1, 5)), np.zeros(2)])
def test_a_backend_that_answers_nonsense_is_found_out(answer: NDArray[np.float32], engine: Engine) -> None:
    broken = Engine(engine.manifest, engine._reader.tokenizer, Broken(answer), token_budget=512)
    with pytest.raises(ModelError, match="prepare it again, or load it in the child"):
        broken.prove()


@pytest.mark.parametrize("name", ["model.xml", "model.bin", "tokenizer.json"])
def test_a_damaged_model_is_not_loaded(tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(BUNDLED_MODEL, copy)
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        Engine.load(copy)


def test_an_unknown_backend_is_named() -> None:
    with pytest.raises(ModelError, match=r"SENTIQ_BACKEND: unknown backend 'tpu'; .* openvino, onnx, torch"):
        Engine.load(BUNDLED_MODEL, backend="tpu")


def test_a_backend_the_model_was_not_prepared_for_is_named() -> None:
    with pytest.raises(ModelError, match=r"SENTIQ_BACKEND: .*'sentiq-small-zh@.* no files for 'onnx'; .* openvino"):
        Engine.load(BUNDLED_MODEL, backend="onnx")


def test_the_pages_of_small_constants_are_found_in_the_description_of_a_network() -> None:
    description = b"".join(
        b'<data element_type="i8" shape="1" offset="%d" size="%d" />' % place
        for place in [(0, 4_096), (4_096, 2**20), (4_096 + 2**20, 12), (2**21 - 2, 4), (2**22, 0)]
    )
    assert small_constants(description) == {0, 257, 511, 512}


def test_a_process_that_has_changed_its_model_often_still_heeds_signals() -> None:
    """In a process of its own, as what is lost otherwise is the process."""
    program = """
import gc, signal, sys
from pathlib import Path
from sentiq.engine import Engine
heeded = []
signal.signal(signal.SIGUSR1, lambda *_: heeded.append(1))
engines = [Engine.load(Path(sys.argv[1])) for _ in range(2)]
while engines:
    del engines[0]
    gc.collect()
    signal.raise_signal(signal.SIGUSR1)
sys.exit(len(heeded))
"""
    run = subprocess.run([sys.executable, "-c", program, str(BUNDLED_MODEL)], cwd=REPOSITORY, check=False)
    assert run.returncode == 2
