"""XLM-RoBERTa with three labels beside the bundled model: prepared from a checkpoint, and served by language."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from sentiq.engine import Engine
from sentiq.engine.routing import find_any, open_any
from tests.support.models import BUNDLED
from tests.support.paths import BUNDLED_MODEL
from tools.prepare.__main__ import main

for library in ("torch", "sentencepiece", "fasttext"):
    pytest.importorskip(library)

# transformers and torch's exporters announce changes of their own.
pytestmark = pytest.mark.filterwarnings("ignore")

TEXTS = ["菜很好吃，下次还来", "とても良い商品です", "the food was great", "정말 좋아요", "房間又髒又吵"]
OTHERS = TEXTS[1:4]


def test_a_multilingual_model_answers_beside_the_bundled_one(tmp_path: Path) -> None:
    cases, compare = (importlib.import_module(f"tools.checkpoints.{name}") for name in ("cases", "compare"))
    case = next(each for each in cases.CASES if each.kind == "xlm-roberta" and len(each.outputs) == 3)
    compare.write(case, tmp_path / "xlmr")
    assert main([str(tmp_path / "xlmr"), "--store", str(tmp_path), "--min-agreement", "1.1"]) == 0

    roots = [tmp_path, BUNDLED_MODEL.parent]
    stored = find_any(roots, f"zh={BUNDLED},*=xlmr")
    router = open_any(stored, backend="openvino")
    [directory] = tmp_path.glob("xlmr@*")
    engines = {text: Engine.load(directory if text in OTHERS else BUNDLED_MODEL) for text in TEXTS}
    for text, prediction in zip(TEXTS, router.classify(TEXTS), strict=True):
        [expected] = engines[text].classify([text])
        labels = router.manifest.part_labels[prediction.given_by - 1]
        assert labels == engines[text].manifest.labels
        found = dict(zip(router.manifest.labels, prediction.probabilities, strict=True))
        assert [found[label] for label in labels] == pytest.approx(expected.probabilities, abs=1e-5)
