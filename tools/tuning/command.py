"""What sentiq-tune does, once what it needs is known to be installed."""

from __future__ import annotations

import argparse
import errno
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from sentiq.engine.registry import ModelError
from sentiq.evaluation.label_names import normalise
from tools.labelled import LabelledError
from tools.prepare import prove
from tools.prepare import store as stores
from tools.prepare.labels import check_labels
from tools.prepare.report import say, step
from tools.prepare.source import check_id, made_from
from tools.prepare.tokens import max_tokens, pad_id
from tools.tuning.plan import Plan, PlanError
from tools.tuning.saving import Work
from tools.tuning.stopping import Stopping

GO_ON = "the same command goes on from here"


def run(options: argparse.Namespace) -> int:
    """Tune a model; the exit status, after what went wrong was said on standard error."""
    stopping = Stopping()
    try:
        tune(options, stopping)
    except (ModelError, LabelledError, PlanError) as error:
        print(f"sentiq-tune: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno == errno.ENOSPC:
            print(f"sentiq-tune: {error}: make room on that disk; {GO_ON}", file=sys.stderr)
        else:
            print(f"sentiq-tune: {error}; {GO_ON}", file=sys.stderr)
        return 1
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "allocate memory" not in str(error):
            raise
        print(f"sentiq-tune: out of memory: end other programs; {GO_ON}; or take --way head", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"sentiq-tune: interrupted; {GO_ON}", file=sys.stderr)
        return 130
    return 128 + stopping.signal if stopping.signal else 0


def tune(options: argparse.Namespace, stopping: Stopping) -> Path | None:
    """Return the directory of the tuned model; None when interrupted, which `stopping` then tells.

    Raises ModelError, LabelledError, PlanError or OSError.
    """
    chosen = [normalise(name) for name in options.labels.split(",")] if options.labels else []
    if chosen:
        check_labels("--labels", chosen)
    with step("import torch and transformers"):
        from tools.tuning.base import find_base
        from tools.tuning.texts import read, read_test
    with step("read the base and the labelled texts"):
        base = find_base(options.base, options.revision, options.store, options.id)
        texts = read(options.labelled, options.text, options.label, base=base.labels, chosen=chosen)
        test = read_test(options.test, options.text, options.label, texts.names) if options.test else None
    model_id = options.id or f"{base.source.model_id}-tuned"
    check_id(model_id)
    say(f"tuning {base.source.name}: " + ", ".join(f"{count:,} {name}" for name, count in texts.counts.items()))
    origin = made_from(base.source, _choices(options, chosen))
    with stores.locked(options.store, model_id, f"another process makes {model_id}; waiting for it"):
        stored, damage = stores.find_prepared(options.store, model_id, origin)
        if stored and not damage and not options.fresh:
            say(f"{stored.manifest.name} is tuned and intact: {stored.directory}")
            return stored.directory
        return _tune(options, base, texts, test, model_id, origin, stopping)


def _tune(
    options: argparse.Namespace, base: Any, texts: Any, test: Any, model_id: str, origin: str, stopping: Stopping
) -> Path | None:
    """Choose a plan, teach, prepare; or go on with what an interrupted run did of it."""
    from tools.tuning import choosing
    from tools.tuning.finish import Evidence, prepare, write_checkpoint
    from tools.tuning.fit import Interrupted
    from tools.tuning.report import summary, write_report
    from tools.tuning.second_look import doubts, of_logits, out_of_fold
    from tools.tuning.teach import Teacher
    from tools.tuning.texts import split
    from tools.tuning.ways import Reader

    work = Work(options.store / ".tuning" / f"{stores.slug(model_id)}-{origin[:12]}")
    if work.begin(fresh=options.fresh):
        say(f"going on with the tuning in {work.directory}")
    tokenizer = base.tokenizer()
    padding = pad_id(tokenizer, base.config)
    ids = prove.encode(tokenizer, texts.texts, max_tokens(base.config))
    content = work.read_json("plan")
    if content is None:
        plan = choosing.choose(base, texts, ids, padding, options, options.store)
        work.write_json("plan", asdict(plan))
    else:
        plan = Plan(**content)
    say(plan.told(len(ids)))
    parts = split(texts, seed=plan.seed, has_test=test is not None, has_folds=not plan.checks)
    teacher = Teacher(base, texts, ids, padding, plan, work)
    checkpoint = work.directory / "tuned"
    taught = work.read_json("taught")
    if taught is None:
        try:
            with stopping.heeded(), step("learn"):
                done = teacher.teach(parts, stopping)
        except Interrupted:
            print(f"sentiq-tune: interrupted; {GO_ON}", file=sys.stderr)
            return None
        write_checkpoint(done.network, base, texts, parts.learning, checkpoint)
        taught = {"looks": done.looks, "held_out": None if done.held_out is None else done.held_out.tolist()}
        work.write_json("taught", taught)
    held_out = None if taught["held_out"] is None else np.array(taught["held_out"])
    with step("look for labels that deserve a second look"):
        unseen = of_logits if held_out is not None else out_of_fold
        found = doubts(texts, unseen(held_out if held_out is not None else teacher.features(), texts.labels))
    folder = options.report or Path(f"{stores.slug(model_id)}-report")

    def of_base(some: Any) -> Any:
        if some is texts:
            return teacher.of_base()
        others = prove.encode(tokenizer, some.texts, max_tokens(base.config))
        return teacher.of_base(Reader(others, padding, bfloat16=plan.bfloat16))

    def report(manifest: dict[str, Any], verdict: Any) -> None:
        write_report(folder, manifest, verdict, texts, found, taught["looks"], _files(options))
        for line in summary(verdict, texts, found):
            say(f"  {line}")

    identity = {
        "id": model_id,
        "source": f"tuned from {base.source.name}",
        "made_from": origin,
        "tuned": {"base": base.source.name, "texts": len(texts.texts), **plan.settings()},
    }
    evidence = Evidence(texts, parts, held_out, test, of_base, plan.seed)
    directory = prepare(checkpoint, options.min_agreement, options.store, identity, evidence, report)
    work.end()
    say(f"report: {folder}; {directory.name} is in {options.store}: sentiq-admin activate {model_id}")
    return directory


def _choices(options: argparse.Namespace, labels: list[str]) -> dict[str, Any]:
    """Return what of the command line decides the result."""
    named = ("text", "label", "minutes", "way", "epochs", "learning_rate", "seed", "threads", "min_agreement")
    return {
        **{name: getattr(options, name) for name in named},
        "labels": labels,
        "files": [stores.checksum(path) for path in _files(options)],
    }


def _files(options: argparse.Namespace) -> list[Path]:
    return [options.labelled, *([options.test] if options.test else [])]
