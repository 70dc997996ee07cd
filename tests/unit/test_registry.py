"""Model directories: what is refused, and what the message says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentiq.engine.registry import Measured, ModelError, find_model, list_models, measured, read_manifest, verify_files
from tests.support.models import write_model


def test_a_sound_directory_passes(tmp_path: Path) -> None:
    model_dir = write_model(tmp_path / "small")
    manifest = read_manifest(model_dir)
    verify_files(model_dir, manifest)
    assert manifest.labels == ("negative", "positive")
    assert manifest.pad_id == 0


@pytest.mark.parametrize("field", ["id", "version", "labels", "max_tokens", "pad_id", "precision", "source", "files"])
def test_a_manifest_with_a_bad_field_names_it(tmp_path: Path, field: str) -> None:
    model_dir = write_model(tmp_path / "small", **{field: None})
    with pytest.raises(ModelError, match=f"manifest.json: field '{field}'.*prepare"):
        read_manifest(model_dir)


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_half_written_manifest_is_refused(tmp_path: Path, content: str) -> None:
    model_dir = write_model(tmp_path / "small")
    (model_dir / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"manifest.json is not"):
        read_manifest(model_dir)


def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    model_dir = write_model(tmp_path / "small")
    (model_dir / "model.bin").write_bytes(b"Weights")
    with pytest.raises(ModelError, match=r"model.bin is damaged.*prepare the model again"):
        verify_files(model_dir, read_manifest(model_dir))


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    model_dir = write_model(tmp_path / "small")
    (model_dir / "model.bin").unlink()
    with pytest.raises(ModelError, match=r"model.bin.*prepare the model again"):
        verify_files(model_dir, read_manifest(model_dir))


def test_a_model_is_found_by_its_id(tmp_path: Path) -> None:
    write_model(tmp_path / "a", id="base")
    small = write_model(tmp_path / "b", id="small")
    (tmp_path / "half-written").mkdir()
    assert find_model([tmp_path], "small").directory == small


def test_an_id_means_the_newest_version_and_each_version_has_a_name(tmp_path: Path) -> None:
    new = write_model(tmp_path / "a", version="2")
    old = write_model(tmp_path / "b", version="1")
    os.utime(old / "manifest.json", (1, 1))
    assert find_model([tmp_path], "small").directory == new
    assert find_model([tmp_path], "small@1").directory == old


def test_models_of_several_folders_are_listed_once(tmp_path: Path) -> None:
    write_model(tmp_path / "one" / "a", id="base", backends={"openvino": "f32", "onnx": "int8"})
    write_model(tmp_path / "two" / "b", id="small")
    models, problems = list_models([tmp_path / "one", tmp_path / "two", tmp_path / "one", tmp_path / "absent"])
    assert [model.manifest.name for model in models] == ["base@1", "small@1"]
    assert [model.manifest.backends for model in models] == [{"openvino": "f32", "onnx": "int8"}, {"openvino": "int8"}]
    assert problems == []


def test_an_unknown_id_lists_the_known_ones(tmp_path: Path) -> None:
    write_model(tmp_path / "a", id="base")
    with pytest.raises(ModelError, match=r"no model 'large'.*there: base"):
        find_model([tmp_path], "large")


def test_a_damaged_neighbour_hides_no_sound_model_but_is_named(tmp_path: Path) -> None:
    small = write_model(tmp_path / "b", id="small")
    (write_model(tmp_path / "a", id="base") / "manifest.json").write_text("{", encoding="utf-8")
    assert find_model([tmp_path], "small").directory == small
    with pytest.raises(ModelError, match=r"no model 'base'.*a/manifest.json is not JSON"):
        find_model([tmp_path], "base")


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ('{"int8": {"accuracy": 0.9}, "fp32": {"accuracy": 0.95}, "texts": {"test": 50}}', Measured(0.9, 50)),
        ('{"fp32": {"accuracy": 0.95}, "texts": {"test": 50}}', None),
        ('{"int8": {"accuracy": null}, "texts": {"test": 50}}', None),
        ("[]", None),
        ("no JSON", None),
        (None, None),
    ],
)
def test_the_accuracy_of_a_model_is_read_beside_it(
    tmp_path: Path, metrics: str | None, expected: Measured | None
) -> None:
    model_dir = write_model(tmp_path / "small")
    if metrics is not None:
        (model_dir / "metrics.json").write_text(metrics, encoding="utf-8")
    assert measured(find_model([tmp_path], "small")) == expected
