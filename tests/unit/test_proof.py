"""The short proof of a model, repeated where it is loaded: it holds, or it is handled as set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from structlog.testing import capture_logs

from sentiq import Analyzer
from sentiq.core.settings import Settings
from sentiq.engine import Cascade, Engine, ModelError, proof, proving
from sentiq.engine.cascade import open_stored
from sentiq.engine.pairs import find
from sentiq.engine.processor import processor
from sentiq.engine.proving import IfUnproven, load_proven
from sentiq.engine.registry import read_manifest
from tests.support.models import BUNDLED, make_pair
from tests.support.paths import BUNDLED_MODEL
from tests.support.proofs import TEXTS, change, copy_proven
from worker import serving

POLICIES: list[IfUnproven] = ["fall_back", "warn", "refuse"]


@pytest.mark.parametrize("if_unproven", POLICIES)
def test_a_model_whose_proof_holds_is_loaded_and_nothing_is_said(if_unproven: IfUnproven, tmp_path: Path) -> None:
    engine = load_proven(copy_proven(tmp_path, "held"), if_unproven=if_unproven)
    assert (engine.is_proven, engine.notice) == (True, "")
    assert engine.form == f"openvino {engine.computed}"


@pytest.mark.parametrize("if_unproven", POLICIES)
def test_a_model_that_was_prepared_without_a_proof_is_loaded(if_unproven: IfUnproven) -> None:
    engine = load_proven(BUNDLED_MODEL, if_unproven=if_unproven)
    assert (engine.is_proven, engine.notice, engine.manifest.proven) == (True, "", {})


def test_with_a_warning_the_model_is_used_and_its_answers_are_told_from_proven_ones(tmp_path: Path) -> None:
    directory = copy_proven(tmp_path, "failed", holds=False)
    engine = load_proven(directory, if_unproven="warn")
    assert engine.classify(TEXTS) == Engine.load(directory).classify(TEXTS)
    assert not engine.is_proven
    assert engine.form == f"openvino {engine.computed} unproven"
    assert engine.manifest.name in engine.notice
    assert f"({processor()})" in engine.notice
    assert "6 of 6 labels are others; it was proven in int8 on x86_64 avx512_vnni" in engine.notice


def test_a_model_is_refused_with_the_remedy(tmp_path: Path) -> None:
    directory = copy_proven(tmp_path, "failed", holds=False)
    with pytest.raises(ModelError, match=r"model failed@c0ffee does not hold .* on such a processor, or set SENTIQ_IF"):
        load_proven(directory, if_unproven="refuse")


def test_where_no_form_holds_the_model_is_refused(tmp_path: Path) -> None:
    directory = copy_proven(tmp_path, "failed", holds=False)
    with pytest.raises(ModelError, match=r"does not hold .* no form in float32 is stored whose proof holds.*SENTIQ_IF"):
        load_proven(directory, if_unproven="fall_back")


def test_a_model_in_bfloat16_falls_back_to_float32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = copy_proven(tmp_path, "close")
    if Engine.load(directory).computed != "bf16":
        pytest.skip("this processor does not compute in bfloat16")
    monkeypatch.setattr(proof, "TOLERANCE", 1e-6)
    engine = load_proven(directory, if_unproven="fall_back")
    assert (engine.form, engine.is_proven) == ("openvino f32", True)
    assert "does not hold in openvino bf16" in engine.notice
    assert engine.notice.endswith("so openvino f32 is used instead")
    assert engine.classify(TEXTS) == Engine.load(directory, float32=True).classify(TEXTS)


def test_a_difference_such_as_the_preparation_found_is_no_shortfall(tmp_path: Path) -> None:
    directory = copy_proven(tmp_path, "failed", holds=False)
    engine = Engine.load(directory)
    found = proof.read_proof(directory, engine.manifest)
    assert found is not None
    difference = found.difference(engine.logits(found.rows))
    assert proving.shortfall(engine, found)
    change(directory, proven={"backends": {"openvino": {"computed": "int8", "difference": difference}}})
    assert load_proven(directory, if_unproven="refuse").is_proven


def test_a_network_that_gives_no_numbers_does_not_hold(tmp_path: Path) -> None:
    directory = copy_proven(tmp_path, "held")
    found = proof.read_proof(directory, read_manifest(directory))
    assert found is not None
    assert not found.difference(found.logits * float("nan")) <= proof.bound(1.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no proof"),
        ('{"rows": [[1]]}', "is no proof"),
        ('{"rows": [["a"]], "logits": [[0, 1]]}', "is no proof"),
        ('{"rows": [], "logits": []}', "not one logit for each row and label"),
        ('{"rows": [[1, 2]], "logits": [[0, 1, 2]]}', "not one logit for each row and label"),
    ],
)
def test_a_proof_that_cannot_be_read_is_named(content: str, words: str, tmp_path: Path) -> None:
    directory = copy_proven(tmp_path, "held")
    (directory / "proof.json").write_text(content)
    with pytest.raises(ModelError, match=r"proof\.json is damaged .*prepare the model again"):
        load_proven(directory, if_unproven="warn")
    change(directory)
    with pytest.raises(ModelError, match=rf"proof\.json .*{words}.*prepare the model again"):
        load_proven(directory, if_unproven="warn")


@pytest.mark.parametrize("proven", [[], {"backends": []}, {"backends": {"openvino": {"computed": "int8"}}}])
def test_a_manifest_whose_proof_cannot_be_read_is_named(proven: Any, tmp_path: Path) -> None:
    directory = copy_proven(tmp_path, "held")
    change(directory, proven=proven)
    with pytest.raises(ModelError, match=r"manifest\.json: 'proven' cannot be read"):
        read_manifest(directory)


def test_a_pair_says_what_is_to_be_known_of_either_model(tmp_path: Path) -> None:
    copy_proven(tmp_path, "failed", holds=False)
    make_pair(tmp_path, BUNDLED, "failed", 0.9)
    pair = open_stored(
        find([tmp_path, BUNDLED_MODEL.parent], f"{BUNDLED}+failed"), backend="openvino", if_unproven="warn"
    )
    assert isinstance(pair, Cascade)
    assert pair.notice == pair._teacher.notice != ""
    assert pair.form == f"{pair.student.form}, {pair._teacher.form}"
    assert pair.form.endswith(" unproven")


def test_a_worker_logs_what_does_not_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_proven(tmp_path, "failed", holds=False)
    monkeypatch.setattr(serving, "current", lambda: Settings(if_unproven="warn", model_root=tmp_path))
    with capture_logs() as logs:
        serving.load(serving.find_model("failed"))
    [warning] = [line for line in logs if line["log_level"] == "warning"]
    assert warning["model"] == "failed@c0ffee"
    assert "does not hold" in warning["reason"]


def test_a_worker_tells_the_precision_that_it_computes_in_where_the_proof_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_proven(tmp_path, "failed", holds=False)
    monkeypatch.setattr(serving, "current", lambda: Settings(if_unproven="warn", model_root=tmp_path))
    monkeypatch.setattr(serving, "serving", serving.Serving())
    serving.serving.start(serving.find_model("failed"))
    computed = Engine.load(BUNDLED_MODEL).computed
    assert {model.id: model.precision for model in serving.stored_models()} == {"failed": computed, BUNDLED: "int8"}


def test_an_analyzer_warns_of_what_does_not_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_proven(tmp_path, "failed", holds=False)
    engine = load_proven(tmp_path / "failed", if_unproven="warn")
    monkeypatch.setattr("sentiq.engine.routing.open_any", lambda *_, **__: engine)
    with pytest.warns(RuntimeWarning, match="does not hold"):
        Analyzer("failed", model_root=tmp_path)


def test_the_settings_and_the_engine_name_the_same_policies() -> None:
    assert get_args(Settings.model_fields["if_unproven"].annotation) == get_args(IfUnproven)


@pytest.mark.parametrize(
    ("cpuinfo", "sets"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 fma avx512bw avx512_vnni amx_int8\nflags\t: mmx\n",
         "avx2 avx512bw avx512_vnni amx_int8"),
        ("processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16\n", "asimddp i8mm bf16"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_processor_is_named_with_what_decides(
    cpuinfo: str, sets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "box")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    path = tmp_path / "cpuinfo"
    path.write_text(cpuinfo)
    assert processor(path).split() == ["box", *sets.split()]
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert processor(tmp_path / "absent") == "box ONEDNN_MAX_CPU_ISA=AVX2"


def test_the_proof_is_what_was_written(tmp_path: Path) -> None:
    directory = copy_proven(tmp_path, "held")
    found = proof.read_proof(directory, read_manifest(directory))
    assert found is not None
    assert len(found.rows) == len(TEXTS)
    assert json.loads((directory / "proof.json").read_text())["rows"] == found.rows
    assert found.difference(found.logits) == 0
    assert found.other_labels(-found.logits) == len(TEXTS)
