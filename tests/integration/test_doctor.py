"""`sentiq-doctor` on a real Redis and real models: what is right, and each thing that is wrong, with its remedy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from sentiq.admin.checks import Check, Verdict
from sentiq.core import redis_keys
from sentiq.core.settings import Settings
from tests.support.models import BUNDLED, copy_model, make_pair, write_model
from tests.support.paths import REPOSITORY
from tests.support.processes import free_port
from tests.support.proofs import copy_proven
from tests.support.redis_server import RedisServer
from worker.doctor import models
from worker.host_resources import Host


def doctor(server: RedisServer, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command with settings that name this Redis, and ports that are free."""
    settings = {
        "SENTIQ_REDIS_URL": server.url,
        "SENTIQ_PORT": str(free_port()),
        "SENTIQ_FLOWER_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "worker.doctor", *arguments]
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env=os.environ | settings | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def faults(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [check for check in checks if check["verdict"] == "fault"]


def look(store: Path, active: str = "", **changed: Any) -> dict[str, Check]:
    settings = Settings.model_validate({"model_root": store, **changed})
    return {check.name: check for check in models.check(settings, Host(niced=False), active)}


@pytest.mark.usefixtures("redis")
def test_a_host_that_is_well(redis_server: RedisServer) -> None:
    run = doctor(redis_server)
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    assert run.stdout.splitlines()[-1].startswith("no faults")
    for part in ("software", "kernel", "memory", "disk", "ports", "redis", "models"):
        assert f"\n{part}\n" in run.stdout
    assert f"{BUNDLED}@" in run.stdout


@pytest.mark.usefixtures("redis")
def test_what_it_measures_is_told_to_programs_too(redis_server: RedisServer) -> None:
    run = doctor(redis_server, "--json", "--measure")
    told = json.loads(run.stdout)
    assert (run.returncode, run.stderr, faults(told["checks"])) == (0, "", [])
    assert {(cost["model"].partition("@")[0], cost["backend"]) for cost in told["costs"]} == {(BUNDLED, "openvino")}
    forms = [cost["trial"]["form"] for cost in told["costs"]]
    assert all(form.startswith("openvino ") for form in forms)
    assert len(set(forms)) == len(forms), "one line for each precision that this processor computes in"
    for cost in told["costs"]:
        assert all(cost["trial"][figure] > 0 for figure in ("texts_per_second", "one_text_ms", "memory_bytes"))


def test_faults_are_counted_and_make_the_exit_status(redis_server: RedisServer) -> None:
    wrong = {"SENTIQ_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0", "SENTIQ_MODEL": "no-such-model"}
    run = doctor(redis_server, "--measure", **wrong)
    assert (run.returncode, run.stderr) == (1, ""), "what cannot be measured is a fault like any other"
    assert run.stdout.splitlines()[-1].startswith("2 faults")
    assert "→ start it, or correct its host and port" in run.stdout
    assert "→ correct SENTIQ_MODEL, or unset it" in run.stdout


def test_a_wrong_setting_is_named_before_anything_is_looked_at(redis_server: RedisServer) -> None:
    run = doctor(redis_server, SENTIQ_BACKEND="abacus")
    assert (run.returncode, run.stdout) == (78, "")
    assert "SENTIQ_BACKEND" in run.stderr


def test_the_active_model_of_the_cluster_counts(redis: Redis, redis_server: RedisServer) -> None:
    redis.hset(redis_keys.ACTIVATION, "active", "elsewhere@1")
    run = doctor(redis_server)
    assert run.returncode == 1
    assert "the active model is not here: no model 'elsewhere@1'" in run.stdout


def test_wrong_routes_are_named_with_the_setting(tmp_path: Path) -> None:
    served = look(tmp_path, routes="zh=sentiq-small-zh,*=nowhere")["served"]
    assert "SENTIQ_ROUTES: *=nowhere: no model 'nowhere'" in served.found
    assert served.remedy.startswith("correct SENTIQ_ROUTES, or unset it")


def test_a_damaged_model_is_named_with_the_file(tmp_path: Path) -> None:
    damaged = copy_model(tmp_path, "damaged")
    (damaged / "model.bin").write_bytes(b"no weights")

    served = look(tmp_path, model="damaged")["damaged@c0ffee"]
    assert (served.verdict, str(damaged / "model.bin") in served.found) == (Verdict.FAULT, True)
    assert "damaged" in served.found
    assert served.remedy

    beside = look(tmp_path)
    assert beside["damaged@c0ffee"].verdict is Verdict.ADVICE, "nobody has to use it"
    assert {check.verdict for name, check in beside.items() if name.startswith(BUNDLED)} == {Verdict.OK}


@pytest.mark.parametrize(
    ("holds", "if_unproven", "verdict", "said"),
    [
        (True, "refuse", Verdict.OK, "its proof holds"),
        (False, "refuse", Verdict.FAULT, "does not hold"),
        pytest.param(False, "warn", Verdict.ADVICE, "6 of 6 labels are others", marks=pytest.mark.full),
    ],
)
def test_the_proof_of_a_model_is_repeated(
    tmp_path: Path, holds: bool, if_unproven: str, verdict: Verdict, said: str
) -> None:
    copy_proven(tmp_path, "proven", holds=holds)
    found = look(tmp_path, model="proven", if_unproven=if_unproven)["proven@c0ffee"]
    assert (found.verdict, said in found.found) == (verdict, True)
    assert bool(found.remedy) is (verdict is not Verdict.OK)


def test_a_model_that_is_no_model_for_the_backend(tmp_path: Path) -> None:
    copy_model(tmp_path, "plain")
    write_model(tmp_path / "other", id="other", backends={"onnx": "f32"})

    found = look(tmp_path, model="plain", backend="onnx")
    assert (found["plain@c0ffee"].verdict, "no files for 'onnx'" in found["plain@c0ffee"].found) == (
        Verdict.FAULT,
        True,
    )
    offered = look(tmp_path)["other@1"]
    assert (offered.verdict, offered.found) == (Verdict.OK, "other@1 was not prepared for openvino, and is not offered")


def test_a_manifest_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    broken = write_model(tmp_path / "broken")
    (broken / "manifest.json").write_text("{")
    found = look(tmp_path)
    assert (found["store"].verdict, str(broken) in found["store"].found) == (Verdict.ADVICE, True)
    assert found["memory"].verdict is Verdict.OK


@pytest.mark.full
def test_both_models_of_a_pair_are_tried(tmp_path: Path) -> None:
    copy_model(tmp_path, "teacher")
    make_pair(tmp_path, BUNDLED, "teacher", 0.9)
    found = look(tmp_path, cascade=f"{BUNDLED},teacher")
    assert {name.partition("@")[0] for name, check in found.items() if "answers in" in check.found} == {
        BUNDLED,
        "teacher",
    }
    unfitted = look(tmp_path, cascade=f"teacher,{BUNDLED}")["served"]
    assert (unfitted.verdict, "SENTIQ_CASCADE" in unfitted.found) == (Verdict.FAULT, True)
    assert "sentiq-cascade" in unfitted.found


def test_a_model_for_which_memory_is_not_enough(tmp_path: Path) -> None:
    groups = tmp_path / "cgroup"
    groups.mkdir()
    (groups / "memory.max").write_text(str(2**20))
    (groups / "memory.current").write_text("0")
    (tmp_path / "self").write_text("0::/\n")
    host = Host(niced=False, proc=tmp_path / "self", mounted=groups)
    found = {check.name: check for check in models.check(Settings(), host)}["memory"]
    assert (found.verdict, "1 MB can be taken" in found.found) == (Verdict.FAULT, True)
    assert "raise the limit of the container" in found.remedy
