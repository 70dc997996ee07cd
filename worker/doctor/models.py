"""Checks models: each is found, whole, and answers with the backend of the settings on this processor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from sentiq.admin import checks
from sentiq.admin.checks import Check
from sentiq.core.settings import BUNDLED_MODEL, PREFIX, Settings
from sentiq.engine.pairs import StoredPair, find, list_all
from sentiq.engine.registry import ModelError, StoredModel
from worker.doctor import trial
from worker.doctor.trial import Failed, Trial
from worker.host_resources import Host

REMEDY = "docs/runbook.md, A model cannot be used"

_ok, _advice, _fault = (partial(say, "models") for say in (checks.ok, checks.advice, checks.fault))


def check(settings: Settings, host: Host, active: str = "") -> Iterator[Check]:
    """Try every model of the store, the served one first, and say whether memory is enough for that.

    `active` is the model that the cluster has gone over to, as `id@version`; "" where it serves that of the settings.
    """
    try:
        served = served_models(settings, active)
    except ModelError as error:
        served = []
        yield _not_there(settings, active, error)
    stored, problems = list_all(settings.model_roots)
    for problem in problems:
        yield _advice("store", f"a model is left out: {problem}", REMEDY)
    others = [model for model in stored if isinstance(model, StoredModel) and model not in served]
    needed = 0
    for model in [*served, *others]:
        is_needed = model in served or model.manifest.id == BUNDLED_MODEL
        if settings.backend not in model.manifest.backends and not is_needed:
            found = f"{model.manifest.name} was not prepared for {settings.backend}, and is not offered"
            yield _ok(model.manifest.name, found)
            continue
        try:
            tried = trial.run(model.directory, settings.backend, token_budget=settings.token_budget)
        except Failed as error:
            say = _fault if is_needed else _advice
            yield say(model.manifest.name, f"{model.manifest.name}: {error}", error.remedy)
            continue
        yield _ok(model.manifest.name, _answers(settings, model, tried))
        needed += tried.memory_bytes if model in served else 0
    if needed:
        yield _fits(needed, host.available_bytes())


def served_models(settings: Settings, active: str = "") -> list[StoredModel]:
    """Return what workers with these settings load, both models of a pair. Raises ModelError."""
    stored = find(settings.model_roots, active or settings.served_model)
    return [stored.student, stored.teacher] if isinstance(stored, StoredPair) else [stored]


def _not_there(settings: Settings, active: str, error: ModelError) -> Check:
    if active:
        return _fault(
            "served", f"the active model is not here: {error}", "put it here, or sentiq-admin activate another"
        )
    setting = f"{PREFIX}{'CASCADE' if settings.cascade else 'MODEL'}"
    return _fault("served", f"{setting}: {error}", f"correct {setting}, or unset it: {BUNDLED_MODEL} is always there")


def _answers(settings: Settings, model: StoredModel, tried: Trial) -> str:
    precision = model.manifest.backends[settings.backend]
    return (
        f"{model.manifest.name} answers with {settings.backend} {precision},"
        f" after {tried.start_s:.1f} s, in {tried.memory_bytes / 1e6:,.0f} MB"
    )


def _fits(needed: int, free: int) -> Check:
    found = f"a worker needs {needed / 1e6:,.0f} MB for what it serves, and {free / 1e6:,.0f} MB can be taken"
    if free < needed:
        remedy = "end other programs, raise the limit of the container, or serve a smaller model"
        return _fault("memory", found, remedy)
    return _ok("memory", found)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one model costs with one backend in one precision, on one core; the reason where it cannot be used."""

    model: str
    backend: str
    precision: str  # of the file; float32 where that was asked for
    trial: Trial | None
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """Return it for a program."""
        return asdict(self)


def costs(settings: Settings, active: str = "") -> Iterator[Cost]:
    """Measure the served models with each backend and precision that they were prepared for. Raises ModelError."""
    for model in served_models(settings, active):
        for backend, precision, float32 in variants(model):
            try:
                found = trial.run(
                    model.directory, backend, token_budget=settings.token_budget, float32=float32, measured=True
                )
            except Failed as error:
                yield Cost(model.manifest.name, backend, precision, None, str(error))
            else:
                yield Cost(model.manifest.name, backend, precision, found)


def variants(model: StoredModel) -> Iterator[tuple[str, str, bool]]:
    """Yield backend, precision, and whether float32 has to be asked for: else bfloat16 is used where there is some."""
    for backend, precision in model.manifest.backends.items():
        yield backend, precision, False
        if backend == "torch" or precision == "bf16":
            yield backend, "f32, no bfloat16", True
