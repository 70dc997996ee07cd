"""A prepared model answers as ModelScope's own pipeline does with the same checkpoint."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("modelscope")
from datasets import Dataset
from modelscope.metainfo import Trainers
from modelscope.models.nlp.structbert.text_classification import SbertForSequenceClassification
from modelscope.msdatasets import MsDataset
from modelscope.pipelines import pipeline
from modelscope.trainers import build_trainer
from modelscope.utils.constant import Tasks

from sentiq.engine import Engine
from tests.torch.checkpoints import CONFIGURATION, LABEL_MAPPING, LAYOUTS, TEXTS, structbert, write_json
from tools.prepare.__main__ import main

# ModelScope, transformers and torch's exporters announce changes of their own.
pytestmark = pytest.mark.filterwarnings("ignore")

BACKENDS = ["torch", "openvino", "onnx"]
TOLERANCE = 1e-4  # of a probability, in float32
LABELS = dict(zip(LABEL_MAPPING, ["negative", "positive"], strict=True))

Classify = Callable[[str], dict[str, float]]


@pytest.fixture(scope="module", params=LAYOUTS)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return LAYOUTS[request.param](tmp_path_factory.mktemp("checkpoint") / request.param)


@pytest.fixture(scope="module")
def prepared(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model in float32 for all backends: no agreement is enough for INT8."""
    store = tmp_path_factory.mktemp("store")
    assert main([str(checkpoint), "--store", str(store), "--min-agreement", "1.1"]) == 0
    [directory] = store.glob("*@*")
    return directory


@pytest.fixture(scope="module")
def original(checkpoint: Path) -> Classify:
    """ModelScope's score of each label, by the label's name in the service."""
    # The prefix of the last checkpoint that was loaded would otherwise count for this one.
    SbertForSequenceClassification.base_model_prefix = "bert"
    classify = pipeline(Tasks.text_classification, str(checkpoint), device="cpu")

    def scores(text: str) -> dict[str, float]:
        answer = classify(text)
        return {LABELS[label]: score for label, score in zip(answer["labels"], answer["scores"], strict=True)}

    return scores


def assert_same(prepared: Path, backend: str, original: Classify, texts: Sequence[str]) -> None:
    engine = Engine.load(prepared, backend=backend, float32=True)
    labels = engine.manifest.labels
    answers = [dict(zip(labels, answer.probabilities, strict=True)) for answer in engine.classify(texts)]
    expected = [original(text) for text in texts]
    assert {max(scores, key=scores.__getitem__) for scores in expected} == set(labels)  # or little would be compared
    for text, answer, wanted in zip(texts, answers, expected, strict=True):
        assert answer == pytest.approx(wanted, rel=0, abs=TOLERANCE), text


@pytest.mark.parametrize("backend", BACKENDS)
def test_scores_are_those_of_modelscope(backend: str, prepared: Path, original: Classify) -> None:
    assert_same(prepared, backend, original, TEXTS)


@pytest.mark.parametrize("backend", BACKENDS)
def test_long_texts_are_read_as_far_as_modelscope_reads_them(backend: str, prepared: Path, original: Classify) -> None:
    # Each begins otherwise, and what is behind the longest that is read would turn it round.
    starts = [text for text in TEXTS if 0 < len(text) < 40]
    texts = [start + "，很好吃" * 30 + "服务员态度还很差。" * 60 for start in starts]
    assert_same(prepared, backend, original, [*texts, *TEXTS])


def test_invisible_characters_are_dropped_as_modelscope_drops_them(prepared: Path, original: Classify) -> None:
    # BERT's tokenizer drops what Unicode calls control and format characters, and marks without a base.
    unseen = "\u00ad\u034f\u180e\u200b\u200d\u200e\u202a\u2060\u2066\ufe0f\ufeff\ufff9\U000e0001\x01\x1b\x7f"
    # It looks for its special tokens before that: to it, one with something unseen inside is ordinary text.
    texts = [text for text in TEXTS * 2 if "[CLS]" not in text]
    dirty = [unseen[i % len(unseen)].join(f" {text}") for i, text in enumerate(texts)]
    assert_same(prepared, "openvino", original, [text[1:] for text in dirty])


def test_labels_are_in_the_order_of_the_checkpoint(prepared: Path) -> None:
    assert Engine.load(prepared).manifest.labels == ("negative", "positive")


def test_what_modelscopes_trainer_leaves_is_prepared_as_it_lies(tmp_path: Path) -> None:
    base = structbert(tmp_path / "base")
    (base / "label_mapping.json").unlink()
    loader = {"batch_size_per_gpu": 2, "workers_per_gpu": 0}
    training = {
        "max_epochs": 1,
        "dataloader": loader,
        "optimizer": {"type": "SGD", "lr": 1e-3},
        "lr_scheduler": {"type": "StepLR", "step_size": 2},
        "hooks": [{"type": "CheckpointHook", "interval": 1}],
    }
    preprocessor = {"first_sequence": "text", "label": "label", "label2id": LABEL_MAPPING, "max_length": 64}
    write_json(
        base / "configuration.json",
        {
            **CONFIGURATION,
            "model": {"type": "structbert", "num_labels": 2},
            "preprocessor": {"type": "sen-cls-tokenizer", **preprocessor},
            "train": training,
            "evaluation": {"dataloader": loader},
        },
    )
    rows = Dataset.from_dict({"text": [text for text in TEXTS if text][:6], "label": [*LABEL_MAPPING] * 3})
    dataset = MsDataset.to_ms_dataset(rows)
    folder = tmp_path / "work"
    build_trainer(
        Trainers.nlp_base_trainer,
        {"model": str(base), "train_dataset": dataset, "eval_dataset": dataset, "work_dir": str(folder)},
    ).train()
    assert main([str(folder), "--id", "taught", "--store", str(tmp_path / "store"), "--min-agreement", "1.1"]) == 0
    [directory] = (tmp_path / "store").glob("*@*")
    engine = Engine.load(directory, float32=True)
    assert (engine.manifest.id, engine.manifest.max_tokens) == ("taught", 64)
    SbertForSequenceClassification.base_model_prefix = "bert"
    classify = pipeline(Tasks.text_classification, str(folder / "output"), device="cpu")
    for text, answer in zip(TEXTS, engine.classify(TEXTS), strict=True):
        found = classify(text)
        wanted = {LABELS[label]: score for label, score in zip(found["labels"], found["scores"], strict=True)}
        assert dict(zip(engine.manifest.labels, answer.probabilities, strict=True)) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.data
@pytest.mark.parametrize("backend", BACKENDS)
def test_scores_of_500_real_texts_are_those_of_modelscope(backend: str, prepared: Path, original: Classify) -> None:
    folder = os.environ.get("TEST_DATA")
    if not folder:
        pytest.skip("set TEST_DATA to the folder of the labelled data (test.tsv.gz)")
    with gzip.open(Path(folder) / "test.tsv.gz", "rt", encoding="utf-8", newline="\n") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    texts = [row["text"] for row in rows[:: len(rows) // 500][:500]]
    assert_same(prepared, backend, original, texts)
