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
from tools.training.embed import embeddings
from tools.training.evaluate import accuracy, by_source, measure, probabilities
from tools.training.export import replace_directory, write_model
from tools.training.fit import combine, fit_convolution, predict, sigmoid
from tools.training.network import CHARACTER_WIDTH, PAIR_WIDTH, PAIRS, Combined, Convolution
from tools.training.ngrams import baseline_predictions, fit_linear
from tools.training.tokens import build_tokenizer, encode


def train(args: argparse.Namespace) -> None:
    """Fit, export and measure as `python -m tools.training` was asked to; tells of its progress on standard output."""
    torch.set_num_threads(args.threads)
    started = time.monotonic()

    def report(message: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {message}", flush=True)

    train, dev, test = (read_split(path) for path in (args.train, args.dev, args.test))
    unlabelled = read_unlabelled(args.unlabelled) if args.unlabelled else []
    tokenizer = build_tokenizer(train.texts)
    vocabulary = tokenizer.get_vocab_size()
    train_ids, dev_ids, test_ids = (encode(tokenizer, split.texts) for split in (train, dev, test))
    report(f"{len(train.texts)} training texts, vocabulary of {vocabulary}")

    linear = fit_linear(train_ids, train.labels)
    report("linear part fitted")
    first_values = embeddings(
        train_ids + encode(tokenizer, unlabelled),
        characters=(vocabulary, CHARACTER_WIDTH),
        pairs=(PAIRS, PAIR_WIDTH),
        seed=args.seed,
    )
    report(f"embeddings started from {len(train.texts) + len(unlabelled)} texts")
    torch.manual_seed(args.seed)
    convolution = Convolution(*first_values)
    fit_convolution(convolution, train_ids, train.labels, seed=args.seed, epochs=args.epochs, report=report)

    on_dev, on_test = (
        {"linear": linear.logits(ids), "convolution": predict(convolution, ids)} for ids in (dev_ids, test_ids)
    )
    weights = combine(on_dev["linear"], on_dev["convolution"], dev.labels)
    on_dev["combined"] = weights[0] * on_dev["linear"] + weights[1] * on_dev["convolution"] + weights[2]
    dev_accuracy = {part: accuracy((logits > 0).astype(np.int64), dev) for part, logits in on_dev.items()}
    report(f"accuracy on the development split: {dev_accuracy}")

    identity = {"id": args.out.name, "source": f"trained from scratch by `python -m tools.training`, seed {args.seed}"}
    with tempfile.TemporaryDirectory() as scratch:
        reference, shipped = Path(scratch) / "fp32", Path(scratch) / args.out.name
        write_model(reference, Combined(convolution, linear, weights, int8=False), tokenizer, identity, "f32")
        write_model(shipped, Combined(convolution, linear, weights, int8=True), tokenizer, identity, "int8")
        fp32, int8 = (probabilities(directory, test.texts) for directory in (reference, shipped))
        baseline = baseline_predictions(train.texts, train.labels, test.texts)
        metrics = {
            "seed": args.seed,
            "epochs": args.epochs,
            "vocabulary": vocabulary,
            "texts": {
                "train": len(train.texts),
                "unlabelled": len(unlabelled),
                "dev": len(dev.texts),
                "test": len(test.texts),
            },
            "size_bytes": sum(path.stat().st_size for path in shipped.iterdir()),
            "dev_accuracy": dev_accuracy,
            "uncalibrated": {part: measure(sigmoid(logits), test) for part, logits in on_test.items()},
            "int8": measure(int8, test),
            "fp32": measure(fp32, test),
            "int8_fp32_agreement": round(float(((int8 > 0.5) == (fp32 > 0.5)).mean()), 5),
            "baseline": {"accuracy": accuracy(baseline, test), "by_source": by_source(baseline, test)},
        }
        (shipped / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
        (shipped / "README.md").write_text(card(args.out.name, metrics), encoding="utf-8")
        replace_directory(shipped, args.out)
    report(f"written to {args.out}; accuracy on the test split {accuracy((int8 > 0.5).astype(np.int64), test)}")
