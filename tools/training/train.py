"""From labelled texts to a model directory, with what it measures."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from tools.training.card import card
from tools.training.data import read_split, read_unlabelled
from tools.training.evaluate import accuracy, by_source, measure, of_positive
from tools.training.export import replace_directory, write_model
from tools.training.fit import smoothed
from tools.training.learn import Targets, accuracies, learn
from tools.training.ngrams import baseline_predictions
from tools.training.outputs import one_hot, probabilities
from tools.training.tokens import build_tokenizer, encode

LABELS = ["negative", "positive"]


def train(args: argparse.Namespace) -> None:
    """Fit, export and measure as `python -m tools.training` was asked to; tells of its progress on standard output."""
    torch.set_num_threads(args.threads)
    started = time.monotonic()

    def report(message: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {message}", flush=True)

    train, dev, test = (read_split(path) for path in (args.train, args.dev, args.test))
    clauses = read_split(args.clauses) if args.clauses else None
    unlabelled = read_unlabelled(args.unlabelled) if args.unlabelled else []
    tokenizer = build_tokenizer(train.texts)
    vocabulary = tokenizer.get_vocab_size()
    train_ids, dev_ids, test_ids = (encode(tokenizer, split.texts) for split in (train, dev, test))
    report(f"{len(train.texts)} training texts, vocabulary of {vocabulary}")

    learned, of_learned = list(train_ids), train.labels
    if clauses:
        learned += encode(tokenizer, clauses.texts)
        of_learned = np.concatenate([train.labels, clauses.labels])
    people = one_hot(of_learned, len(LABELS))
    on_dev = one_hot(dev.labels, len(LABELS))
    parts = learn(
        learned,
        Targets(linear=people, convolution=smoothed(people)),
        (dev_ids, on_dev),
        more=encode(tokenizer, unlabelled),
        vocabulary=vocabulary,
        seed=args.seed,
        epochs=args.epochs,
        report=report,
    )
    dev_accuracy = accuracies(parts.logits(dev_ids), on_dev)
    report(f"accuracy on the development split: {dev_accuracy}")
    on_test = {part: probabilities(logits)[:, 1] for part, logits in parts.logits(test_ids).items()}

    identity = {"id": args.out.name, "source": f"trained from scratch by `python -m tools.training`, seed {args.seed}"}
    with tempfile.TemporaryDirectory() as scratch:
        reference, shipped = Path(scratch) / "fp32", Path(scratch) / args.out.name
        write_model(reference, parts.network(int8=False), tokenizer, identity, LABELS, "f32")
        write_model(shipped, parts.network(int8=True), tokenizer, identity, LABELS, "int8")
        fp32, int8 = (of_positive(directory, test.texts) for directory in (reference, shipped))
        baseline = baseline_predictions(train.texts, train.labels, test.texts)
        metrics = {
            "seed": args.seed,
            "epochs": args.epochs,
            "vocabulary": vocabulary,
            "texts": {
                "train": len(train.texts),
                "clauses": len(clauses.texts) if clauses else 0,
                "unlabelled": len(unlabelled),
                "dev": len(dev.texts),
                "test": len(test.texts),
            },
            "size_bytes": sum(path.stat().st_size for path in shipped.iterdir()),
            "dev_accuracy": dev_accuracy,
            "uncalibrated": {part: measure(on_test[part], test) for part in ("linear", "convolution")},
            "int8": measure(int8, test),
            "fp32": measure(fp32, test),
            "int8_fp32_agreement": round(float(((int8 > 0.5) == (fp32 > 0.5)).mean()), 5),
            "baseline": {"accuracy": accuracy(baseline, test), "by_source": by_source(baseline, test)},
        }
        (shipped / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
        (shipped / "README.md").write_text(card(args.out.name, metrics), encoding="utf-8")
        replace_directory(shipped, args.out)
    report(f"written to {args.out}; accuracy on the test split {accuracy((int8 > 0.5).astype(np.int64), test)}")
