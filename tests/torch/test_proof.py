"""The short proof that sentiq-prepare stores, where the processor has fewer instructions than it was made with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from sentiq.engine import Engine, ModelError
from sentiq.engine.processor import processor
from sentiq.engine.proof import bound, read_proof
from sentiq.engine.proving import IfUnproven, load_proven
from tests.support.paths import REPOSITORY
from tests.torch.checkpoints import TEXTS, structbert
from tools.prepare.__main__ import main

# transformers and torch's exporters announce changes of their own.
pytestmark = pytest.mark.filterwarnings("ignore")

BACKENDS = ["openvino", "onnx", "torch"]

LOAD = """
import json, sys
from pathlib import Path
from sentiq.engine import ModelError
from sentiq.engine.proving import load_proven
try:
    engine = load_proven(Path(sys.argv[1]), if_unproven=sys.argv[2])
except ModelError as error:
    print(json.dumps({"error": str(error)}))
else:
    answers = [prediction.probabilities for prediction in engine.classify(json.loads(sys.argv[3]))]
    print(json.dumps({"form": engine.form, "notice": engine.notice, "answers": answers}))
"""


@pytest.fixture(scope="module")
def int8(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    checkpoint = structbert(store / "own-model")
    assert main([str(checkpoint), "--store", str(store), "--min-agreement", "0"]) == 0
    [directory] = store.glob("own-model@*")
    return directory


def load_without_vnni(directory: Path, if_unproven: IfUnproven) -> dict[str, Any]:
    """Load a model in a process that has no instructions for INT8; return what it says."""
    if "avx512_vnni" not in processor():
        pytest.skip("there are no such instructions here to be without")
    run = subprocess.run(
        [sys.executable, "-c", LOAD, str(directory), if_unproven, json.dumps(TEXTS)],
        cwd=REPOSITORY,
        env=os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    said: dict[str, Any] = json.loads(run.stdout)
    return said


def test_the_manifest_says_for_what_each_backend_was_proven(int8: Path) -> None:
    proven = json.loads((int8 / "manifest.json").read_text())["proven"]
    assert proven["processor"] == processor()
    assert set(proven["backends"]) == set(BACKENDS)
    for backend, about in proven["backends"].items():
        assert about["computed"] == Engine.load(int8, backend=backend).computed
        assert 0 <= about["difference"] < 0.1
    assert proven["backends"]["openvino"]["computed"].startswith("int8")
    assert proven["backends"]["onnx"]["computed"] == "f32"


def test_the_manifest_says_what_int8_gives_without_the_instructions_for_it(int8: Path) -> None:
    [said] = re.findall(r"differ from float32's by (0\.\d+)", load_without_vnni(int8, "warn")["notice"])
    proven = json.loads((int8 / "manifest.json").read_text())["proven"]
    found = proven["without_vnni"]["difference"]
    assert proven["without_vnni"]["computed"] == "int8+f32"
    assert found == pytest.approx(float(said), rel=0.5)  # which has bfloat16 for the rest
    assert found > bound(proven["backends"]["openvino"]["difference"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_proof_holds_where_it_was_made(backend: str, int8: Path) -> None:
    engine = load_proven(int8, backend=backend, if_unproven="refuse")
    assert (engine.is_proven, engine.notice) == (True, "")


def test_without_the_instructions_for_int8_the_model_is_computed_in_float32(int8: Path) -> None:
    said = load_without_vnni(int8, "fall_back")
    assert said["form"] == "onnx f32"
    assert "does not hold in openvino int8" in said["notice"]
    assert "ONEDNN_MAX_CPU_ISA=AVX512_CORE" in said["notice"]
    assert said["notice"].endswith("so onnx f32 is used instead")
    expected = Engine.load(int8, backend="torch", float32=True).classify(TEXTS)
    for answer, prediction in zip(said["answers"], expected, strict=True):
        assert answer == pytest.approx(prediction.probabilities, abs=1e-4)


def test_without_the_instructions_for_int8_the_model_is_used_with_a_warning_or_refused(int8: Path) -> None:
    said = load_without_vnni(int8, "warn")
    assert said["form"].startswith("openvino int8")
    assert said["form"].endswith(" unproven")
    assert "does not hold" in said["notice"]
    refused = load_without_vnni(int8, "refuse")
    assert "does not hold" in refused["error"]
    assert "SENTIQ_IF_UNPROVEN=warn" in refused["error"]


def test_a_model_without_its_float32_form_is_refused(int8: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(int8, tmp_path / "copy")
    (copy / "model.onnx").unlink()
    assert "no form in float32 is stored" in load_without_vnni(copy, "fall_back")["error"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_under_a_float32_hint_the_proof_is_repeated_too(backend: str, int8: Path) -> None:
    engine = load_proven(int8, backend=backend, float32=True, if_unproven="refuse")
    assert engine.computed in ("f32", "int8+f32")
    found = read_proof(int8, engine.manifest)
    assert found is not None
    assert found.difference(engine.logits(found.rows)) <= bound(engine.manifest.proven[backend].difference)


def test_a_model_quantised_by_the_range_of_each_batch_is_named(int8: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(int8, tmp_path / "copy")
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["proven"], manifest["files"]["proof.json"]
    manifest["backends"]["onnx"] = "int8"
    (copy / "manifest.json").write_text(json.dumps(manifest))
    engine = load_proven(copy, backend="onnx", if_unproven="fall_back")
    assert "depends on its neighbours; prepare it again" in engine.notice
    assert engine.form == "onnx int8 unproven"


def test_a_fallback_whose_library_is_missing_is_named(int8: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiq.engine.proof.TOLERANCE", -1)
    monkeypatch.delitem(sys.modules, "sentiq.engine.backends.onnx", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"does not hold .*its form in float32 cannot be loaded: .*onnxruntime"):
        load_proven(int8, if_unproven="fall_back")
