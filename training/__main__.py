"""One command from labelled texts to the bundled model: see training/README.md."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from training.card import card
from training.data import read_split
from training.evaluate import accuracy, by_source, measure, probabilities
from training.export import write_model
from training.fit import EPOCHS, combine, fit_convolution, predict
from training.network import Combined
from training.ngrams import Linear, baseline_predictions, features, fit_linear
from training.tokens import Ids, build_tokenizer, encode


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    for split in ("train", "dev", "test"):
        parser.add_argument(f"--{split}", type=Path, required=True, help="TSV (or .tsv.gz): label, source, text")
    parser.add_argument("--out", type=Path, required=True, help="model directory to write; its name is the model's id")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--threads", type=int, default=1, help="of torch; the result depends on it in the last digits")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    started = time.monotonic()

    def report(message: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {message}", flush=True)

    train, dev, test = (read_split(path) for path in (args.train, args.dev, args.test))
    tokenizer = build_tokenizer(train.texts)
    train_ids, dev_ids = encode(tokenizer, train.texts), encode(tokenizer, dev.texts)
    report(f"{len(train.texts)} training texts, vocabulary of {tokenizer.get_vocab_size()}")

    linear = fit_linear(train_ids, train.labels)
    report("linear part fitted")
    baseline = baseline_predictions(train.texts, train.labels, test.texts)
    report(f"baseline on the test split: {accuracy(baseline, test)}")
    convolution = fit_convolution(
        tokenizer.get_vocab_size(), train_ids, train.labels, seed=args.seed, epochs=args.epochs, report=report
    )
    dev_linear, dev_convolution = linear_logits(linear, dev_ids), predict(convolution, dev_ids)
    weights = combine(dev_linear, dev_convolution, dev.labels)
    together = weights[0] * dev_linear + weights[1] * dev_convolution + weights[2]
    report(
        "accuracy on the development split: "
        + ", ".join(
            f"{name} {accuracy((logits > 0).astype(np.int64), dev)}"
            for name, logits in (("linear", dev_linear), ("convolution", dev_convolution), ("together", together))
        )
    )

    identity = {"id": args.out.name, "source": f"trained from scratch by `python -m training`, seed {args.seed}"}
    with tempfile.TemporaryDirectory() as scratch:
        reference = Path(scratch) / "fp32"
        write_model(reference, Combined(convolution, linear, weights, int8=False), tokenizer, identity, "f32")
        write_model(args.out, Combined(convolution, linear, weights, int8=True), tokenizer, identity, "int8")
        fp32, int8 = (probabilities(directory, test.texts) for directory in (reference, args.out))
    metrics = {
        "seed": args.seed,
        "epochs": args.epochs,
        "vocabulary": tokenizer.get_vocab_size(),
        "test_texts": len(test.texts),
        "size_bytes": sum(path.stat().st_size for path in args.out.iterdir()),
        "int8": measure(int8, test),
        "fp32": measure(fp32, test),
        "int8_fp32_agreement": round(float(((int8 > 0.5) == (fp32 > 0.5)).mean()), 5),
        "baseline": {"accuracy": accuracy(baseline, test), "by_source": by_source(baseline, test)},
    }
    (args.out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    (args.out / "README.md").write_text(card(args.out.name, metrics))
    report(f"written to {args.out}; test accuracy {metrics['int8']['accuracy']}")  # type: ignore[index]


def linear_logits(linear: Linear, texts: list[Ids]) -> np.ndarray:
    """Logits of the linear part alone, `[texts]`."""
    weights = np.concatenate([linear.unigrams, linear.bigrams, linear.trigrams])
    return np.array([weights[features(ids)].sum() / np.sqrt(len(ids)) + linear.bias for ids in texts])


if __name__ == "__main__":
    main()
