"""The rows of a chunk come back as they were submitted, part by part, and take few bytes."""

from __future__ import annotations

import random
from dataclasses import replace

import msgpack
import pytest
import zstandard

from sentiq.jobs.dates import UNCLEAR
from sentiq.jobs.input_codec import InputColumns, decode_input, encode_input
from sentiq.jobs.types import InputChunk, RowError

ROWS = 512
WORDS = ["味道", "服务", "不错", "很差", "房间", "干净", "物流", "价格", "推荐", "失望"]
_DICE = random.Random(4)
TEXTS = tuple("".join(_DICE.choices(WORDS, k=15)) for _ in range(ROWS))
CELLS = tuple((str(90_000 + n), f"第{n % 7}号店", "" if n % 5 else "北京") for n in range(ROWS))
WHEN = tuple(None if n % 9 == 0 else 28_000_000 + 60 * n for n in range(ROWS))
PLAIN = InputChunk(512, TEXTS)
TABLE = replace(
    PLAIN,
    custom_ids=tuple(None if n == 3 else f"id{n}" for n in range(ROWS)),
    errors={1: RowError("empty_text", "Line 9.", 9)},
    cells=CELLS,
    kinds=("",) * 500 + ("snd",) * 12,
    labels=("正面",) * ROWS,
    when=WHEN,
)
CHUNKS = {
    "one row": InputChunk(0, ("一",)),
    "some rows": InputChunk(7, ("好吃", "", "𠮷野家 👍\n第二行"), ("a", None, "丙"), {1: RowError("empty_text", "9")}),
    "some rows of a table": InputChunk(
        0, ("好", "坏"), cells=(("1", "南"), ("2", "北")), labels=("", "1"), when=(5, None)
    ),
    "many rows": PLAIN,
    "a table": TABLE,
    "a table of texts alone": replace(PLAIN, cells=((),) * ROWS),
    "dates alone": replace(PLAIN, when=(-37_000_000, UNCLEAR + 28_000_000, *WHEN[2:])),
    "labels alone": replace(PLAIN, labels=("0",) * ROWS),
    "rows of different length": replace(TABLE, cells=(("1",), *CELLS[1:])),
}


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS)
def test_a_chunk_comes_back(chunk: InputChunk) -> None:
    assert decode_input(encode_input(chunk)) == chunk


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS)
def test_so_does_each_of_its_parts(chunk: InputChunk) -> None:
    blob = encode_input(chunk)
    parts = InputColumns(blob)
    width = max(map(len, chunk.cells or ((),)))
    assert [list(parts.column(at)) for at in range(width + 1)] == [list(chunk.column(at)) for at in range(width + 1)]
    assert list(InputColumns(blob).dates("day_first")) == list(chunk.dates("day_first"))
    assert (parts.rows, InputColumns(blob).rows) == (len(chunk.texts), len(chunk.texts))
    assert (parts.labels, parts.kinds, parts.when) == (chunk.labels, chunk.kinds, chunk.when)


def old_form(chunk: InputChunk) -> bytes:
    """Return a chunk as versions before this one stored it."""
    stored = {"first": chunk.first, "texts": chunk.texts, "custom_ids": chunk.custom_ids, "cells": chunk.cells}
    stored |= {"errors": {offset: (e.code, e.detail, e.line) for offset, e in chunk.errors.items()}}
    stored |= {"kinds": chunk.kinds, "labels": chunk.labels}
    packed: bytes = msgpack.packb({name: value for name, value in stored.items() if value is not None})
    return zstandard.compress(packed) if len(packed) >= 512 else packed


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS)
def test_what_an_older_version_stored_comes_back(chunk: InputChunk) -> None:
    assert decode_input(old_form(chunk)) == replace(chunk, when=None)
    assert list(InputColumns(old_form(chunk)).column(1)) == list(chunk.column(1))


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS)
def test_an_older_version_reads_the_texts_and_what_is_wrong_with_rows(chunk: InputChunk) -> None:
    blob = encode_input(chunk)
    raw = zstandard.decompress(blob) if blob.startswith(b"\x28\xb5\x2f\xfd") else blob
    read = msgpack.unpackb(raw, strict_map_key=False)
    assert (read["first"], tuple(read["texts"])) == (chunk.first, chunk.texts)
    assert {offset: RowError(*error) for offset, error in read.get("errors", {}).items()} == chunk.errors


def test_counting_by_a_column_does_not_look_at_the_texts() -> None:
    blob = encode_input(TABLE)
    end = len(blob) - 8 - int.from_bytes(blob[-8:-4], "little")
    damaged = InputColumns(blob[:8] + bytes(end - 8) + blob[end:])
    assert list(damaged.column(1)) == list(TABLE.column(1))
    assert list(damaged.dates(None)) == list(WHEN)
    assert damaged.rows == ROWS
    with pytest.raises(zstandard.ZstdError):
        _ = damaged.texts


def test_texts_take_less_than_their_utf8_and_columns_less_than_rows() -> None:
    assert len(encode_input(PLAIN)) < 0.7 * sum(len(text.encode()) for text in TEXTS)
    table = replace(TABLE, when=None)
    assert len(encode_input(table)) < len(old_form(table))
