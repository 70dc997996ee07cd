"""Classifies texts in the process that calls it, without a server: for notebooks, scripts and small devices.

    from sentiq import Analyzer

    analyzer = Analyzer()
    for answer in analyzer.classify(["味道很好,下次还来", "等了一个小时,太慢了"]):
        print(answer.label, answer.score, answer.probabilities)

It needs numpy, openvino and tokenizers, and nothing else of the service (docs/embedded.md).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sentiq.core.invisible_characters import is_blank
from sentiq.core.labels import DECIMALS, label_and_score
from sentiq.engine import Classifier, LongTexts, ModelManifest, Prediction

BUNDLED_MODELS = Path(__file__).resolve().parents[1] / "models"
BUNDLED_MODEL = "sentiq-small-zh"
TEXTS_AT_ONCE = 512  #: read from an iterator, so that equal texts among them are classified once


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says of one text."""

    text: str
    label: str | None  # None for a text that shows nothing: it is empty, or has white space alone
    score: float | None  # how certain the label is, 0 to 1
    probabilities: dict[str, float]  # by label, in the order of the model; empty where there is no label
    truncated: bool  # the text was longer than the model reads, and part of it was left out
    model: str  # `id@version`; of a pair or of routes, the one that answered


class Analyzer:
    """A loaded model, which threads may share."""

    def __init__(
        self, model: str = BUNDLED_MODEL, *, model_root: Path | str | None = None, backend: str = "openvino"
    ) -> None:
        """Load a prepared model: `id`, `id@version`, a fitted pair, `STUDENT+TEACHER`, or routes, `zh=ID,*=ID`.

        It is looked for in `model_root` and among the bundled models. Raises sentiq.engine.ModelError where it is
        missing or damaged, or was not prepared for the backend (openvino, onnx or torch). Warns where this processor
        does not give the numbers that were proven, and the model is computed in float32 instead.
        """
        from sentiq.engine.routing import find_any, open_any

        roots = [BUNDLED_MODELS] if model_root is None else [Path(model_root), BUNDLED_MODELS]
        self._engine: Classifier = open_any(find_any(roots, model), backend=backend)
        if self._engine.notice:
            warnings.warn(self._engine.notice, RuntimeWarning, stacklevel=2)

    @property
    def manifest(self) -> ModelManifest:
        """What is known of the model: its name, its labels in their order, how many tokens it reads."""
        return self._engine.manifest

    def classify(
        self, texts: Iterable[str], *, long_texts: LongTexts = "truncate", neutral_band: float = 0.0
    ) -> list[Answer]:
        """Return one answer for each text, in their order. Raises TypeError for what is not a text.

        `long_texts` and `neutral_band` mean what they mean to the service (docs/api.md): which part of a long text is
        read, and how near to 0.5 the probability of `positive` makes a text neutral.
        """
        return list(self.stream(texts, long_texts=long_texts, neutral_band=neutral_band))

    def stream(
        self, texts: Iterable[str], *, long_texts: LongTexts = "truncate", neutral_band: float = 0.0
    ) -> Iterator[Answer]:
        """Yield what `classify` returns, some hundred texts at a time: for more texts than fit into memory."""
        if isinstance(texts, str):
            raise TypeError("classify takes several texts: put a single one into a list")
        remaining = iter(texts)
        while group := list(islice(remaining, TEXTS_AT_ONCE)):
            for text in group:
                if not isinstance(text, str):
                    raise TypeError(f"{text!r} is no text: remove it, or make it one with str()")
            shown = [text for text in group if not is_blank(text)]
            predictions = iter(self._engine.classify(shown, long_texts) if shown else ())
            for text in group:
                yield self._answer(text, None if is_blank(text) else next(predictions), neutral_band)

    def _answer(self, text: str, prediction: Prediction | None, neutral_band: float) -> Answer:
        manifest = self.manifest
        if prediction is None:
            return Answer(text, None, None, {}, False, manifest.name)
        found = dict(zip(manifest.labels, prediction.probabilities, strict=True))
        if manifest.part_labels:  # of routes: those of the model that answered
            found = {label: found[label] for label in manifest.part_labels[prediction.given_by - 1]}
        label, score = label_and_score(tuple(found), tuple(found.values()), neutral_band)
        answered_by = manifest.parts[prediction.given_by - 1] if manifest.parts else manifest.name
        return Answer(
            text,
            label,
            score,
            {label: round(probability, DECIMALS) for label, probability in found.items()},
            prediction.truncated,
            answered_by,
        )
