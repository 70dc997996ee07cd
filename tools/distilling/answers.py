"""The teacher's answers, kept on disk piece by piece: an interrupted run asks for the rest alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sentiq.engine import ModelError
from tools.distilling.teachers import Answers, Piece, Teacher
from tools.prepare.report import say
from tools.tuning.progress import Meter
from tools.tuning.saving import replace

PIECE_TEXTS = 2048
MOST_UNANSWERED = 0.1  #: share of the texts


def ask(teacher: Teacher, texts: Sequence[str], folder: Path) -> Answers:
    """Return the teacher's probabilities ``[texts, labels]``, from `folder` as far as it has given them before.

    A file is named after the teacher and its texts, so that answers of another teacher, or to other texts, are never
    taken for these. Raises ModelError where too many texts got no answer.
    """
    pieces = [texts[start : start + PIECE_TEXTS] for start in range(0, len(texts), PIECE_TEXTS)]
    paths = [folder / f"{_digest(teacher, piece)}.npy" for piece in pieces]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    meter = Meter(sum(len(pieces[number]) for number in missing))
    if len(missing) < len(pieces):
        say(f"  {teacher.name} has answered {len(pieces) - len(missing)} of {len(pieces)} parts of the texts before")
    done = 0
    for number, found in zip(missing, teacher.answers([pieces[number] for number in missing]), strict=True):
        _write(paths[number], found)
        done += len(found)
        meter.advance(len(found), f"{teacher.name}: {done:,} texts")
    answers: Answers = np.concatenate([np.load(path) for path in paths])
    without = int(np.isnan(answers[:, 0]).sum())
    if without > MOST_UNANSWERED * len(texts):
        for path in paths:
            path.unlink()
        raise ModelError(
            f"{teacher.name} gave no answer to {without:,} of {len(texts):,} texts: they failed, or another model"
            " answered them. The logs of the service say why; then run the same command again"
        )
    if without:
        say(f"  {without:,} texts got no answer from the teacher")
    return answers


def _digest(teacher: Teacher, piece: Piece) -> str:
    """Return what names the answers of this teacher to these texts: 32 digits of a SHA-256."""
    names = "\n".join([teacher.name, *teacher.labels, "", *piece])
    return hashlib.sha256(names.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _write(path: Path, answers: Answers) -> None:
    def write(new: Path) -> None:
        with new.open("wb") as file:
            np.save(file, answers)

    replace(path, write)
