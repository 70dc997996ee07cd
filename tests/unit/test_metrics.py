"""What a worker counts, without a worker."""

from __future__ import annotations

import random

from prometheus_client import CollectorRegistry, Histogram

from sentiq.engine import BatchTiming, Timings
from sentiq.jobs.lanes import OpenChunk
from sentiq.jobs.types import ChunkRef, InputChunk, Lane, Outcome, OutputChunk, RowError
from worker.child import reporting
from worker.metrics import PARTS, Metrics, metrics, observe, observe_all


def test_amounts_are_observed_together_as_they_are_one_by_one() -> None:
    registry = CollectorRegistry()
    one_by_one, together = (Histogram(name, "", registry=registry, buckets=(0.1, 1, 2.5)) for name in ("a", "b"))
    amounts = [0.1, 1, 2.5, 3, *(random.Random(0).uniform(0, 4) for _ in range(200))]

    for amount in amounts:
        one_by_one.observe(amount)
    observe_all(together, amounts)

    for le in ("0.1", "1.0", "2.5", "+Inf"):
        expected = registry.get_sample_value("a_bucket", {"le": le})
        assert registry.get_sample_value("b_bucket", {"le": le}) == expected
    assert registry.get_sample_value("b_count") == len(amounts)
    assert registry.get_sample_value("b_sum") == sum(amounts)


def test_a_pass_is_told_batch_by_batch() -> None:
    batches = (BatchTiming(texts=8, tokens=128, inference_s=0.004), BatchTiming(texts=1, tokens=512, inference_s=0.02))
    observe(Timings("m@1", 0.0003, 0.03, texts=12, unique_texts=9, batches=batches, tokens=500))

    value = metrics().registry.get_sample_value
    assert value("sentiq_tokenise_seconds_count") == 1
    assert value("sentiq_inference_seconds_count", {"model": "m@1"}) == 2
    assert value("sentiq_batch_texts_sum") == 9
    assert value("sentiq_batch_tokens_bucket", {"le": "128.0"}) == 1


def test_rows_of_a_pair_are_counted_by_who_answered_them() -> None:
    def count(part: str) -> float:
        labels = {"lane": "bulk", "answered_by": part}
        return metrics().registry.get_sample_value("sentiq_cascade_texts_total", labels) or 0.0

    before = {part: count(part) for part in PARTS}
    ref = ChunkRef("job", 0, 4)
    chunk = OpenChunk(ref, InputChunk(0, ("一", "二", "三", "四")), 0, None, "request")
    outcomes = (Outcome((0.0, 1.0), given_by=1), Outcome((0.4, 0.6), given_by=2), Outcome((1.0, 0.0), given_by=1))
    failed = Outcome(error=RowError("inference_failed", "why"))
    of_pair = OutputChunk(0, "a+b@1", ("negative", "positive"), (*outcomes, failed), parts=("a@1", "b@1"))
    of_model = OutputChunk(0, "a@1", ("negative", "positive"), (Outcome((0.0, 1.0)),) * 4)

    for output in (of_pair, of_model):
        reporting.finished(Lane.BULK, [chunk], [(ref, output)], 0.1)

    assert {part: count(part) - before[part] for part in PARTS} == {"student": 2, "teacher": 1}


def test_rows_are_counted_by_the_models_that_answered_them() -> None:
    def count(model: str) -> float:
        labels = {"lane": "bulk", "model": model}
        return metrics().registry.get_sample_value("sentiq_model_texts_total", labels) or 0.0

    parts, labels = ("two@7", "three@7"), ("negative", "positive")
    ref = ChunkRef("job", 0, 3)
    chunk = OpenChunk(ref, InputChunk(0, ("一", "に", "三")), 0, None, "request")
    failed = Outcome(error=RowError("inference_failed", "why"))
    outcomes = (Outcome((0.0, 1.0), given_by=1), Outcome((0.4, 0.6), given_by=2), failed)
    of_routes = OutputChunk(0, "zh=two,*=three@7", labels, outcomes, parts=parts, part_labels=(labels, labels))
    of_pair = OutputChunk(0, "two+three@7", labels, outcomes, parts=parts)
    of_model = OutputChunk(0, "two@7", labels, (Outcome((0.0, 1.0)), Outcome((1.0, 0.0)), failed))

    for output in (of_routes, of_pair, of_model):
        reporting.finished(Lane.BULK, [chunk], [(ref, output)], 0.1)

    assert {part: count(part) for part in parts} == {"two@7": 4, "three@7": 2}


def test_what_has_not_happened_is_0() -> None:
    counted = Metrics()
    counted.begin("bulk")
    labels = {"lane": "bulk", "reason": "lease"}
    assert counted.registry.get_sample_value("sentiq_recoveries_total", labels) == 0
