"""What sentiq-federate does, once what it needs is known to be installed."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch

from sentiq.engine.registry import ModelError
from sentiq.evaluation.label_names import normalise
from tools.federated.server import Terms, serve
from tools.prepare.labels import check_labels
from tools.prepare.report import say, step
from tools.tuning import plan as plans
from tools.tuning.base import Base, find_base
from tools.tuning.ending import exit_status
from tools.tuning.exchange import put_weights, weights_of
from tools.tuning.federation import read_secret
from tools.tuning.finish import write_checkpoint
from tools.tuning.stopping import Stopping
from tools.tuning.ways import Learner, Reader, learner_of


def run(options: argparse.Namespace) -> int:
    """Serve a federation; the exit status, after what went wrong was said on standard error."""
    go_on = "start it again, and then the sites"
    return exit_status("sentiq-federate", lambda stopping: _federate(options, stopping), "take a smaller base", go_on)


def _federate(options: argparse.Namespace, stopping: Stopping) -> bool:
    with step("read the base"):
        base = find_base(options.base, options.revision, options.store)
        labels = _labels(options, base)
        learner = _learner(base, labels, options.seed)
        terms = Terms(
            base=base.source.name,
            digest=base.digest(),
            labels=tuple(labels),
            sites=options.sites,
            fewest=options.fewest,
            rounds=options.rounds,
            epochs=options.epochs,
            rate=options.learning_rate or plans.rate("lora", base.config.get("hidden_size", 768)),
            secret=read_secret(options.secret),
            wait_s=60 * options.wait_minutes,
            round_s=60 * options.round_minutes,
        )
    tls = (options.certificate.read_bytes(), options.key.read_bytes()) if options.certificate else None
    weights = serve(options.address, terms, weights_of(learner), tls, stopping)
    if weights is None:
        return False
    if options.checkpoint:
        put_weights(learner, weights)
        options.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        write_checkpoint(learner.finished().eval(), base, [], [], options.checkpoint)
        say(f"the averaged model is in {options.checkpoint}: sentiq-prepare {options.checkpoint}")
    return True


def _labels(options: argparse.Namespace, base: Base) -> list[str]:
    if options.labels:
        return check_labels("--labels", [normalise(name) for name in options.labels.split(",")])
    if base.labels is None:
        raise ModelError(f"{options.base} has no classifier that names its outputs: name them with --labels")
    return base.labels


def _learner(base: Base, labels: Sequence[str], seed: int) -> Learner:
    """Return the adapter with which all sites begin."""
    torch.manual_seed(seed)
    return learner_of("lora", base.network(labels), Reader([], 0, bfloat16=False), lambda: torch.empty(0))
