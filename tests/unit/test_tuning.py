"""Which texts a tuning learns from, in which batches, and what it plans; none of it needs torch."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.labelled import LabelledError
from tools.tuning import plan, progress, texts
from tools.tuning.batches import BatchSize, by_length, padded_tokens, shuffled

NAMES = ["negative", "positive"]


def write(path: Path, rows: Sequence[tuple[str, str]]) -> Path:
    path.write_text("评论,标签\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")
    return path


def rows(count: int, label: str, word: str) -> list[tuple[str, str]]:
    return [(f"第{number}次来，{word}", label) for number in range(count)]


def read(path: Path, base: Sequence[str] | None = NAMES, chosen: Sequence[str] = ()) -> texts.Texts:
    return texts.read(path, None, None, base=base, chosen=chosen)


def test_texts_are_read_without_what_nobody_sees_and_each_once(tmp_path: Path) -> None:
    table = [*rows(12, "正面", "好"), *rows(10, "0", "差"), ("第1次来，好", "1"), ("第2次来\u200b，很棒", "1")]
    found = read(write(tmp_path / "a.csv", [*table, ("两可", "1"), ("两可", "0")]))
    assert found.counts == {"negative": 10, "positive": 13}
    assert found.repeated == 1
    assert [conflict.rows for conflict in found.conflicts] == [(25, 26)]
    assert "第2次来，很棒" in found.texts
    assert found.rows[:3] == [1, 2, 3]


def test_labels_are_those_of_the_base_else_those_of_the_file(tmp_path: Path) -> None:
    three = write(tmp_path / "a.csv", [*rows(10, "正面", "好"), *rows(10, "负面", "差"), *rows(10, "中性", "还行")])
    assert read(three).names == ["negative", "neutral", "positive"]
    assert read(three, ["positive", "neutral", "negative"]).names == ["positive", "neutral", "negative"]
    two = write(tmp_path / "b.csv", [*rows(10, "正面", "好"), *rows(10, "负面", "差")])
    assert read(two, ["negative", "neutral", "positive"]).names == ["negative", "neutral", "positive"]
    topics = write(tmp_path / "c.csv", [*rows(10, "物流", "快"), *rows(10, "口味", "好")])
    assert read(topics).names == sorted(["物流", "口味"])
    assert read(topics, chosen=["物流", "口味"]).names == ["物流", "口味"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (rows(30, "正面", "好"), r"labelled\.csv: all texts have one label, 'positive'.*Add texts of another label"),
        (
            [*rows(30, "正面", "好"), *rows(30, "负面", "差"), *rows(3, "postive", "妙")],
            r"labelled\.csv, column '标签': .*row 61: 'postive'.*Correct them",
        ),
        (
            [*rows(30, "物流问题", "慢"), *rows(30, "口味问题", "差"), *rows(3, "口昧问题", "咸")],
            r"only 3 texts have the label '口昧问题' \(row 61 is the first\); is '口味问题' meant\? Correct these rows",
        ),
        (
            [*rows(10, "正面", "好") * 10, *rows(10, "负面", "差")],
            r"90 of 110 rows repeat the text of another row, 20 texts are left.*Remove the repeated rows",
        ),
        ([], r"labelled\.csv: the file has headings, but no rows"),
    ],
)
def test_a_file_that_cannot_teach_is_refused(table: list[tuple[str, str]], message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "labelled.csv", table)
    with pytest.raises(LabelledError, match=message):
        read(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.touch()
    with pytest.raises(LabelledError, match=r"empty\.csv"):
        read(path)


def some_texts(negative: int, positive: int) -> texts.Texts:
    labels = [0] * negative + [1] * positive
    every = list(range(len(labels)))
    return texts.Texts([str(row) for row in every], labels, every, [""] * len(every), NAMES, [], 0)


@pytest.mark.parametrize("has_test", [True, False])
def test_parts_hold_each_text_once_and_each_label_as_often(has_test: bool) -> None:
    given = some_texts(300, 700)
    parts = texts.split(given, seed=1, has_folds=False, has_test=has_test)
    assert sorted([*parts.learning, *parts.stopping, *parts.measuring]) == list(range(1000))
    assert Counter(given.labels[place] for place in parts.stopping) == {0: 30, 1: 70}
    assert len(parts.measuring) == (0 if has_test else 100)
    assert parts == texts.split(given, seed=1, has_folds=False, has_test=has_test)
    assert parts != texts.split(given, seed=2, has_folds=False, has_test=has_test)


def test_with_folds_all_texts_are_learned_from() -> None:
    parts = texts.split(some_texts(30, 70), seed=1, has_folds=True, has_test=False)
    assert (parts.learning, parts.stopping, parts.measuring) == (list(range(100)), [], [])


def test_folds_hold_each_text_once_and_each_label_as_often() -> None:
    given = some_texts(33, 67)
    parts = texts.folds(given.labels, seed=1)
    assert sorted(place for part in parts for place in part) == list(range(100))
    for part in parts:
        assert len(part) == 20
        assert Counter(given.labels[place] for place in part)[0] in (6, 7)


def test_batches_hold_each_text_once_within_their_bounds() -> None:
    dice = random.Random(5)
    widths = [dice.randint(1, 300) for _ in range(1000)]
    size = BatchSize(texts=32, tokens=2048)
    for batches in (shuffled(range(1000), widths, size, "1 0"), by_length(range(1000), widths, size)):
        assert sorted(place for batch in batches for place in batch) == list(range(1000))
        assert all(len(batch) == 1 or padded_tokens(batch, widths) <= size.tokens for batch in batches)
        assert max(map(len, batches)) == size.texts
    # Little is padding, and another epoch has other batches.
    first, second = (shuffled(range(1000), widths, size, f"1 {epoch}") for epoch in range(2))
    assert sum(padded_tokens(batch, widths) for batch in first) < 1.25 * sum(widths)
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}


def test_a_text_longer_than_a_batch_is_a_batch_of_its_own() -> None:
    assert by_length([0, 1], [50, 3], BatchSize(texts=8, tokens=10)) == [[0], [1]]


@pytest.mark.parametrize(
    ("texts_", "ways"),
    [(40, ("head",)), (200, ("lora", "head")), (2_000, ("whole", "lora", "head"))],
)
def test_the_more_texts_the_more_may_learn(texts_: int, ways: tuple[str, ...]) -> None:
    assert plan.preferred(texts_) == ways


def test_epochs_are_those_that_fit() -> None:
    def epochs(budget_s: float) -> int:
        return plan.fitting_epochs("whole", 2_000, epoch_s=100, once_s=60, budget_s=budget_s)

    most, fewest = plan.epochs_wanted("whole", 2_000)
    assert epochs(10_000) == most
    assert epochs(60 + 100 * (most - 1) + 50) == most - 1
    assert epochs(60 + 100 * fewest) == fewest
    assert epochs(60 + 100 * fewest - 1) == 0  # fewer are not worth it


def test_memory_grows_with_what_learns() -> None:
    config = {"hidden_size": 768, "num_attention_heads": 12, "num_hidden_layers": 12}
    whole, lora, head = (
        plan.memory_bytes(config, 102_000_000, learns, way, longest=256)
        for way, learns in (("whole", 102_000_000), ("lora", 2_000_000), ("head", 600_000))
    )
    assert whole > lora > head > 4 * 102_000_000


def test_the_time_left_follows_from_what_was_done_since_the_first_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 1000.0
    monkeypatch.setattr("tools.tuning.progress.time.monotonic", lambda: now)
    meter = progress.Meter(1_000)
    meter.skip(400)  # an earlier run did these
    now += 3600  # other work
    meter.advance(100, "step 1")
    now += 50
    meter.advance(100, "step 2")
    assert capsys.readouterr().out == "  step 2; 4 min left\n"  # 400 more at 2 a second, rounded up
    now += 1
    meter.advance(100, "step 3")
    assert capsys.readouterr().out == ""  # nobody reads a line a second
