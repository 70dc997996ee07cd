"""Several models that answer as one: each text goes to the model of its language.

Routes are written `zh=sentiq-small-zh,*=my-xlmr`: a language and the model, or fitted pair, that answers its texts. `*`
is every other language. A text without letters has no language, and goes to the first route.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import TypeAlias, TypeVar

from sentiq.core.routes import OTHERS, ROUTE, parse_routes
from sentiq.engine.cascade import Cascade, open_stored
from sentiq.engine.detecting import UNKNOWN, detect
from sentiq.engine.engine import Engine, Observer, Prediction
from sentiq.engine.long_texts import LongTexts
from sentiq.engine.pairs import JOIN, StoredPair, find, is_called, list_all
from sentiq.engine.proving import IfUnproven
from sentiq.engine.registry import ModelError, ModelManifest, StoredModel

MOST_PARTS = 100  #: a byte says which of them gave an answer, with a bit beside it

_DIGEST = re.compile(r"@[0-9a-f]{12}$")

T = TypeVar("T")
Model: TypeAlias = Engine | Cascade
Stored: TypeAlias = StoredModel | StoredPair


@dataclass(frozen=True, slots=True)
class StoredRoutes:
    """Routes whose models are in the store."""

    manifest: ModelManifest  # of all as one model
    routes: Mapping[str, Stored]  # by language, in their order

    def of(self, language: str) -> Stored:
        """Return what answers texts of this language; UNKNOWN for those without one."""
        return _chosen(self.routes, language)


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One model among those of a router."""

    model: Model
    first: int  # place, from 0, of its first part among those of the router
    places: tuple[int, ...]  # of the router's labels, in the order of the model's own
    labels: int  # how many the router has

    def part(self, given_by: int) -> int:
        """Return who gave an answer, as a prediction of the router says it. `given_by`: as the model says it."""
        return self.first + max(given_by, 1)

    def widened(self, probabilities: Sequence[float]) -> tuple[float, ...]:
        """Return probabilities in the order of the router's labels; 0 for those that the model does not have."""
        wide = [0.0] * self.labels
        for place, probability in zip(self.places, probabilities, strict=True):
            wide[place] = probability
        return tuple(wide)


class Router:
    """Loaded routes, with the face of an `Engine`. Each prediction says who gave it, and for which language."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        """Join engines, by language in their order; raises ModelError where they cannot be joined."""
        self.manifest = routes_manifest({language: model.manifest for language, model in models.items()})
        places = {label: at for at, label in enumerate(self.manifest.labels)}
        self._branches: dict[str, Branch] = {}
        by_name: dict[str, Branch] = {}
        parts = 0
        for language, model in models.items():
            name = model.manifest.name
            if name not in by_name:
                of_labels = tuple(places[label] for label in model.manifest.labels)
                by_name[name] = Branch(model, parts, of_labels, len(places))
                parts += len(_parts(model.manifest))
            self._branches[language] = by_name[name]
        self._models = [branch.model for branch in by_name.values()]

    def branch(self, language: str) -> Branch:
        """Return the model that answers texts of this language; UNKNOWN for those without one."""
        return _chosen(self._branches, language)

    @property
    def form(self) -> str:
        """Which probabilities a text gets (`Engine.form`), of any of them."""
        return ", ".join(model.form for model in self._models)

    @property
    def precision(self) -> str:
        """The precision that they compute in (`Engine.precision`)."""
        return _joined(model.precision for model in self._models)

    @property
    def notice(self) -> str:
        """What is to be known of how they are computed (proving.py); "" for nothing."""
        return "; ".join(filter(None, (model.notice for model in self._models)))

    def warm(self) -> int:
        """Run every shape of all, and return their number; load what tells languages."""
        detect("these words are not Chinese")
        return sum(model.warm() for model in self._models)

    def prove(self) -> None:
        """Run one tiny batch of each; raises ModelError as `Engine.prove` does."""
        for model in self._models:
            model.prove()

    def classify(
        self, texts: Sequence[str], long_texts: LongTexts = "truncate", languages: Sequence[str] | None = None
    ) -> list[Prediction]:
        """Return one prediction per text, in their order, each of the model of its language.

        `languages`: of the texts; None: detected.
        """
        places: dict[Branch, list[int]] = {}
        for place, language in enumerate(map(detect, texts) if languages is None else languages):
            places.setdefault(self.branch(language), []).append(place)
        found: dict[int, Prediction] = {}
        for branch, some in places.items():
            answers = branch.model.classify([texts[place] for place in some], long_texts)
            for place, answer in zip(some, answers, strict=True):
                wide = branch.widened(answer.probabilities)
                found[place] = replace(answer, probabilities=wide, given_by=branch.part(answer.given_by))
        return [found[place] for place in range(len(texts))]


def _chosen(routes: Mapping[str, T], language: str) -> T:
    """Return what stands for a language: for those without one the first, for those without a route that of others."""
    if language == UNKNOWN:
        return next(iter(routes.values()))
    return routes.get(language) or routes[OTHERS]


#: What answers texts, and what it is loaded from.
Classifier: TypeAlias = Engine | Cascade | Router
AnyStored: TypeAlias = StoredModel | StoredPair | StoredRoutes


def open_any(
    stored: AnyStored,
    *,
    backend: str,
    token_budget: int = 512,
    observer: Observer | None = None,
    if_unproven: IfUnproven = "fall_back",
) -> Classifier:
    """Load a model, a pair, or all models of routes. Takes what `load_proven` takes, and raises ModelError as it does.

    A model that several routes name is loaded once.
    """

    def opened(one: Stored) -> Model:
        return open_stored(one, backend=backend, token_budget=token_budget, observer=observer, if_unproven=if_unproven)

    if not isinstance(stored, StoredRoutes):
        return opened(stored)
    models = {name: opened(one) for name, one in {one.manifest.name: one for one in stored.routes.values()}.items()}
    return Router({language: models[one.manifest.name] for language, one in stored.routes.items()})


def routes_manifest(manifests: Mapping[str, ModelManifest]) -> ModelManifest:
    """Describe routes as one model, whose labels are those of all. Its version is computed from the models' names.

    Raises ModelError when no backend runs all of them.
    """
    different = {manifest.name: manifest for manifest in manifests.values()}
    first, *others = different.values()
    common = [name for name in first.backends if all(name in other.backends for other in others)]
    if not common:
        raise ModelError(
            f"{', '.join(different)} cannot be served together: no backend runs all; prepare them for the same one"
            " (docs/models.md)"
        )
    parts = [part for manifest in different.values() for part in _parts(manifest)]
    if len(parts) > MOST_PARTS:
        raise ModelError(f"{len(parts)} models are more than can be served together: {MOST_PARTS}")
    names = ",".join(f"{language}{ROUTE}{manifest.name}" for language, manifest in manifests.items())
    return ModelManifest(
        id=",".join(f"{language}{ROUTE}{manifest.id}" for language, manifest in manifests.items()),
        version=blake2b(names.encode(), digest_size=6).hexdigest(),
        labels=tuple(dict.fromkeys(label for manifest in different.values() for label in manifest.labels)),
        max_tokens=min(manifest.max_tokens for manifest in different.values()),
        pad_id=first.pad_id,
        precision=_joined(manifest.precision for manifest in different.values()),
        source=", ".join(f"{language}: {manifest.name}" for language, manifest in manifests.items()),
        files={},
        backends={name: _joined(manifest.backends[name] for manifest in different.values()) for name in common},
        parts=tuple(name for name, _ in parts),
        part_labels=tuple(labels for _, labels in parts),
    )


def find_any(roots: Iterable[Path], name: str) -> Stored | StoredRoutes:
    """Return the model, the pair or the routes called `name`, of several versions the newest.

    Routes are called as they are written, perhaps with their version behind. Raises ModelError that says what there is.
    """
    folders = list(roots)
    if ROUTE not in name:
        return find(folders, name)
    try:
        return _stored({language: _found(folders, language, model) for language, model in _parsed(name).items()})
    except ModelError:
        if not _DIGEST.search(name):
            raise
        for stored in _versions(folders, _DIGEST.sub("", name)):
            if stored.manifest.name == name:
                return stored
        raise


def _parsed(written: str) -> dict[str, str]:
    try:
        return parse_routes(written)
    except ValueError as error:
        raise ModelError(str(error)) from None


def _found(roots: Sequence[Path], language: str, model: str) -> Stored:
    try:
        return find(roots, model)
    except ModelError as error:
        raise ModelError(f"{language}{ROUTE}{model}: {error}") from None


def _versions(folders: Sequence[Path], written: str) -> Iterator[StoredRoutes]:
    """Yield these routes with each version of their models."""
    routes = parse_routes(written)
    there, _ = list_all(folders)
    choices = [[stored for stored in there if _is_called(model, stored)] for model in routes.values()]
    for chosen in product(*choices):
        yield _stored(dict(zip(routes, chosen, strict=True)))


def _is_called(name: str, stored: Stored) -> bool:
    manifest = stored.manifest
    if isinstance(stored, StoredPair) and JOIN in name:
        return is_called(name, manifest.name, *manifest.parts)
    return name in (manifest.id, manifest.name)


def _stored(routes: Mapping[str, Stored]) -> StoredRoutes:
    return StoredRoutes(routes_manifest({language: stored.manifest for language, stored in routes.items()}), routes)


def _parts(manifest: ModelManifest) -> list[tuple[str, tuple[str, ...]]]:
    """Return the name and the labels of each model that may answer in place of this one."""
    return [(name, manifest.labels) for name in manifest.parts or (manifest.name,)]


def _joined(words: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(words))
