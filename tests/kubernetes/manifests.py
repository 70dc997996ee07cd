"""deploy/kubernetes as tests read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from sentiq.core.settings import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "kubernetes"
KEDA = json.loads((Path(__file__).parent / "keda.schema.json").read_text())
OLDEST, NEWEST = "1.30", "1.37"  #: versions of Kubernetes; 1.30 is the first that sleeps before it stops a container
Manifest = dict[str, Any]


def from_files() -> list[Manifest]:
    """The base as it is written."""
    base = FOLDER / "base"
    names = yaml.safe_load((base / "kustomization.yaml").read_text())["resources"]
    return [document for name in names for document in yaml.safe_load_all((base / name).read_text())]


def of_kind(manifests: list[Manifest], *kinds: str) -> dict[str, Manifest]:
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if manifest["kind"] in kinds}


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Templates of pods by the name of what makes them."""
    return {n: m["spec"]["template"] for n, m in of_kind(manifests, "Deployment", "StatefulSet").items()}


def container(pod: Manifest) -> Manifest:
    (only,) = pod["spec"]["containers"]
    found: Manifest = only
    return found
