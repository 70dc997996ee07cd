"""The student of the bundled model's architecture: n-grams and a small convolution, of its own vocabulary."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sentiq.engine import Engine
from tools.distilling.students import Lessons, Taught
from tools.prepare.report import say
from tools.training.card import ARCHITECTURE
from tools.training.export import write_model
from tools.training.fit import smoothed
from tools.training.learn import Targets, accuracies, learn
from tools.training.ngrams import baseline_predictions
from tools.training.tokens import build_tokenizer, encode
from tools.tuning.saving import Work

#: Room for what is kept to go on, for each label: tables of n-grams and of embeddings, AdamW's averages, two states.
DISK_BYTES = 300_000_000


def teach(
    lessons: Lessons,
    labels: Sequence[str],
    identity: dict[str, Any],
    *,
    seed: int,
    epochs: int,
    work: Work,
    scratch: Path,
) -> Taught:
    """Return a student that has learned; what an earlier run did of it is not done again."""
    started = time.monotonic()

    def report(message: str) -> None:
        say(f"  {time.monotonic() - started:6.0f} s  {message}")

    texts = [lessons.texts[place] for place in lessons.learning]
    tokenizer = build_tokenizer(texts)
    mixed, held_out = lessons.mixed(lessons.people), lessons.truth[lessons.calibrating]
    parts = learn(
        encode(tokenizer, texts),
        Targets(
            linear=mixed[lessons.learning],
            convolution=lessons.mixed(smoothed(lessons.people))[lessons.learning],
        ),
        (encode(tokenizer, [lessons.texts[place] for place in lessons.calibrating]), held_out),
        vocabulary=tokenizer.get_vocab_size(),
        seed=seed,
        epochs=epochs,
        report=report,
        work=work,
    )
    measuring = encode(tokenizer, [lessons.texts[place] for place in lessons.measuring])
    wanted = lessons.truth[lessons.measuring]
    shares = accuracies(parts.logits(measuring), wanted)
    plain, shipped = scratch / "plain", scratch / "model"
    write_model(plain, parts.network(int8=False), tokenizer, identity, labels, "f32")
    write_model(shipped, parts.network(int8=True), tokenizer, identity, labels, "int8")
    more: dict[str, Any] = {"vocabulary": tokenizer.get_vocab_size(), "parts": shares}
    learned = [place for place in lessons.learning if lessons.people[place].any()]
    if learned:
        found = baseline_predictions(
            [lessons.texts[place] for place in learned],
            lessons.people[learned].argmax(axis=1),
            [lessons.texts[place] for place in lessons.measuring],
        )
        more["baseline"] = {"accuracy": round(float((found == wanted.argmax(axis=1)).mean()), 4)}
        report("baseline fitted: TF-IDF and logistic regression on the labelled texts")
    return Taught(shipped, lambda: Engine.load(plain, float32=True), ARCHITECTURE, more)
