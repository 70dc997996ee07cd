"""From a base and a table of labelled texts to a model in the store: everything in its order."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiq.evaluation.label_names import normalise
from tools.prepare import prove
from tools.prepare import store as stores
from tools.prepare.labels import check_labels
from tools.prepare.report import say, step
from tools.prepare.source import check_id, made_from
from tools.prepare.tokens import max_tokens, pad_id
from tools.tuning.base import Base, find_base
from tools.tuning.choosing import choose
from tools.tuning.finish import Evidence, prepare, write_checkpoint
from tools.tuning.fit import Interrupted
from tools.tuning.measuring import Verdict
from tools.tuning.plan import Plan
from tools.tuning.report import summary, write_report
from tools.tuning.saving import Work
from tools.tuning.second_look import doubts, of_logits, out_of_fold
from tools.tuning.stopping import Stopping
from tools.tuning.teach import Taught, Teacher
from tools.tuning.texts import Parts, Texts, check_enough_apart, read, read_test, split
from tools.tuning.ways import Reader


def tune(options: argparse.Namespace, stopping: Stopping) -> Path | None:
    """Return the directory of the tuned model; None when `stopping` asked to stop, and the rest is on disk.

    Raises ModelError, LabelledError, PlanError or OSError.
    """
    chosen = [normalise(name) for name in options.labels.split(",")] if options.labels else []
    if chosen:
        check_labels("--labels", chosen)
    with step("read the base and the labelled texts"):
        base = find_base(options.base, options.revision, options.store, options.id)
        texts = read(options.labelled, options.text, options.label, base=base.labels, chosen=chosen)
        if options.federated:
            check_enough_apart(options.labelled, texts)
        test = None
        if options.test:
            test = read_test(options.test, options.text, options.label, texts.names)
    if options.federated:
        options.way, options.epochs = "lora", 1  # for the plan; the server says how many
    model_id = options.id or f"{base.source.model_id}-tuned"
    check_id(model_id)
    say(f"tuning {base.source.name}: " + ", ".join(f"{count:,} {name}" for name, count in texts.counts.items()))
    origin = made_from(base.source, _choices(options, chosen))
    with stores.locked(options.store, model_id, f"another process makes {model_id}; waiting for it"):
        stored, damage = stores.find_prepared(options.store, model_id, origin)
        if stored and not damage and not options.fresh:
            say(f"{stored.manifest.name} is tuned and intact: {stored.directory}")
            return stored.directory
        try:
            return _Tuning(options, base, texts, test, model_id, origin).run(stopping)
        except Interrupted:
            return None


class _Tuning:
    """One tuning; what an earlier run did of it is not done again."""

    def __init__(
        self, options: argparse.Namespace, base: Base, texts: Texts, test: Texts | None, model_id: str, origin: str
    ) -> None:
        self._options = options
        self._base = base
        self._texts = texts
        self._test = test
        self._id = model_id
        self._origin = origin
        self._work = Work(options.store / ".tuning" / f"{stores.slug(model_id)}-{origin[:12]}")
        self._tokenizer = base.tokenizer()
        self._pad_id = pad_id(self._tokenizer, base.config)

    def run(self, stopping: Stopping) -> Path:
        ids = self._encode(self._texts.texts)
        plan = self._plan(ids)
        if not self._options.federated:
            say(plan.told(len(ids)))
        has_test, has_folds = self._test is not None, not (plan.checks or self._options.federated)
        parts = split(self._texts, seed=plan.seed, has_folds=has_folds, has_test=has_test)
        teacher = Teacher(self._base, self._texts, ids, self._pad_id, plan, self._work)
        looks, held_out = self._learn(teacher, plan, parts, stopping)
        directory = self._finish(teacher, plan, parts, looks, held_out)
        self._work.end()
        return directory

    def _plan(self, ids: Sequence[Sequence[int]]) -> Plan:
        if self._options.fresh:
            self._work.end()
        content = self._work.read_json("plan")
        if content is not None:
            say(f"going on with the tuning in {self._work.directory}")
            return Plan(**content)
        plan = choose(self._base, self._texts, ids, self._pad_id, self._options)
        self._work.write_json("plan", asdict(plan))
        return plan

    def _learn(
        self, teacher: Teacher, plan: Plan, parts: Parts, stopping: Stopping
    ) -> tuple[list[dict[str, float]], NDArray[np.float64] | None]:
        """Return what the looks at texts kept apart found, and the logits by cross-validation if there was one.

        The tuned checkpoint is then in the folder. Raises Interrupted.
        """
        kept = self._work.read_json("taught")
        if kept is None:
            with stopping.heeded(), step("learn"):
                taught = self._teach(teacher, plan, parts, stopping)
            write_checkpoint(taught.network, self._base, self._texts.texts, parts.learning, self._work.checkpoint)
            kept = {
                "looks": taught.looks,
                "held_out": None if taught.held_out is None else taught.held_out.tolist(),
            }
            self._work.write_json("taught", kept)
        return kept["looks"], None if kept["held_out"] is None else np.array(kept["held_out"])

    def _teach(self, teacher: Teacher, plan: Plan, parts: Parts, stopping: Stopping) -> Taught:
        if not self._options.federated:
            return teacher.teach(parts, stopping)
        from tools.tuning.together import learn_together  # flwr is there where sites tune together, and nowhere else

        stage = self._work.stage("together")
        return learn_together(self._options, self._base, self._texts, teacher.reader, plan, parts, stage, stopping)

    def _finish(
        self,
        teacher: Teacher,
        plan: Plan,
        parts: Parts,
        looks: list[dict[str, float]],
        held_out: NDArray[np.float64] | None,
    ) -> Path:
        """Return the directory of the prepared model, after the report was written."""
        texts, options = self._texts, self._options
        with step("look for labels that deserve a second look"):
            if held_out is None:
                found = doubts(texts, out_of_fold(teacher.features(), texts.labels))
            else:
                found = doubts(texts, of_logits(held_out, texts.labels))
        folder = options.report or Path(f"{stores.slug(self._id)}-report")

        def of_base(some: Texts) -> NDArray[np.float64] | None:
            if some is texts:
                return teacher.of_base()
            return teacher.of_base(Reader(self._encode(some.texts), self._pad_id, bfloat16=plan.bfloat16))

        def report(manifest: dict[str, Any], verdict: Verdict) -> None:
            write_report(folder, manifest, verdict, texts, found, looks, _files(options)[-1])
            for line in summary(verdict, texts, found):
                say(f"  {line}")

        identity = {
            "id": self._id,
            "source": f"tuned from {self._base.source.name}",
            "made_from": self._origin,
            "tuned": {
                "base": self._base.source.name,
                "texts": len(texts.texts),
                **plan.settings(),
                **({"site": options.site, "rounds": len(looks)} if options.federated else {}),
            },
        }
        evidence = Evidence(texts, parts, held_out, self._test, of_base, plan.seed)
        directory = prepare(self._work.checkpoint, options.min_agreement, options.store, identity, evidence, report)
        say(f"report: {folder}; {directory.name} is in {options.store}: sentiq-admin activate {self._id}")
        return directory

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        return prove.encode(self._tokenizer, texts, max_tokens(self._base.config))


def _choices(options: argparse.Namespace, labels: list[str]) -> dict[str, Any]:
    """Return what of the command line decides the result."""
    named = ("text", "label", "minutes", "way", "epochs", "learning_rate", "seed", "threads", "min_agreement")
    together = {"federated": options.federated, "site": options.site} if options.federated else {}
    return {
        **{name: getattr(options, name) for name in named},
        **together,
        "labels": labels,
        "files": [stores.checksum(path) for path in _files(options)],
    }


def _files(options: argparse.Namespace) -> list[Path]:
    return [options.labelled, *([options.test] if options.test else [])]
