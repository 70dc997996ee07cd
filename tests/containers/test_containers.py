"""The service in containers, as one who has nothing but Docker meets it; all requests go through nginx."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable

import httpx
import pytest

from tests.containers.compose import IMAGES, Project, docker
from tests.support.processes import wait_until
from tests.support.texts import sentences

pytestmark = [pytest.mark.containers, pytest.mark.slow, pytest.mark.timeout(1_800)]

OURS = ("api", "worker-interactive", "worker-bulk", "webhooks", "flower")
LARGE_ROWS = 100_000  #: of a job that lasts longer than what a test does to it


def test_a_list_is_posted_polled_and_read(project: Project) -> None:
    answer = project.http.post("/api/v1/jobs", json={"texts": ["味道不错，下次还来", "物流太慢，很失望"]})
    assert answer.status_code == 202, answer.text
    job = project.wait_ended(answer.json()["id"])
    page = project.http.get(job["links"]["results"]).json()
    assert [row["label"] for row in page["data"]] == ["positive", "negative"]

    waited = project.http.post("/api/v1/jobs", json={"text": "很好"}, headers={"Prefer": "wait=10"})
    assert (waited.status_code, waited.json()["state"]) == (200, "completed")


def test_a_file_is_uploaded_and_its_results_exported(project: Project) -> None:
    lines = ["编号,评论", *(f"{number},{text}" for number, text in enumerate(sentences(60_000)))]
    upload = "\n".join(lines).encode("gb18030")
    assert len(upload) > 2**20, "larger than what nginx takes by default"
    fields = {"text_column": "评论", "id_column": "编号"}
    answer = project.http.post("/api/v1/jobs", files={"file": ("评论.csv", upload, "text/csv")}, data=fields)
    assert answer.status_code == 202, answer.text
    job = project.wait_ended(answer.json()["id"])
    assert job["counts"] == {"total": 60_000, "completed": 60_000, "failed": 0, "without_text": 0}

    with project.http.stream("GET", job["links"]["results"] + ".csv") as export:
        assert (export.status_code, export.headers.get("Content-Encoding")) == (200, "gzip")
        assert sum(1 for _ in export.iter_lines()) == 60_001


def test_rows_run_while_their_upload_still_arrives(project: Project) -> None:
    name = f"slow-{time.time_ns()}"
    seen: list[int] = []

    def body() -> object:
        for start in range(0, 6_000, 1_000):
            yield "".join(json.dumps({"text": f"第{start + row}条，很好"}) + "\n" for row in range(1_000)).encode()
            wait_until(lambda: completed() > len(seen) * 500, message="rows run before the upload ends")
            seen.append(completed())

    def completed() -> int:
        with httpx.Client(base_url=project.http.base_url, headers=project.http.headers, trust_env=False) as other:
            jobs = other.get("/api/v1/jobs", params={"limit": 5}).json()["data"]
        return next((int(job["counts"]["completed"]) for job in jobs if job["name"] == name), 0)

    answer = project.http.post(
        "/api/v1/jobs",
        params={"name": name},
        content=body(),  # type: ignore[arg-type]
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 202, answer.text
    assert project.wait_ended(answer.json()["id"])["counts"]["completed"] == 6_000
    assert len(seen) == 6


def test_a_worker_that_is_killed_is_started_again_and_no_row_is_lost(project: Project) -> None:
    job_id = _large_job(project)
    before = project.containers["worker-bulk"]
    docker("exec", before["Id"], "sh", "-c", "kill -9 -1", check=False)  # all that runs in it

    wait_until(lambda: project.containers["worker-bulk"]["RestartCount"] > before["RestartCount"])
    _check_large_job(project, job_id)
    wait_until(project.all_healthy, timeout_s=120)


def test_a_worker_container_is_lost_and_replaced_and_no_row_is_lost(project: Project) -> None:
    job_id = _large_job(project)
    lost = project.container("worker-bulk")
    docker("rm", "--force", lost)

    project.compose("up", "-d", "--no-build")

    assert project.container("worker-bulk") != lost
    _check_large_job(project, job_id)
    wait_until(project.all_healthy, timeout_s=120)


def test_jobs_outlive_the_containers(project: Project) -> None:
    job_id = project.http.post("/api/v1/jobs", json={"text": "还在"}, headers={"Prefer": "wait=10"}).json()["id"]

    project.compose("down")
    project.compose("up", "-d", "--no-build", timeout_s=400)
    wait_until(project.all_healthy, timeout_s=180)

    assert project.job(job_id)["state"] == "completed"


def test_a_backup_brings_the_jobs_back(project: Project) -> None:
    """As docs/containers.md says, with a file in the container."""
    job_id = project.http.post("/api/v1/jobs", json={"text": "还在"}, headers={"Prefer": "wait=10"}).json()["id"]
    admin, file = ("exec", "-T", "api", "python", "-m", "sentiq.admin"), "/tmp/sentiq.backup"  # noqa: S108 -- the container's

    project.compose(*admin, "backup", file)
    assert project.http.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    project.compose(*admin, "restore", file, "--replace")

    assert project.job(job_id)["state"] == "completed"
    assert project.all_healthy()


def test_several_apis_take_turns_behind_the_proxy(project: Project) -> None:
    ports = {"SENTIQ_PORT": f"{project.port}-{project.port + 1}"}
    project.compose("up", "-d", "--no-build", "--scale", "api=2", "api", env=ports)
    wait_until(project.all_healthy)  # both are new, as their ports are
    upstreams = re.compile(r'"upstream":"([^"]+)"')

    def both_answer() -> bool:
        before = len(docker("logs", project.container("proxy")))
        assert [project.http.get("/api/v1/jobs").status_code for _ in range(10)] == [200] * 10
        return len(set(upstreams.findall(docker("logs", project.container("proxy"))[before:]))) == 2

    wait_until(both_answer)
    project.compose("up", "-d", "--no-build", "--scale", "api=1", "api")
    wait_until(project.all_healthy)


def test_the_proxy_says_in_our_form_that_the_api_is_away(project: Project) -> None:
    project.compose("stop", "api")
    answer = project.http.get("/api/v1/jobs", headers={"X-Request-Id": 'odd"id'})
    project.compose("start", "api")
    wait_until(project.all_healthy)

    problem = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert (problem["code"], answer.headers["Retry-After"]) == ("service_away", "2")
    wait_until(lambda: project.http.get("/api/v1/jobs").status_code == 200)


def test_flower_opens_to_its_login_alone(project: Project) -> None:
    login = project.secrets()["sentiq_flower_login"].partition(":")
    job_id = project.http.post("/api/v1/jobs", json={"text": "很好"}, headers={"Prefer": "wait=10"}).json()["id"]
    with httpx.Client(base_url=f"{project.http.base_url}/flower", trust_env=False) as visitor:
        for path in ("/workers", "/api/tasks"):
            assert visitor.get(path).status_code == 401
            assert visitor.get(path, auth=(login[0], "wrong")).status_code == 401
            assert visitor.get(path, auth=(login[0], login[2])).status_code == 200
        visitor.auth = httpx.BasicAuth(login[0], login[2])
        wait_until(lambda: job_id in visitor.get("/api/tasks").text)
        page = visitor.get("/tasks")
        static = page.text.partition("/flower/static/")[2].partition('"')[0]
        assert visitor.get(f"/static/{static}").status_code == 200
        _check_headers(page, "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "//metrics", "/flower/metrics", "/flower/healthcheck", "/flower/%6detrics"]
)
def test_what_is_for_those_inside_is_not_shown_outside(project: Project, path: str) -> None:
    token = project.secrets()["sentiq_metrics_token"]
    answer = httpx.get(f"http://127.0.0.1:{project.proxy_port}{path}", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, "sentiq_" in answer.text, "flower_" in answer.text) == (404, False, False)


def test_security_headers_come_once(project: Project) -> None:
    answer = project.http.get("/api/v1/jobs")
    _check_headers(
        answer,
        "X-Content-Type-Options",
        "X-Frame-Options",
        "Referrer-Policy",
        "Content-Security-Policy",
        "X-Request-Id",
    )


def test_prometheus_scrapes_the_api_and_every_worker(project: Project) -> None:
    image = project.compose("config", profiles=("monitoring",)).partition("image: prom/")[2].split()[0]
    if subprocess.run(["docker", "image", "inspect", f"prom/{image}"], capture_output=True, check=False).returncode:
        pulled = subprocess.run(["docker", "pull", f"prom/{image}"], capture_output=True, text=True, check=False)
        if pulled.returncode:
            pytest.skip(f"there is no image prom/{image}: {pulled.stderr.strip()}")
    project.compose("up", "-d", "--no-build", "prometheus", profiles=("monitoring",))
    url = f"http://127.0.0.1:{project.prometheus_port}/api/v1"

    def up() -> dict[str, list[str]]:
        try:
            targets = httpx.get(f"{url}/targets", timeout=5, trust_env=False).json()["data"]["activeTargets"]
        except httpx.TransportError:
            return {}
        found: dict[str, list[str]] = {}
        for target in targets:
            found.setdefault(target["labels"]["job"], []).append(target["health"])
        return found

    expected = {"sentiq-api": ["up"], "sentiq-worker": ["up", "up"]}
    wait_until(lambda: up() == expected, message="all targets are up")
    rules = httpx.get(f"{url}/rules", timeout=5, trust_env=False).json()["data"]["groups"]
    assert sum(len(group["rules"]) for group in rules) > 5
    project.compose("rm", "--stop", "--force", "prometheus", profiles=("monitoring",))


def test_the_metrics_token_of_the_scrape_opens_no_jobs(project: Project) -> None:
    headers = {"Authorization": f"Bearer {project.secrets()['sentiq_metrics_token']}"}
    assert project.http.get("/health", headers=headers).status_code == 200
    assert project.http.get("/api/v1/jobs", headers=headers).status_code == 403


def test_no_secret_shows_in_settings_commands_logs_or_images(project: Project) -> None:
    told = [json.dumps(project.containers)]
    for one in project.containers.values():
        told += [docker("logs", one["Id"]), docker("top", one["Id"], "-eo", "pid,args")]
        told += [docker("exec", one["Id"], "env")]
    told += [docker("history", "--no-trunc", f"{image}:test") for image in IMAGES]
    for name, secret in project.secrets().items():
        assert not any(secret.rpartition(":")[2] in text for text in told), name


def test_nobody_is_root_and_nothing_can_be_written(project: Project) -> None:
    for service, one in project.containers.items():
        assert docker("exec", one["Id"], "id", "-u").strip() != "0", service
        refused = docker("exec", one["Id"], "touch", "/etc/mark", "/app/mark", "/home/mark", check=False)
        assert "Read-only file system" in refused, (service, refused)
        host = one["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] > 0, service
        assert host["PidsLimit"] > 0, service
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}, service
        assert host["RestartPolicy"]["Name"] == "unless-stopped", service


def test_logs_are_one_json_object_a_line(project: Project) -> None:
    for service in (*OURS, "proxy"):
        lines = docker("logs", project.container(service)).splitlines()
        if service == "proxy":  # nginx writes its own errors in no other way
            lines = [line for line in lines if not re.match(r"\d{4}/\d\d/\d\d \S+ \[(error|warn)\]", line)]
            assert any('"path":"/api/v1/jobs"' in line for line in lines)
        for line in lines:
            assert isinstance(_parsed(line), dict), (service, line)


def test_the_images_are_small_labelled_and_the_api_knows_no_model_library(
    project: Project, tell: Callable[[str], None]
) -> None:
    for image in IMAGES:
        (facts,) = json.loads(docker("image", "inspect", f"{image}:test"))
        base = json.loads(docker("image", "inspect", facts["Config"]["Labels"]["org.opencontainers.image.base.name"]))
        own = facts["Size"] - base[0]["Size"]
        tell(f"image {image}: {facts['Size'] / 1e6:.0f} MB, {own / 1e6:.0f} MB of them beside its base")
        assert facts["Config"]["User"] == "sentiq"
        assert facts["Config"]["Labels"]["org.opencontainers.image.title"].startswith("sentiq ")
        assert facts["Config"]["Healthcheck"]
    libraries = "openvino", "onnxruntime", "torch", "tokenizers", "numpy"
    code = f"import importlib.util as u; print([m for m in {libraries} if u.find_spec(m)])"
    assert docker("run", "--rm", "sentiq-api:test", "python", "-c", code).strip() == "[]"
    assert docker("run", "--rm", "sentiq-flower:test", "python", "-c", code).strip() == "[]"
    assert "torch" not in docker("run", "--rm", "--entrypoint", "pip", "sentiq-worker:test", "list")


def test_all_profiles_are_well_formed(project: Project) -> None:
    services = project.compose("config", "--services", profiles=("proxy", "monitoring", "prepare")).split()
    assert {"redis", *OURS, "proxy", "prometheus", "grafana", "prepare"} == set(services)


def _large_job(project: Project) -> str:
    """A bulk job of which some rows are done; returns its id."""
    body = "".join(json.dumps({"text": text}) + "\n" for text in sentences(LARGE_ROWS))
    answer = project.http.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 202, answer.text
    job_id = str(answer.json()["id"])
    wait_until(lambda: project.job(job_id)["counts"]["completed"] > 1_000)
    assert project.job(job_id)["counts"]["completed"] < LARGE_ROWS
    return job_id


def _check_large_job(project: Project, job_id: str) -> None:
    counts = {"total": LARGE_ROWS, "completed": LARGE_ROWS, "failed": 0, "without_text": 0}
    assert project.wait_ended(job_id)["counts"] == counts
    assert project.indices(job_id) == list(range(LARGE_ROWS))


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _check_headers(answer: httpx.Response, *names: str) -> None:
    for name in names:
        assert len(answer.headers.get_list(name)) == 1, name
