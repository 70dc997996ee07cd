"""The bundled model: sound, small, and right about plain sentences; see models/sentiq-small-zh/README.md."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import openvino as ov
import openvino.opset13 as opset
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sentiq.engine.proof import bound, read_proof
from sentiq.engine.registry import ModelManifest, read_manifest, verify_files
from tests.support.paths import BUNDLED_MODEL

MAX_SIZE = 12_000_000  # bytes; everyone who clones the repository pays for them
POSITIVE = [
    "菜很好吃，下次还来",
    "质量非常好，物流也快，很满意",
    "这本书写得太精彩了，强烈推荐",
    "酒店干净舒适，前台很热情",
    "电影非常感人，值得一看",
]
NEGATIVE = [
    "服务员态度太差了",
    "屏幕有划痕，客服半天不回，再也不买了",
    "房间又脏又吵，非常失望",
    "翻译得很烂，浪费钱",
    "等了两个小时才送到，菜都凉了，差评",
]

Logits = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]


@pytest.fixture(scope="module")
def manifest() -> ModelManifest:
    return read_manifest(BUNDLED_MODEL)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(BUNDLED_MODEL / "tokenizer.json"))


@pytest.fixture(scope="module")
def logits() -> Logits:
    """The network in full precision, so that what remains of a difference is the network's own."""
    network = ov.Core().compile_model(BUNDLED_MODEL / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.array(network({"input_ids": ids, "attention_mask": mask})["logits"])

    return run


def padded(tokenizer: Tokenizer, text: str, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids and mask of one text, `[1, width]`."""
    found = tokenizer.encode(text).ids
    ids = np.zeros((1, width), dtype=np.int64)
    ids[0, : len(found)] = found
    return ids, (np.arange(width) < len(found)).astype(np.int64)[None]


def test_the_files_are_those_of_the_manifest(manifest: ModelManifest) -> None:
    verify_files(BUNDLED_MODEL, manifest)
    assert manifest.id == BUNDLED_MODEL.name
    assert manifest.labels == ("negative", "positive")
    assert manifest.max_tokens == 512


def test_the_directory_is_small() -> None:
    assert sum(path.stat().st_size for path in BUNDLED_MODEL.iterdir()) <= MAX_SIZE


def test_the_card_tells_the_measured_figures() -> None:
    metrics = json.loads((BUNDLED_MODEL / "metrics.json").read_text(encoding="utf-8"))
    card = (BUNDLED_MODEL / "README.md").read_text(encoding="utf-8")
    assert f"{metrics['int8']['accuracy']:.4f}" in card
    assert metrics["int8"]["accuracy"] >= metrics["baseline"]["accuracy"]
    assert metrics["int8_fp32_agreement"] >= 0.99


@pytest.mark.parametrize(("texts", "column"), [(NEGATIVE, 0), (POSITIVE, 1)])
def test_plain_sentences_are_classified_right(
    tokenizer: Tokenizer, logits: Logits, texts: list[str], column: int
) -> None:
    assert [int(logits(*padded(tokenizer, text, 64)).argmax()) for text in texts] == [column] * len(texts)


@pytest.mark.parametrize("text", [POSITIVE[0], NEGATIVE[1], "一", "OK 👍👍 very good!!", "差" * 63])
def test_padding_changes_nothing(tokenizer: Tokenizer, logits: Logits, text: str) -> None:
    exact = logits(*padded(tokenizer, text, len(tokenizer.encode(text).ids)))
    for width in (64, 512):
        np.testing.assert_allclose(logits(*padded(tokenizer, text, width)), exact, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 512), (3, 7), (64, 128)])
def test_any_shape_gives_one_row_of_logits_per_text(logits: Logits, shape: tuple[int, int]) -> None:
    found = logits(np.ones(shape, dtype=np.int64), np.ones(shape, dtype=np.int64))
    assert found.shape == (shape[0], 2)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_it_answers_alike_where_integers_are_multiplied_as_float32(tokenizer: Tokenizer, logits: Logits) -> None:
    """As OpenVINO does on Arm, where other rows of the tables were looked up (docs/adr/0079-integers-on-arm.md)."""
    network = ov.Core().read_model(BUNDLED_MODEL / "model.xml")
    changed = 0
    for node in network.get_ordered_ops():
        if node.get_type_name() in ("Add", "Multiply") and node.get_element_type().is_integral():
            operation = {"Add": opset.add, "Multiply": opset.multiply}[node.get_type_name()]
            values = operation(*(opset.convert(node.input_value(at), "f32") for at in (0, 1)))
            rounded = opset.convert(values, node.get_element_type().get_type_name()).output(0)
            for reader in node.output(0).get_target_inputs():
                reader.replace_source_output(rounded)
            changed += 1
    assert changed > 8
    network.validate_nodes_and_infer_types()
    as_on_arm = ov.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for text in [*POSITIVE, *NEGATIVE]:
        ids, mask = padded(tokenizer, text, 64)
        found = as_on_arm({"input_ids": ids, "attention_mask": mask})["logits"]
        np.testing.assert_allclose(found, logits(ids, mask), atol=1e-5)


def test_its_short_proof_holds_and_tells_another_network(manifest: ModelManifest, logits: Logits) -> None:
    proof = read_proof(BUNDLED_MODEL, manifest)
    assert proof is not None
    exact = np.concatenate([logits(np.array([row]), np.ones((1, len(row)), dtype=np.int64)) for row in proof.rows])
    assert proof.difference(exact) < 1e-4
    assert proof.difference(exact[::-1]) > bound(0)


def test_the_tokenizer_sees_through_width_and_case(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("ＧＯＯＤ！　很好").ids == tokenizer.encode("good! 很好").ids
    assert tokenizer.encode("很好").tokens == ["很", "好"]
