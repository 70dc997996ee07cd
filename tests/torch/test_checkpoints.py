"""Every kind of checkpoint that sentiq-prepare takes gives the original library's logits; the others are refused."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sentencepiece")
from sentiq.engine.processor import has_vnni
from tests.support.paths import REPOSITORY
from tools.checkpoints.cases import CASES, Case
from tools.checkpoints.compare import compare
from tools.checkpoints.networks import FILES
from tools.checkpoints.table import refused_lines
from tools.checkpoints.vocabularies import VOCABULARIES
from tools.prepare.checkpoint import KINDS

# transformers and torch's exporters announce changes of their own.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.vocabulary}-{case.files}")
def test_logits_are_those_of_the_library_that_made_the_checkpoint(case: Case, tmp_path: Path) -> None:
    found = compare(case, tmp_path)
    assert found.spread > 0.05  # or little would be compared
    assert max(found.differences.values()) < 1e-5
    assert set(found.differences) == {"torch", "openvino", "onnx"}
    if has_vnni():  # elsewhere sums of 16 bits overflow: workers there find that by the proof, and compute in float32
        assert found.int8 > 0.7


def test_each_kind_is_tried() -> None:
    assert {case.kind for case in CASES} == set(KINDS)
    assert {case.vocabulary for case in CASES} == set(VOCABULARIES)
    assert {case.files for case in CASES} == set(FILES)


def test_what_is_refused_and_why_is_what_the_docs_say() -> None:
    docs = (REPOSITORY / "docs" / "models.md").read_text(encoding="utf-8")
    for line in refused_lines():
        assert line in docs.splitlines()
