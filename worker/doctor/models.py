"""Checks models: each is found, whole, and answers with the backend of the settings on this processor."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sentiq.admin import checks
from sentiq.admin.checks import Check
from sentiq.core.settings import BUNDLED_MODEL, Settings
from sentiq.engine.pairs import StoredPair, list_all
from sentiq.engine.registry import ModelError, StoredModel
from sentiq.engine.routing import StoredRoutes, find_any
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
            tried = trial.run(
                model.directory,
                settings.backend,
                token_budget=settings.token_budget,
                if_unproven=settings.if_unproven,
            )
        except Failed as error:
            say = _fault if is_needed else _advice
            yield say(model.manifest.name, f"{model.manifest.name}: {error}", error.remedy)
            continue
        yield _answers(model.manifest.name, tried)
        needed += tried.memory_bytes if model in served else 0
    if needed:
        yield _fits(needed, host.available_bytes())


def served_models(settings: Settings, active: str = "") -> list[StoredModel]:
    """Return what workers with these settings load, each model of a pair and of routes. Raises ModelError."""
    found = find_any(settings.model_roots, active or settings.served_model)
    branches = found.routes.values() if isinstance(found, StoredRoutes) else [found]
    models = [
        model
        for stored in branches
        for model in ((stored.student, stored.teacher) if isinstance(stored, StoredPair) else (stored,))
    ]
    return list({model.manifest.name: model for model in models}.values())


def _not_there(settings: Settings, active: str, error: ModelError) -> Check:
    if active:
        return _fault(
            "served", f"the active model is not here: {error}", "put it here, or sentiq-admin activate another"
        )
    setting = settings.model_setting
    return _fault("served", f"{setting}: {error}", f"correct {setting}, or unset it: {BUNDLED_MODEL} is always there")


def _answers(name: str, tried: Trial) -> Check:
    proof = "its proof holds" if tried.has_proof else "it was stored without a proof"
    found = f"{name} answers in {tried.form}, after {tried.start_s:.1f} s, in {_mb(tried.memory_bytes)}"
    if tried.notice:
        remedy = "prepare it on a processor like this one, or take a processor like that (docs/models.md)"
        return _advice(name, f"{found}; {tried.notice}", remedy)
    return _ok(name, f"{found}; {proof}")


def _fits(needed: int, free: int) -> Check:
    found = f"a worker needs {_mb(needed)} for what it serves, and {_mb(free)} can be taken"
    if free < needed:
        remedy = "end other programs, raise the limit of the container, or serve a smaller model"
        return _fault("memory", found, remedy)
    return _ok("memory", found)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
