"""What sentiq-prepare does, once what it needs is known to be installed."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from sentiq.engine.registry import ModelError, read_manifest
from tools.exit_status import exit_status
from tools.prepare import store as stores
from tools.prepare.fetching import fetch
from tools.prepare.labels import chosen_labels
from tools.prepare.report import say, step, table
from tools.prepare.source import Source, find_source, made_from
from tools.traditional import SIMPLIFY


def run(options: argparse.Namespace) -> int:
    """Prepare a model; the exit status, after what went wrong was said on standard error."""

    def prepare_and_measure() -> None:
        directory = prepare(options)
        if options.eval:
            add_evaluation(directory, options.eval)

    return exit_status("sentiq-prepare", prepare_and_measure, ModelError, unwritten="nothing was stored")


def prepare(options: argparse.Namespace) -> Path:
    """The directory of the prepared model; raises ModelError."""
    source = find_source(options.model, revision=options.revision, model_id=options.id)
    outputs = chosen_labels(options.labels) if options.labels else []
    if not options.calibration.is_file():
        raise ModelError(f"--calibration: no file {options.calibration}; give a UTF-8 file with one text a line")
    if options.eval and not options.eval.is_file():
        raise ModelError(f"--eval: no file {options.eval}; give a table with tabs, columns text and label")
    choices = {
        "labels": outputs,
        "calibration": stores.checksum(options.calibration),
        "agreement": options.min_agreement,
        "max_tokens": options.max_tokens,
        "traditional": options.traditional,
    }
    origin = made_from(source, choices)
    store: Path = options.store
    with stores.locked(store, source.model_id, f"another process prepares {source.model_id}; waiting for it"):
        stored, damage = stores.find_prepared(store, source.model_id, origin)
        if stored and not damage and not options.force:
            say(f"{stored.manifest.name} is prepared and intact: {stored.directory}")
            return stored.directory
        if damage:
            say(f"{damage}; preparing it again")
        say(f"preparing {source.model_id}")
        with stores.workshop(store, source.model_id) as scratch, step("all steps"):
            directory = make(source, options, outputs, scratch, made_from=origin)
        if stored and stored.directory != directory and damage:
            shutil.rmtree(stored.directory)
        summary(directory)
        return directory


def make(source: Source, options: argparse.Namespace, outputs: list[str], scratch: Path, **identity: str) -> Path:
    """Fetch, build and store the model; return its directory in the store."""
    revision = source.revision
    checkpoint = source.directory
    if checkpoint is None:
        with step(f"fetch {source.name}"):
            fetched = fetch(source, options.store, progress=sys.stderr.isatty())
        checkpoint, revision = fetched.directory, fetched.revision
        identity["commit"] = fetched.commit
    with step("import torch and the converters"):
        from tools.prepare.build import Recipe, build
    out = scratch / "model"  # not the workshop itself, where a manifest would be found
    out.mkdir()
    facts = build(
        checkpoint,
        Recipe(
            outputs,
            options.calibration,
            options.min_agreement,
            simplifies=options.traditional == SIMPLIFY,
            max_tokens=options.max_tokens,
        ),
        out,
        scratch,
    )
    files = stores.checksums(out)
    manifest = {
        "id": source.model_id,
        "version": stores.version_of(files),
        "source": source.name,
        "revision": revision,
        **identity,
        **facts,
        "files": files,
    }
    stores.write_manifest(out, manifest)
    return stores.put(out, options.store)


def add_evaluation(directory: Path, path: Path) -> None:
    """Print the accuracies and keep them in the manifest."""
    from tools.prepare.evaluate import evaluate

    result = evaluate(directory, read_manifest(directory), path)
    accuracy = result["accuracy"]
    groups = next(iter(accuracy.values()))
    table(
        [["accuracy", *accuracy]]
        + [[group, *(f"{shares[group]:.4f}" for shares in accuracy.values())] for group in groups]
    )
    content = stores.read_content(directory)
    content["proof"] = {**content.get("proof", {}), "evaluation": result}
    stores.write_manifest(directory, content)


def summary(directory: Path) -> None:
    """What was made, as a table, and how to use it."""
    content = stores.read_content(directory)
    proof = content["proof"]
    files = {"openvino": "model.bin", "torch": "model.safetensors", "onnx": "model.onnx"}
    rows = [["backend", "precision", "size", "largest difference in float32", "labels as in float32"]]
    for backend, precision in content["backends"].items():
        size = (directory / files[backend]).stat().st_size / 1e6
        difference = proof["logits_difference"].get(backend)
        agreed = [share for what, share in proof["label_agreement"].items() if f"{backend} {precision}" in what]
        compared = "reference" if difference is None else f"{difference:.1e} of {proof['logits_bound']:.1e} allowed"
        rows.append([backend, precision, f"{size:.0f} MB", compared, f"{agreed[-1]:.1%}" if agreed else ""])
    table(rows)
    name = f"{content['id']}@{content['version']}"
    say(f"{name}: labels {', '.join(content['labels'])}; in {directory}")
