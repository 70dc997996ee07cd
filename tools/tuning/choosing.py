"""Times a few steps, and chooses from them the way and the number of epochs that fit."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import disk_usage
from typing import Any

import torch
from torch.nn import functional

from tools.prepare.report import step
from tools.tuning import plan as plans
from tools.tuning.base import Base
from tools.tuning.batches import BatchSize, by_length, padded_tokens
from tools.tuning.plan import Plan, PlanError
from tools.tuning.texts import FEW, FOLDS, Texts
from tools.tuning.ways import Reader, features, learner_of, learning, optimiser
from worker.host_resources import Host

#: Batches that are timed, spread over all lengths, after one that is not: the first has kernels to build.
TIMED_BATCHES = 4


def choose(base: Base, texts: Texts, ids: Sequence[Sequence[int]], pad_id: int, options: argparse.Namespace) -> Plan:
    """Return the plan for these texts as token ids; raises PlanError where none fits time, memory or disk."""
    threads = options.threads or plans.cores()
    torch.set_num_threads(threads)
    reader = Reader([row[: plans.LONGEST] for row in ids], pad_id, bfloat16=has_fast_bfloat16())
    rows = len(texts.texts)
    refused: list[str] = []
    for way in [options.way] if options.way else plans.preferred(rows):
        trial = _Trial(way, base, texts, reader)
        if trial.needed_bytes > (free := Host(niced=True).available_bytes()):
            refused.append(
                f"the way {way!r} needs about {trial.needed_bytes / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are"
                " free: end other programs, or take another --way or a smaller base"
            )
            continue
        _check_disk(options.store, trial)
        with step(f"time a few steps of the way {way!r}"):
            trial.run()
        # Five folds without a fifth of the texts are four passes over all of them.
        epoch_s = trial.epoch_s * (FOLDS if rows < FEW else 1)
        epochs = options.epochs or plans.fitting_epochs(way, rows, epoch_s, trial.once_s, options.minutes * 60)
        if not epochs:
            fewest = plans.epochs_wanted(way, rows)[1]
            needed = (trial.once_s + fewest * epoch_s) / 60
            refused.append(
                f"the way {way!r} takes about {needed:.1f} minutes for {fewest} epochs, more than --minutes"
                f" {options.minutes:g}: allow more, or take another --way, a smaller base or fewer texts"
            )
            continue
        return Plan(
            way=way,
            epochs=epochs,
            batch_texts=plans.batch_texts(rows),
            batch_tokens=plans.BATCH_TOKENS,
            longest=plans.LONGEST,
            rate=options.learning_rate or plans.rate(way, base.config.get("hidden_size", 768)),
            seed=options.seed,
            threads=threads,
            bfloat16=has_fast_bfloat16(),
            checks=0 if rows < FEW else plans.checks(rows, epochs),
            predicted_s=trial.once_s + epochs * epoch_s,
        )
    raise PlanError("; ".join(refused))


class _Trial:
    """A network on which a way is timed; nothing is kept of it."""

    def __init__(self, way: str, base: Base, texts: Texts, reader: Reader) -> None:
        self.epoch_s = 0.0  #: one pass of learning over all texts
        self.once_s = 0.0  #: what is done once: the base reads all texts, and the tuned network is prepared
        self._way = way
        self._reader = reader
        self._size = BatchSize(plans.batch_texts(len(texts.texts)), plans.BATCH_TOKENS)
        self._targets = torch.tensor(texts.labels)
        self._network = base.network(texts.names)
        rows, columns = len(texts.texts), self._network.config.hidden_size
        self._learner = learner_of(way, self._network, reader, lambda: torch.zeros(rows, columns))
        self.weights = sum(weight.numel() for weight in self._network.parameters())
        self.learning = sum(weight.numel() for weight in learning(self._learner.module).values())
        self.needed_bytes = plans.memory_bytes(
            base.config, self.weights, self.learning, way, longest=max(reader.widths)
        )

    def run(self) -> None:
        read_s = self._time(self._read, self._reader.widths)
        self.once_s = read_s + plans.prepare_s(self.weights)
        self._adam = optimiser(self._learner.module, 0.0, new_head=False)
        self._learner.module.train()
        self.epoch_s = self._time(self._learn, self._learner.widths)

    def _read(self, batch: Sequence[int]) -> None:
        features(self._network, self._reader.part(batch), self._size)

    def _learn(self, batch: Sequence[int]) -> None:
        loss = functional.cross_entropy(self._learner.logits(batch), self._targets[list(batch)])
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()

    def _time(self, run: Callable[[Sequence[int]], None], widths: Sequence[int]) -> float:
        """Return the seconds for all texts, from batches of every length."""
        batches = by_length(range(len(widths)), widths, self._size)
        chosen = [batches[len(batches) * part // TIMED_BATCHES] for part in range(TIMED_BATCHES)]
        run(chosen[0])
        started = time.perf_counter()
        for batch in chosen:
            run(batch)
        spent = time.perf_counter() - started
        tokens, timed = (sum(padded_tokens(batch, widths) for batch in some) for some in (batches, chosen))
        return spent * tokens / timed


def _check_disk(store: Path, trial: _Trial) -> None:
    needed, free = plans.disk_bytes(trial.weights, trial.learning), disk_usage(store).free
    if free < needed:
        raise PlanError(
            f"tuning and preparing need {needed / 1e6:.0f} MB in {store} but {free / 1e6:.0f} MB are free: make room,"
            " or name a store on another disk with --store"
        )


def has_fast_bfloat16() -> bool:
    """Tell whether the processor computes in bfloat16; elsewhere it would only be slow."""
    found: dict[str, Any] = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
