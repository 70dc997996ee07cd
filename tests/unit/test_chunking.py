"""Chunks: limits respected, nothing lost, order kept, memory flat."""

from __future__ import annotations

import random
from itertools import count, islice

from api.ingest.chunking import chunked
from sentiq.jobs.types import Row, RowError


def test_rows_come_out_once_and_in_order_within_the_limits() -> None:
    rng = random.Random(7)
    rows = [Row("字" * rng.randint(1, 90), str(i)) for i in range(1_000)]

    chunks = list(chunked(rows, max_texts=32, max_chars=500))

    assert [t for c in chunks for t in c.texts] == [row.text for row in rows]
    assert [i for c in chunks for i in c.custom_ids or ()] == [str(i) for i in range(1_000)]
    assert [c.first for c in chunks] == [sum(len(c.texts) for c in chunks[:n]) for n in range(len(chunks))]
    assert all(len(c.texts) <= 32 and sum(map(len, c.texts)) <= 500 for c in chunks)


def test_a_text_longer_than_a_chunk_stands_alone() -> None:
    chunks = list(chunked([Row("短"), Row("长" * 50), Row("短")], max_texts=10, max_chars=20))

    assert [c.texts for c in chunks] == [("短",), ("长" * 50,), ("短",)]


def test_an_endless_stream_is_cut_as_it_arrives() -> None:
    endless = (Row(str(i)) for i in count())

    assert [c.first for c in islice(chunked(endless, max_texts=5, max_chars=100), 3)] == [0, 5, 10]


def test_refused_rows_keep_their_place_and_reason() -> None:
    error = RowError("empty_text", "Line 2: the text is empty.")

    (chunk,) = chunked([Row("好"), Row("", error=error)], max_texts=10, max_chars=100)

    assert chunk.texts == ("好", "")
    assert chunk.errors == {1: error}
    assert chunk.custom_ids is None
