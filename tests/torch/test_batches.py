"""A text's answer is its own: whatever is in its batch and however wide that is padded, on any backend."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiq.engine import Engine
from sentiq.engine.batching import Batch
from sentiq.engine.engine import softmax

pytest.importorskip("torch")
from transformers import BertConfig

from tools.benchmarks.random_model import VOCABULARY_SIZE, build, write_model

MAX_TOKENS = 64
#: How far a probability may move, by the least exact precision computed in: float32 rounds by where a number stands in
#: the batch, bfloat16 keeps 8 bits. Sums of INT8 are the same in any order, and so are most answers, bit for bit; where
#: a scale is rounded otherwise, a number may fall on the other side of one of 256 steps.
BOUNDS = {"int8": 0.01, "bf16": 0.02, "f16": 0.003, "f32": 1e-5}
FORMS = [
    (model, backend, float32)
    for model, backends in {"int8": ["openvino"], "plain": ["openvino", "onnx", "torch"]}.items()
    for backend in backends
    for float32 in (False, True)
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("store")
    config = BertConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=MAX_TOKENS,
        initializer_range=0.2,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporters announce their successors
        for name in ("int8", "plain"):
            write_model(directory / name, build(config), int8=name == "int8")
    return directory


@pytest.fixture(scope="module", params=FORMS, ids=lambda form: "-".join(map(str, form)))
def engine(request: pytest.FixtureRequest, store: Path) -> Engine:
    model, backend, float32 = request.param
    return Engine.load(store / model, backend=backend, float32=float32, token_budget=256)


def token_rows() -> st.SearchStrategy[list[list[int]]]:
    tokens = st.lists(st.integers(0, VOCABULARY_SIZE - 1), min_size=1, max_size=MAX_TOKENS)
    return st.lists(tokens, min_size=1, max_size=12)


@given(rows=token_rows(), data=st.data())
def test_an_answer_does_not_depend_on_its_batch(engine: Engine, rows: list[list[int]], data: st.DataObject) -> None:
    bound = BOUNDS[engine.computed.split("+")[0]]
    alone = softmax(np.concatenate([engine.logits([row]) for row in rows]))
    together = softmax(engine.logits(rows))
    np.testing.assert_allclose(together, alone, rtol=0, atol=bound)
    shapes = [(size, width) for size, widths in engine._ladder.items() for width in widths]
    size, width = data.draw(st.sampled_from(shapes))
    fitting = [at for at, row in enumerate(rows) if len(row) <= width][:size]
    if fitting:
        padded = softmax(engine._run(Batch(tuple(fitting), size, width), rows))
        np.testing.assert_allclose(padded, alone[fitting], rtol=0, atol=bound)
