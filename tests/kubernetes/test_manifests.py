"""The manifests are what Kubernetes and KEDA take, and agree with each other and with the rest of the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from api.app import create_app
from sentiq.core.settings import PREFIX, REPOSITORY, Settings
from tests.kubernetes.manifests import FOLDER, KEDA, NEWEST, OLDEST, Manifest, container, from_files, of_kind, pods

SECRET = "sentiq"  #: made by hand, as docs/autoscale.md says


def rendered(folder: str) -> list[Manifest]:
    """What kustomize makes of it."""
    for command in (["kustomize", "build"], ["kubectl", "kustomize"]):
        if shutil.which(command[0]):
            done = subprocess.run([*command, str(FOLDER / folder)], capture_output=True, text=True, check=True)
            return list(yaml.safe_load_all(done.stdout))
    pytest.skip("neither kustomize nor kubectl is here")


@pytest.fixture(scope="module", params=["files", "base", "overlays/example"])
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return from_files() if request.param == "files" else rendered(request.param)


def bounds(pod: Manifest) -> tuple[int, int]:
    """MAX and MIN of --autoscale."""
    (option,) = [word for word in container(pod)["args"] if word.startswith("--autoscale=")]
    most, least = map(int, option.removeprefix("--autoscale=").split(","))
    return most, least


def environment(pod: Manifest) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in container(pod).get("env", [])}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_takes_each(manifests: list[Manifest], version: str) -> None:
    for manifest in manifests:
        if manifest["apiVersion"] != "keda.sh/v1alpha1":
            kubernetes_validate.validate(manifest, version, strict=True)


def test_keda_takes_each(manifests: list[Manifest]) -> None:
    ours = [manifest for manifest in manifests if manifest["apiVersion"] == "keda.sh/v1alpha1"]
    assert len(ours) == 3
    for manifest in ours:
        jsonschema.validate(manifest, KEDA)


def test_all_of_the_service_is_there(manifests: list[Manifest]) -> None:
    assert set(pods(manifests)) == {"redis", "api", "worker-interactive", "worker-bulk", "webhooks", "flower"}
    assert set(of_kind(manifests, "PodDisruptionBudget")) == {"api", "worker-interactive"}


def test_no_container_may_do_more_than_it_needs(manifests: list[Manifest]) -> None:
    for pod in pods(manifests).values():
        spec, one = pod["spec"], container(pod)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= set(one["resources"]["requests"])
        assert "memory" in one["resources"]["limits"]
        assert "tmp" in [mount["name"] for mount in one["volumeMounts"]]


def test_a_worker_that_goes_has_time_to_end_its_chunks(manifests: list[Manifest]) -> None:
    for lane in ("interactive", "bulk"):
        pod = pods(manifests)[f"worker-{lane}"]
        grace_s = int(environment(pod).get("SENTIQ_STOP_GRACE_S", Settings().stop_grace_s))
        assert pod["spec"]["terminationGracePeriodSeconds"] >= grace_s + 10


def test_an_api_that_goes_answers_what_it_was_asked(manifests: list[Manifest]) -> None:
    pod = pods(manifests)["api"]
    found = re.search(r"^graceful_timeout = (\d+)", (REPOSITORY / "api/gunicorn.conf.py").read_text(), re.MULTILINE)
    assert found is not None
    pause_s = container(pod)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["spec"]["terminationGracePeriodSeconds"] > pause_s + int(found[1])


def test_every_setting_exists(manifests: list[Manifest]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for pod in pods(manifests).values():
        assert {name for name in environment(pod) if name.startswith(PREFIX)} <= known
        for volume in pod["spec"]["volumes"]:
            for item in volume.get("secret", {}).get("items", []):
                assert item["path"].upper() in known


def test_no_secret_stands_in_a_manifest(manifests: list[Manifest]) -> None:
    assert of_kind(manifests, "Secret") == {}
    used = {v["secret"]["secretName"] for p in pods(manifests).values() for v in p["spec"]["volumes"] if "secret" in v}
    assert used == {SECRET}


def test_everything_that_is_named_is_there(manifests: list[Manifest]) -> None:
    templates, claims = pods(manifests), of_kind(manifests, "PersistentVolumeClaim")
    for pod in templates.values():
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
        mounted = {mount["name"] for mount in container(pod)["volumeMounts"]}
        assert mounted - volumes <= {"data"}, "that of the StatefulSet"
        assert volumes <= mounted
        for volume in pod["spec"]["volumes"]:
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
    for name, manifest in of_kind(manifests, "Deployment", "StatefulSet").items():
        labels = templates[name]["metadata"]["labels"]
        assert manifest["spec"]["selector"]["matchLabels"].items() <= labels.items()
    for service in of_kind(manifests, "Service").values():
        pod = next(p for p in templates.values() if selected(service["spec"]["selector"], p))
        ports = {port["name"] for port in container(pod)["ports"]}
        assert {port.get("targetPort", port["name"]) for port in service["spec"]["ports"]} <= ports
    assert "redis" in of_kind(manifests, "Service")
    assert {environment(p).get("SENTIQ_REDIS_URL") for n, p in templates.items() if n != "redis"} == {
        "redis://redis:6379/0"
    }


def selected(labels: Manifest, pod: Manifest) -> bool:
    return bool(labels.items() <= pod["metadata"]["labels"].items())


def test_whoever_talks_to_redis_is_let_through(manifests: list[Manifest]) -> None:
    policies, templates = of_kind(manifests, "NetworkPolicy"), pods(manifests)
    clients = {name for name, pod in templates.items() if selected({"sentiq/redis-client": "true"}, pod)}
    assert clients == set(templates) - {"redis"}
    assert selected(policies["redis"]["spec"]["podSelector"]["matchLabels"], templates["redis"])
    assert policies["closed"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (rule,) = policies["doors"]["spec"]["ingress"]
    opened = {port["port"] for port in rule["ports"]}
    assert opened == {
        port["containerPort"] for name in ("api", "flower") for port in container(templates[name])["ports"]
    }


def test_pods_scale_by_what_the_api_tells(manifests: list[Manifest]) -> None:
    """The fields that KEDA reads are in the OpenAPI document, and the divisor is what a pod can do."""
    authentications = of_kind(manifests, "TriggerAuthentication")
    for name, scaled in of_kind(manifests, "ScaledObject").items():
        spec = scaled["spec"]
        pod = pods(manifests)[spec["scaleTargetRef"]["name"]]
        deployment = of_kind(manifests, "Deployment")[name]
        assert "replicas" not in deployment["spec"], "or each apply would set them back"
        assert 1 <= spec["minReplicaCount"] < spec["maxReplicaCount"]
        (trigger,) = spec["triggers"]
        metadata = trigger["metadata"]
        most, least = bounds(pod)
        assert 1 <= least <= most == int(metadata["targetValue"])
        assert metadata["url"] == "http://api.sentiq.svc/health"
        lane = name.removeprefix("worker-")
        assert metadata["valueLocation"] == f"lanes.{lane}.demand"
        assert described("/health", ["lanes", lane, "demand"])["type"] == "integer"
        (secret,) = authentications[trigger["authenticationRef"]["name"]]["spec"]["secretTargetRef"]
        assert (secret["parameter"], secret["name"]) == ("token", SECRET)
        assert secret["key"].upper() == "SENTIQ_METRICS_TOKEN"


def test_a_pod_has_memory_beside_its_reserve(manifests: list[Manifest]) -> None:
    for lane in ("interactive", "bulk"):
        pod = pods(manifests)[f"worker-{lane}"]
        reserve = int(environment(pod)["SENTIQ_SCALE_RESERVE_MB"])
        limit = container(pod)["resources"]["limits"]["memory"]
        assert limit.endswith("Gi")
        assert reserve * 4 <= int(limit.removesuffix("Gi")) * 1024


def described(path: str, fields: list[str]) -> Manifest:
    """The schema of a field of an answer, by the API's own description."""
    document = create_app(Settings()).api_doc
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    for field in fields:
        schema = resolved(schema, document)
        schema = schema["properties"][field] if "properties" in schema else schema["additionalProperties"]
    found: Manifest = resolved(schema, document)
    return found


def resolved(schema: Manifest, document: Manifest) -> Manifest:
    while "$ref" in schema:
        found: Any = document
        for name in schema["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        schema = found
    return schema


def overlay_files() -> Iterator[tuple[Path, Manifest]]:
    for kustomization in FOLDER.glob("overlays/*/kustomization.yaml"):
        yield kustomization.parent, yaml.safe_load(kustomization.read_text())


def test_what_an_overlay_names_is_there() -> None:
    """As far as that can be told without kustomize."""
    base = {(m["kind"], m["metadata"]["name"]) for m in from_files()}
    images = {container(pod)["image"].split(":")[0] for pod in pods(from_files()).values()}
    for folder, overlay in overlay_files():
        assert [(folder / name / "kustomization.yaml").exists() for name in overlay["resources"]] == [True]
        assert {image["name"] for image in overlay["images"]} <= images
        for patch in overlay["patches"]:
            manifest = yaml.safe_load((folder / patch["path"]).read_text())
            assert (manifest["kind"], manifest["metadata"]["name"]) in base
