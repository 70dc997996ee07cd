"""A fitted calibration makes scores mean what they say, on rows it has not seen; the engine applies it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sentiq.engine import Engine, ModelError
from sentiq.engine.engine import softmax
from sentiq.engine.registry import METRICS, Calibration, find_model, read_manifest, verify_files
from tests.support.paths import BUNDLED_MODEL
from tools.evaluation.calibrated import store_calibrated
from tools.evaluation.fitting import apply, combined, fit

TEXTS = ["菜很好吃，下次还来", "服务员态度太差了", "一般", "还行吧"]


def drawn(rows: int, labels: int, seed: int = 1) -> tuple[NDArray[np.float64], NDArray[np.int64], list[str]]:
    """Draw logits ``[rows, labels]``, labels that have just the probabilities of their softmax, and texts."""
    dice = np.random.default_rng(seed)
    logits = dice.normal(0, 2, (rows, labels))
    chances = softmax(logits).cumsum(axis=1)
    return logits, (dice.random((rows, 1)) > chances[:, :-1]).sum(axis=1), [f"text {row}" for row in range(rows)]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found(temperature: float) -> None:
    logits, labels, texts = drawn(5_000, 2)
    found = fit(apply(logits, Calibration(1 / temperature)), labels, texts)
    assert found.calibration.temperature == pytest.approx(temperature, rel=0.1)
    assert found.calibration.thresholds == ()
    assert found.log_loss < found.log_loss_before + 1e-3


def test_thresholds_are_found_where_one_label_is_given_too_often() -> None:
    logits, labels, texts = drawn(5_000, 3)
    skewed = Calibration(0.5, (0.2, 1.0, 1.0))
    before = apply(logits, skewed)
    found = fit(before, labels, texts)
    both = combined(skewed, found.calibration)
    assert both.temperature == pytest.approx(1, rel=0.1)
    assert both.thresholds == pytest.approx([1, 1, 1], rel=0.15)
    after = apply(np.log(before), found.calibration)
    assert (after.argmax(axis=1) == labels).mean() > (before.argmax(axis=1) == labels).mean() + 0.01
    assert found.log_loss < found.log_loss_before - 0.1


def test_thresholds_that_gain_nothing_are_left_out() -> None:
    """Many labels, few rows: what thresholds would learn is noise."""
    logits, labels, texts = drawn(300, 6, seed=3)
    assert fit(softmax(logits), labels, texts).calibration.thresholds == ()


def test_what_is_told_of_a_calibration_comes_from_rows_it_was_not_fitted_to() -> None:
    logits, labels, texts = drawn(200, 2)
    found = fit(softmax(logits), labels, texts)
    moved = fit(softmax(logits), np.concatenate((labels[:1] ^ 1, labels[1:])), texts)
    assert moved.probabilities[0] == pytest.approx(found.probabilities[0], abs=1e-12)  # its own label changes nothing
    assert not np.allclose(moved.probabilities, found.probabilities, atol=1e-6)


def test_labels_that_scores_tell_without_a_fault_end_at_a_bound() -> None:
    logits = np.array([[3.0, -3.0], [-3.0, 3.0]] * 100)
    found = fit(softmax(logits), np.array([0, 1] * 100), list(map(str, range(200))))
    assert 0 < found.calibration.temperature < 1
    assert np.isfinite(found.probabilities).all()


@pytest.mark.parametrize(("rows", "others"), [(60, 30), (200, 0), (200, 2)])
def test_too_few_rows_are_refused(rows: int, others: int) -> None:
    labels = np.array([0] * (rows - others) + [1] * others)
    with pytest.raises(ModelError, match="--fit needs at least 100"):
        fit(np.full((rows, 2), 0.5), labels, list(map(str, range(rows))))


def test_one_calibration_after_another_is_one() -> None:
    logits, _, _ = drawn(50, 3)
    first, second = Calibration(1.7, (0.5, 1.0, 2.0)), Calibration(0.6, (1.0, 3.0, 1.0))
    twice = apply(np.log(apply(logits, first)), second)
    assert apply(logits, combined(first, second)) == pytest.approx(twice, abs=1e-4)
    assert combined(Calibration(), Calibration(2.0)) == Calibration(2.0)


# -- In the engine and the store -----------------------------------------------------------------------------------


def with_calibration(directory: Path, calibration: Any) -> Path:
    """Return a copy of the bundled model whose manifest has this calibration."""
    shutil.copytree(BUNDLED_MODEL, directory)
    manifest = directory / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"calibration": calibration}))
    return directory


@pytest.fixture(scope="module")
def plain() -> NDArray[np.float64]:
    """Probabilities of `TEXTS` without a calibration."""
    return np.array([prediction.probabilities for prediction in Engine.load(BUNDLED_MODEL).classify(TEXTS)])


@pytest.mark.parametrize(
    ("written", "calibration"),
    [
        ({"temperature": 2.5}, Calibration(2.5)),
        ({"temperature": 2, "thresholds": {"positive": 0.25, "negative": 1}}, Calibration(2.0, (1.0, 0.25))),
        ({"thresholds": {"positive": 0.25, "negative": 1}, "rows": 5}, Calibration(1.0, (1.0, 0.25))),
    ],
)
def test_the_engine_applies_the_calibration_of_the_manifest(
    tmp_path: Path, plain: NDArray[np.float64], written: dict[str, Any], calibration: Calibration
) -> None:
    engine = Engine.load(with_calibration(tmp_path / "model", written))
    found = np.array([prediction.probabilities for prediction in engine.classify(TEXTS)])
    assert engine.manifest.calibration == calibration
    assert found == pytest.approx(apply(np.log(plain), calibration), abs=1e-6)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(TEXTS)))
    assert not np.allclose(found, plain, atol=0.01)


@pytest.mark.parametrize(
    "written",
    [
        {"temperature": 0},
        {"temperature": -1.0},
        {"temperature": "warm"},
        {"temperature": float("nan")},
        {"thresholds": {"positive": 1.0}},
        {"thresholds": {"positive": 1.0, "negative": 0}},
        {"thresholds": [1.0, 1.0]},
        [],
    ],
)
def test_a_calibration_that_says_nothing_is_refused(tmp_path: Path, written: Any) -> None:
    with pytest.raises(ModelError, match=r"manifest\.json.*(calibration|thresholds)"):
        read_manifest(with_calibration(tmp_path / "model", written))


def test_a_calibrated_model_has_a_version_of_its_own_beside_the_other(tmp_path: Path) -> None:
    first = store_calibrated(BUNDLED_MODEL, Calibration(2.5), tmp_path, {"rows": 1_000})
    second = store_calibrated(first, Calibration(3.0), tmp_path, {"rows": 2_000})
    again = store_calibrated(BUNDLED_MODEL, Calibration(2.5), tmp_path, {"rows": 1_000})
    plain, warm, hot = map(read_manifest, (BUNDLED_MODEL, first, second))
    assert again == first
    assert len({plain.name, warm.name, hot.name}) == 3
    assert warm.version.startswith(f"{plain.version}-c")
    assert hot.version.startswith(f"{plain.version}-c")  # on the uncalibrated one, not on the other
    assert (warm.id, warm.calibration, hot.calibration) == (plain.id, Calibration(2.5), Calibration(3.0))
    verify_files(first, warm)
    assert find_model([tmp_path], warm.name).directory == first
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".partial")]


def test_thresholds_change_what_is_right_so_the_old_accuracy_is_not_claimed(tmp_path: Path) -> None:
    warm = store_calibrated(BUNDLED_MODEL, Calibration(2.5), tmp_path, {})
    moved = store_calibrated(BUNDLED_MODEL, Calibration(2.5, (1.0, 0.5)), tmp_path, {})
    assert (warm / METRICS).is_file()
    assert not (moved / METRICS).exists()


def test_a_damaged_model_is_not_stored_again(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(BUNDLED_MODEL, damaged)
    (damaged / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json is damaged"):
        store_calibrated(damaged, Calibration(2.0), tmp_path / "store", {})
