"""The Helm chart gives what the manifests give, and refuses values that mean nothing; Helm itself renders it."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from sentiq.core.settings import REPOSITORY
from sentiq.core.version import VERSION
from tests.kubernetes.manifests import FOLDER, KEDA, NEWEST, OLDEST, Manifest, container, from_files, pods

CHART = FOLDER / "chart"
HELM_PYTHON = REPOSITORY / ".venv-helm" / "bin" / "python"  #: has Helm as a library; `make test-helm` makes it

#: Reads values as JSON; prints the findings of lint and the rendered files, or why there are none.
RENDER = """
import json, sys
from helm_python import Chart, HelmError
from helm_python.chart import lint
chart, values, namespace = sys.argv[1], json.load(sys.stdin), sys.argv[2]
try:
    found = lint(chart, values, strict=True, kube_version="v1.30.0")
    print(json.dumps([found, Chart.load(chart).render(values, name="sentiq", namespace=namespace)]))
except HelmError as error:
    sys.exit(str(error))
"""

pytestmark = pytest.mark.skipif(not HELM_PYTHON.exists(), reason="Helm is not here: make test-helm")


def helm(values: Manifest, namespace: str = "sentiq") -> subprocess.CompletedProcess[str]:
    command = [str(HELM_PYTHON), "-c", RENDER, str(CHART), namespace]
    return subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False, timeout=300)


@cache
def _rendered(values: str, namespace: str) -> str:
    run = helm(json.loads(values), namespace)
    assert run.returncode == 0, run.stderr
    return run.stdout


def rendered(namespace: str = "sentiq", **values: Any) -> list[Manifest]:
    _, files = json.loads(_rendered(json.dumps(values), namespace))
    documents = [yaml.safe_load_all(text) for name, text in files.items() if name.endswith(".yaml")]
    return [document for found in documents for document in found if document]


def essence(manifest: Manifest) -> Manifest:
    """A manifest without what may differ: labels of the object, the tag of the image, the order of variables."""
    copy: Manifest = json.loads(json.dumps(manifest))
    copy["metadata"].pop("labels", None)
    if manifest["kind"] in ("Deployment", "StatefulSet"):
        template = copy["spec"]["template"]
        template["metadata"]["labels"].pop("app.kubernetes.io/part-of", None)  # kustomize adds it
        only = container(template)
        only["image"] = only["image"].rpartition(":")[0]
        only["env"] = sorted(only["env"], key=lambda variable: str(variable["name"]))
        only.pop("imagePullPolicy", None)
    return copy


def by_name(manifests: list[Manifest]) -> dict[tuple[str, str], Manifest]:
    return {(m["kind"], m["metadata"]["name"]): essence(m) for m in manifests}


def test_helm_finds_nothing_to_mend() -> None:
    found, _ = json.loads(_rendered("{}", "sentiq"))
    assert found["errors"] == []
    # 1 is information: a chart of a service needs no icon.
    assert [message for message in found["messages"] if message["severity"] > 1] == []


def test_with_its_defaults_it_is_what_kustomize_has() -> None:
    files = by_name([manifest for manifest in from_files() if manifest["kind"] != "Namespace"])
    chart = by_name(rendered())
    assert set(chart) == set(files)
    for name, manifest in files.items():
        assert chart[name] == manifest, name


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"keda": {"enabled": False}, "flower": {"enabled": False}, "networkPolicies": {"enabled": False}},
        {"redis": {"enabled": False, "url": "rediss://sentiq@redis.internal:6379/0"}},
        {"image": {"registry": "registry.example.com/team", "tag": "1", "pullSecrets": ["registry"]}},
        {"settings": {"SENTIQ_MODEL": "mine", "SENTIQ_JOB_TTL_S": 86400}, "redis": {"storageClass": "fast"}},
    ],
    ids=lambda values: ",".join(values) or "defaults",
)
def test_kubernetes_and_keda_take_what_values_make_of_it(values: Manifest) -> None:
    for manifest in rendered(**values):
        if manifest["apiVersion"] == "keda.sh/v1alpha1":
            jsonschema.validate(manifest, KEDA)
        else:
            for version in (OLDEST, NEWEST):
                kubernetes_validate.validate(manifest, version, strict=True)


def test_values_reach_what_they_name() -> None:
    found = rendered(
        "reviews",
        image={"registry": "registry.example.com/team"},
        settings={"SENTIQ_JOB_TTL_S": 86_400},
        redis={"enabled": False, "url": "redis://elsewhere:6379/1"},
        workers={"bulk": {"children": {"max": 8}, "pods": {"max": 40}}},
    )
    templates = pods(found)
    assert set(templates) == {"api", "worker-interactive", "worker-bulk", "webhooks", "flower"}
    for pod in templates.values():
        variables = {variable["name"]: variable["value"] for variable in container(pod)["env"]}
        assert variables["SENTIQ_REDIS_URL"] == "redis://elsewhere:6379/1"
        assert variables["SENTIQ_JOB_TTL_S"] == "86400"
    assert container(templates["worker-bulk"])["image"] == f"registry.example.com/team/sentiq-worker:{VERSION}"
    assert "--autoscale=8,1" in container(templates["worker-bulk"])["args"]
    (scaled,) = [m for m in found if m["kind"] == "ScaledObject" and m["metadata"]["name"] == "worker-bulk"]
    assert scaled["spec"]["maxReplicaCount"] == 40
    metadata = scaled["spec"]["triggers"][0]["metadata"]
    assert (metadata["url"], metadata["targetValue"]) == ("http://api.reviews.svc/health", "8")


def test_without_keda_each_lane_has_its_least_number_of_pods() -> None:
    found = rendered(keda={"enabled": False})
    assert [m for m in found if m["apiVersion"].startswith("keda")] == []
    replicas = {m["metadata"]["name"]: m["spec"]["replicas"] for m in found if m["kind"] == "Deployment"}
    assert (replicas["worker-interactive"], replicas["worker-bulk"]) == (2, 1)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replicas": 3}, "replicas"),
        ({"api": {"replicas": "many"}}, "replicas"),
        ({"workers": {"interactiv": {}}}, "interactiv"),
        ({"settings": {"MODEL": "mine"}}, "MODEL"),
        ({"settings": {"SENTIQ_REDIS_URL": "redis://x"}}, "SENTIQ_REDIS_URL"),
        ({"redis": {"enabled": False}}, "url"),
        ({"redis": {"maxmemory": "a lot"}}, "maxmemory"),
    ],
    ids=str,
)
def test_values_that_mean_nothing_are_refused_by_name(values: Manifest, named: str) -> None:
    run = helm(values)
    assert run.returncode == 1
    assert named in run.stderr
