"""Measures what the served models cost on this processor, with each backend and in each precision that it computes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sentiq.admin import checks
from sentiq.admin.checks import Check
from sentiq.core.settings import Settings
from sentiq.engine.registry import StoredModel
from worker.doctor import trial
from worker.doctor.models import served_models
from worker.doctor.trial import Failed, Trial

MUCH_FASTER = 1.1  #: as a share of the speed with the backend of the settings; less may be chance


@dataclass(frozen=True, slots=True)
class Cost:
    """What one model costs with one backend, on one core; the reason where it cannot be used."""

    model: str
    backend: str
    trial: Trial | None
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """Return it for a program."""
        return asdict(self)


def measure(settings: Settings, active: str = "") -> Iterator[Cost]:
    """Measure the served models with each backend that they were prepared for. Raises ModelError."""
    for model in served_models(settings, active):
        for backend in model.manifest.backends:
            cost = _cost(settings, model, backend, float32=False)
            yield cost
            if cost.trial is not None and "f32" not in cost.trial.form:
                in_float32 = _cost(settings, model, backend, float32=True)
                if in_float32.trial is not None and in_float32.trial.form != cost.trial.form:
                    yield in_float32


def _cost(settings: Settings, model: StoredModel, backend: str, *, float32: bool) -> Cost:
    try:
        found = trial.run(
            model.directory,
            backend,
            token_budget=settings.token_budget,
            if_unproven="warn",  # what it would cost is told of each form
            float32=float32,
            measured=True,
        )
    except Failed as error:
        return Cost(model.manifest.name, backend, None, str(error))
    return Cost(model.manifest.name, backend, found)


def judge(settings: Settings, costs: Iterable[Cost]) -> Iterator[Check]:
    """Name another backend that is much faster here, and whose numbers are right. Nothing is said of a pair."""
    found = [(cost.backend, cost.trial) for cost in costs if cost.trial and not cost.trial.notice]
    speeds = {backend: trial.texts_per_second or 0 for backend, trial in reversed(found)}
    if len({cost.model for cost in costs}) != 1 or settings.backend not in speeds:
        return
    fastest = max(speeds, key=speeds.__getitem__)
    if speeds[fastest] > MUCH_FASTER * speeds[settings.backend]:
        told = f"{speeds[fastest]:,.0f} texts/s with {fastest}, {speeds[settings.backend]:,.0f} with {settings.backend}"
        yield checks.advice("models", "backend", told, f"set SENTIQ_BACKEND={fastest}")


def table(costs: Iterable[Cost]) -> Iterator[tuple[str, ...]]:
    """Yield a heading and a line for each cost."""
    yield "model", "computed in", "proof", "texts/s and core", "one text, ms", "start, s", "memory, MB"
    for cost in costs:
        tried = cost.trial
        if tried is None:
            yield cost.model, cost.backend, cost.reason, "", "", "", ""
            continue
        proof = "fails" if tried.notice else "holds" if tried.has_proof else "none"
        speed = f"{tried.texts_per_second:,.0f}", f"{tried.one_text_ms:.1f}"
        yield cost.model, tried.form, proof, *speed, f"{tried.start_s:.1f}", f"{tried.memory_bytes / 1e6:,.0f}"
