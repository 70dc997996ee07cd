"""The model that a worker serves: loaded and warmed in the parent before it forks, so that children share its memory.

An engine is loaded in one of three places: in the parent before the fork (the usual one), in each child after the fork
(SENTIQ_ENGINE_LOAD=child), or in a child when a job asks for another model than the one served.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from sentiq.core.settings import BUNDLED_MODEL, current
from sentiq.jobs import types
from sentiq.jobs.types import Lane
from worker import context, metrics

if TYPE_CHECKING:  # importing the engine loads OpenVINO, which Flower does not need
    from sentiq.engine import AnyStored, Classifier, ModelManifest

#: Other models that a child keeps loaded. Their memory is its own: only the served model is shared.
OTHERS_KEPT = 1

log = structlog.get_logger(__name__)


class IllegalState(RuntimeError):
    """A step was taken out of order: this is a bug of the caller."""


class State(Enum):
    """The served model, as the parent has it and its children inherit it."""

    EMPTY = "no model is chosen"
    SERVING = "a model is served"
    UNLOADED = "the model is unloaded, as no work came"


class Next(Enum):
    """The model that is to replace the served one."""

    NONE = "there is none"
    LOADING = "a thread loads it"
    READY = "it is loaded and warm, or found where children load it"


class Serving:
    """The engines of one process. Children inherit this object by the fork.

    `start` comes first. Then `prepare` and `take_over` replace the served model, as often as wanted; `unload` gives its
    memory back, until `prepare` and `take_over` bring one again. Any other order raises IllegalState.
    """

    def __init__(self) -> None:
        self._state, self._next_state = State.EMPTY, Next.NONE
        self._manifest: ModelManifest | None = None
        self._engine: Classifier | None = None  # None where children load it, and while it is unloaded
        self._next: Classifier | None = None  # None where children load it
        self._next_manifest: ModelManifest | None = None
        self._fallback: Classifier | None = None  # the bundled model, where it may have to stand in
        self._warms = True
        self.load_other = lru_cache(maxsize=OTHERS_KEPT)(_load_other)

    @property
    def manifest(self) -> ModelManifest:
        """The manifest of the served model."""
        if self._manifest is None:
            raise IllegalState(self._state.value)
        return self._manifest

    @property
    def is_loaded(self) -> bool:
        """Whether the served model was not unloaded."""
        return self._state is not State.UNLOADED

    @property
    def is_preparing(self) -> bool:
        """Whether a thread loads a model: a child forked now might inherit a lock that is never released."""
        return self._next_state is Next.LOADING

    @property
    def is_prepared(self) -> bool:
        """Whether `take_over` has a model to take over."""
        return self._next_state is Next.READY

    def start(self, stored: AnyStored, *, warm: bool = True) -> None:
        """Choose the first model, and load it where the parent is to do so. Raises ModelError.

        Without `warm`, each model builds the kernels of a shape when it first meets it: for a process that forks no
        children, as only they would share them.
        """
        self._expect(State.EMPTY)
        self._manifest, self._warms = stored.manifest, warm
        if current().engine_load == "parent":
            self._load(stored)
        self._state = State.SERVING

    def prove(self) -> None:
        """In a new child: load the model where children are to do so, and run one inference. Raises ModelError.

        A model that was unloaded is not proven: children load it when a job asks for it.
        """
        self._expect(State.SERVING, State.UNLOADED)
        if current().engine_load == "child" and self.is_loaded:
            self._load(find_model(self.manifest.name))
        if self._engine is not None:
            self._engine.prove()

    def engine_for(self, model: str = "") -> Classifier:
        """Return the engine for a model, pair or routes: `id`, `id@version`, or "" for the served one.

        Raises ModelError when another model cannot be loaded.
        """
        if model in ("", self.manifest.id, self.manifest.name):
            return self._engine or self.load_other(self.manifest.name)  # an idle parent has none to share
        return self.load_other(model)

    def precision(self, manifest: ModelManifest, backend: str) -> str:
        """Return the precision of a model: what is computed if it is served, else that of its file."""
        if self._engine is not None and self._engine.manifest.name == manifest.name:
            return self._engine.precision
        return manifest.backends[backend]

    @property
    def has_stand_in(self) -> bool:
        """Tell whether a smaller model can answer for the served one: not for the bundled one, nor for routes."""
        is_routed = bool(self.manifest.part_labels)
        return not is_routed and self.manifest.id != BUNDLED_MODEL

    def fallback(self) -> Classifier:
        """Return what stands in for the served model, in a worker that may degrade.

        It is the student of a pair, else the bundled model; for routes nothing does, as that knows only Chinese.
        """
        found = _stand_in(self.engine_for()) or self._fallback
        return found or self.load_other(BUNDLED_MODEL)  # children of an idle parent may have loaded none

    def prepare(self, name: str) -> None:
        """Load and warm a model beside the served one. Raises ModelError. Meant for a thread of the parent.

        Where children load it, it is only found: the parent would keep memory for nothing.
        """
        self._expect(State.SERVING, State.UNLOADED)
        if self.is_preparing:
            raise IllegalState(self._next_state.value)
        self._next_state, self._next, self._next_manifest = Next.LOADING, None, None
        try:
            stored = find_model(name)
            self._next = self._open(stored) if current().engine_load == "parent" else None
            self._next_manifest = stored.manifest
        finally:
            self._next_state = Next.NONE if self._next_manifest is None else Next.READY

    def take_over(self) -> None:
        """Serve the prepared model instead of the one before, in the children that are forked from now on."""
        if self._next_manifest is None or not self.is_prepared:
            raise IllegalState(self._next_state.value)
        self._state, self._next_state = State.SERVING, Next.NONE
        self._engine, self._manifest = self._next, self._next_manifest
        self._next = self._next_manifest = None
        gc.collect()  # or what is left of the model before would be kept
        freeze_memory()
        unmap_code()

    def unload(self) -> None:
        """Give the memory of the model back. Children forked from now on load it themselves, when a job needs it."""
        self._expect(State.SERVING)
        if self._next_state is not Next.NONE:
            raise IllegalState(self._next_state.value)
        self._state, self._engine = State.UNLOADED, None
        gc.unfreeze()
        gc.collect()

    def _load(self, stored: AnyStored) -> None:
        self._engine = self._open(stored)
        if may_degrade() and self.manifest.id != BUNDLED_MODEL and _stand_in(self._engine) is None:
            self._fallback = self._open(find_model(BUNDLED_MODEL))

    def _open(self, stored: AnyStored) -> Classifier:
        return load_warm(stored) if self._warms else load(stored)

    def _expect(self, *allowed: State) -> None:
        if self._state not in allowed:
            raise IllegalState(self._state.value)


def freeze_memory() -> None:
    """Keep the garbage collector off all objects there are now.

    Otherwise the first collection in a child would write to, and so copy, every page of Python objects that it shares.
    It looks for no garbage first: a start leaves a thousand objects of it, and to find them takes a twentieth of the
    start.
    """
    gc.freeze()


def unmap_code() -> None:
    """Unmap the code of all libraries: most of it was needed once, to load a model, 25 MB of OpenVINO's alone.

    The kernel maps it again where it is called. Only Linux has what this needs; elsewhere it does nothing.
    """
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return
    libc = ctypes.CDLL(None)
    for line in maps.read_text().splitlines():
        addresses, permissions, *_, path = line.split(maxsplit=5)
        if permissions == "r-xp" and path.startswith("/"):
            start, end = (int(address, 16) for address in addresses.split("-"))
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)


def may_degrade() -> bool:
    """Return whether this worker's children hold the bundled model beside the one they serve."""
    return current().degrade_above_s > 0 and context.consumed_lane() is Lane.INTERACTIVE


def find_model(name: str) -> AnyStored:
    """Return a model, pair or routes of this worker's disk: an id, which means its newest version, or `id@version`.

    Raises ModelError that lists the models there are.
    """
    from sentiq.engine.routing import find_any

    return find_any(current().model_roots, name)


def model_of_settings() -> AnyStored:
    """Return what the settings say to serve. Raises ModelError that names the setting."""
    from sentiq.engine.registry import ModelError

    settings = current()
    try:
        return find_model(settings.served_model)
    except ModelError as error:
        raise ModelError(f"{settings.model_setting}: {error}") from error


def load(stored: AnyStored) -> Classifier:
    """Return the engine of a model, pair or routes, not yet warm. Raises ModelError."""
    from sentiq.engine.routing import open_any

    settings = current()
    loaded = open_any(
        stored,
        backend=settings.backend,
        token_budget=settings.token_budget,
        observer=metrics.observe,
        if_unproven=settings.if_unproven,
    )
    if loaded.notice:
        log.warning("a model is not computed as it was proven", model=loaded.manifest.name, reason=loaded.notice)
    return loaded


def load_warm(stored: AnyStored) -> Classifier:
    """Return the engine of a model, pair or routes, warm. Raises ModelError."""
    loaded = load(stored)
    log.info("model warm", model=loaded.manifest.name, shapes=loaded.warm())
    return loaded


def _load_other(name: str) -> Classifier:
    """Return the engine of a model beside the served one. It builds the kernels of a shape when it first meets it."""
    engine = load(find_model(name))
    log.info("loaded another model in a child", model=engine.manifest.name)
    return engine


def _stand_in(served: Classifier) -> Classifier | None:
    """Return what answers in degraded mode and comes with the served one; None where it is another model."""
    from sentiq.engine import Cascade, Router

    if isinstance(served, Cascade):
        return served.student
    return served if isinstance(served, Router) else None


def stored_models() -> tuple[types.StoredModel, ...]:
    """Return all models and pairs that this worker could load with its backend, the newest version of each id first.

    The routes of its settings come last.
    """
    from sentiq.engine.pairs import list_all
    from sentiq.engine.registry import ModelError, StoredModel, measured
    from sentiq.engine.routing import find_any

    settings = current()
    listed, problems = list_all(settings.model_roots)
    found: list[AnyStored] = [*listed]
    if settings.routes:
        try:
            found.append(find_any(settings.model_roots, settings.served_model))
        except ModelError as error:
            problems.append(str(error))
    for problem in problems:
        log.warning("a model is left out", reason=problem)
    proofs = {model.manifest.name: measured(model) for model in found if isinstance(model, StoredModel)}
    return tuple(
        types.StoredModel(
            id=model.manifest.id,
            version=model.manifest.version,
            labels=model.manifest.labels,
            max_tokens=model.manifest.max_tokens,
            precision=serving.precision(model.manifest, settings.backend),
            source=model.manifest.source,
            accuracy=proof.accuracy if (proof := proofs.get(model.manifest.name)) else None,
            tested_on=proof.texts if proof else None,
        )
        for model in found
        if settings.backend in model.manifest.backends
    )


#: The engines of this process.
serving = Serving()
