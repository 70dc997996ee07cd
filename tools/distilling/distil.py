"""From a teacher and texts to a student in the store: everything in its order."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from shutil import disk_usage
from typing import Any

import torch

from tools.distilling import bundled, layers
from tools.distilling.answers import ask
from tools.distilling.finish import finish
from tools.distilling.students import lessons
from tools.distilling.teachers import OwnTeacher, ServiceTeacher, Teacher, find_teacher
from tools.distilling.texts import Corpus, gather
from tools.prepare import store as stores
from tools.prepare.report import say, step
from tools.prepare.source import check_id
from tools.training.__main__ import EPOCHS
from tools.tuning.base import Base, find_base
from tools.tuning.fit import Interrupted
from tools.tuning.plan import PlanError, cores
from tools.tuning.saving import Work
from tools.tuning.stopping import Stopping

LAYERS_EPOCHS = 3
#: Counts up when the same texts are to be made into another student.
RECIPE = 1


def distil(options: argparse.Namespace, stopping: Stopping) -> Path | None:
    """Return the directory of the student; None when `stopping` asked to stop, and the rest is on disk.

    Raises ModelError, LabelledError, PlanError or OSError.
    """
    threads = options.threads or cores()
    torch.set_num_threads(threads)
    with step("find the teacher, read the texts"):
        teacher = _teacher(options, threads)
        model_id = options.id or f"{teacher.name.partition('@')[0]}-student"
        check_id(model_id)
        options.store.mkdir(parents=True, exist_ok=True)
        base = _base(options, len(teacher.labels))
        corpus = gather(
            options.texts,
            options.labelled,
            options.test,
            text=options.text,
            label=options.label,
            labels=teacher.labels,
            seed=options.seed,
        )
    say(
        f"distilling {teacher.name}: {len(corpus.learning):,} texts to learn from, {len(corpus.calibrating):,} to"
        f" calibrate on, {len(corpus.measuring):,} to measure on"
    )
    if base is None:
        corpus = corpus.with_crops()
        say(f"  with parts of them {len(corpus.learning):,} to learn from")
    choices = _choices(options, teacher)
    origin = hashlib.sha256(json.dumps([RECIPE, choices], sort_keys=True).encode()).hexdigest()
    with stores.locked(options.store, model_id, f"another process makes {model_id}; waiting for it"):
        stored, damage = stores.find_prepared(options.store, model_id, origin)
        if stored and not damage and not options.fresh:
            say(f"{stored.manifest.name} is distilled and intact: {stored.directory}")
            return stored.directory
        try:
            return _distil(options, teacher, base, corpus, model_id, origin, stopping)
        except Interrupted:
            return None


def _distil(
    options: argparse.Namespace,
    teacher: Teacher,
    base: Base | None,
    corpus: Corpus,
    model_id: str,
    origin: str,
    stopping: Stopping,
) -> Path:
    folder = options.store / ".distilling"
    work = Work(folder / f"{stores.slug(model_id)}-{origin[:12]}")
    if options.fresh:
        work.end()
    work.write_json("origin", origin)
    with step("ask the teacher"):
        learned = lessons(corpus, ask(teacher, corpus.texts, folder / "answers"))
    epochs = _epochs(options)
    identity = {
        "id": model_id,
        "source": f"distilled from {teacher.name}",
        "made_from": origin,
        "distilled": {
            "teacher": teacher.name,
            "student": f"layers:{options.layers}" if options.layers else "bundled",
            "texts": len(learned.learning),
            "epochs": epochs,
            "seed": options.seed,
        },
    }
    with stores.workshop(options.store, model_id) as scratch:
        recipe: dict[str, Any] = {"seed": options.seed, "epochs": epochs, "work": work, "scratch": scratch}
        if base is None:
            taught = bundled.teach(learned, teacher.labels, identity, **recipe)
        else:
            recipe |= {"threads": options.threads or cores(), "min_agreement": options.min_agreement}
            taught = layers.teach(learned, base, options.layers, teacher.labels, identity, stopping=stopping, **recipe)
        report = options.report or Path(f"{stores.slug(model_id)}-report")
        file = options.test or options.labelled or options.texts[0]
        directory = finish(taught, corpus, learned, teacher.name, options.store, report, file)
    work.end()
    say(f"report: {report}; {directory.name} is in {options.store}: sentiq-admin activate {model_id}")
    return directory


def _teacher(options: argparse.Namespace, processes: int) -> Teacher:
    if not options.service:
        return OwnTeacher(find_teacher(options.teacher, options.store), processes)
    from sentiq_client import Client

    return ServiceTeacher(Client(options.service, options.key), options.teacher)


def _base(options: argparse.Namespace, labels: int) -> Base | None:
    """Return what a student of layers begins with; None for the bundled architecture. Raises ModelError, PlanError."""
    if not options.layers:
        needed, free = bundled.DISK_BYTES * max(1, labels - 1), disk_usage(options.store).free
        if free < needed:
            raise PlanError(
                f"teaching needs {needed / 1e6:.0f} MB in {options.store} but {free / 1e6:.0f} MB are free: make room,"
                " or name a store on another disk with --store"
            )
        return None
    base = find_base(options.teacher, "", options.store)
    layers.check(base, options.layers, options.store)
    return base


def _epochs(options: argparse.Namespace) -> int:
    return int(options.epochs or (LAYERS_EPOCHS if options.layers else EPOCHS))


def _choices(options: argparse.Namespace, teacher: Teacher) -> dict[str, Any]:
    """Return what decides the result."""
    files = [*options.texts, *(path for path in (options.labelled, options.test) if path)]
    named = ("layers", "text", "label", "seed", "threads", "min_agreement")
    return {
        **{name: getattr(options, name) for name in named},
        "epochs": _epochs(options),
        "teacher": [teacher.name, *teacher.labels],
        "files": [stores.checksum(path) for path in files],
        "labelled": [options.labelled is not None, options.test is not None],
    }
