"""What docker-compose.yml and the Dockerfiles promise, read from them: no Docker is needed."""

from __future__ import annotations

import re
import stat
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentiq.core.settings import PREFIX, Settings
from tests.support.paths import REPOSITORY
from worker.parent import stopping

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
RUNNING = {name: service for name, service in SERVICES.items() if name != "prepare"}
DOCKERFILES = [REPOSITORY / "Dockerfile.api", REPOSITORY / "Dockerfile.worker"]
SECRET = re.compile(r"password|token|secret|login", re.IGNORECASE)


def _environment(service: dict[str, Any]) -> dict[str, Any]:
    given = service.get("environment", {})
    return dict.fromkeys(given) if isinstance(given, list) else given


def _copied(dockerfile: str) -> list[str]:
    return [source for line in re.findall(r"^COPY (.+)$", dockerfile, re.MULTILINE) for source in line.split()[:-1]]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", RUNNING)
def test_a_service_is_bounded_and_started_again(name: str) -> None:
    service = RUNNING[name]
    assert service["restart"] == "unless-stopped"
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_password_stands_in_the_environment(name: str) -> None:
    for variable, value in _environment(SERVICES[name]).items():
        if variable in (
            "SENTIQ_SECRETS_DIR",
            "MODELSCOPE_API_TOKEN",
            "HF_TOKEN",
        ):  # a folder; the hubs' own names, for prepare alone
            continue
        assert not SECRET.search(variable) or str(value).startswith("/run/secrets/"), variable
    for secret in SERVICES[name].get("secrets", []):
        assert secret in COMPOSE["secrets"]


@pytest.mark.parametrize("name", SERVICES)
def test_settings_of_a_service_are_settings(name: str) -> None:
    files = [secret for secret in SERVICES[name].get("secrets", []) if secret.startswith(PREFIX.lower())]
    for variable in [*_environment(SERVICES[name]), *map(str.upper, files)]:
        if variable.startswith(PREFIX):
            assert variable.removeprefix(PREFIX).lower() in Settings.model_fields, variable


def test_who_stops_is_given_time() -> None:
    for name in ("worker-interactive", "worker-bulk"):
        assert (
            int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
            > Settings().stop_grace_s + stopping.LEAVE_WITHIN_S
        )
    gunicorn = (REPOSITORY / "api" / "gunicorn.conf.py").read_text()
    graceful_s = re.search(r"^graceful_timeout = (\d+)$", gunicorn, re.MULTILINE)
    assert graceful_s is not None
    assert int(SERVICES["api"]["stop_grace_period"].removesuffix("s")) > int(graceful_s[1])


def test_the_proxy_waits_longer_than_any_request() -> None:
    nginx = (REPOSITORY / "deploy" / "nginx" / "nginx.conf").read_text()
    (read_s,) = re.findall(r"proxy_read_timeout (\d+)s;", nginx)
    longest_s = next(bound.le for bound in Settings.model_fields["sync_timeout_s"].metadata if hasattr(bound, "le"))
    assert int(read_s) > longest_s
    (body_s,) = re.findall(r"client_body_timeout (\d+)s;", nginx)
    assert int(body_s) > Settings().upload_timeout_s, "the API gives up first, since it says so"


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_name_no_architecture_and_tell_the_version(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"amd64|x86|arm64|aarch64", text)
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert f'org.opencontainers.image.version="{version}"' in text
    assert all(user in text for user in ("USER sentiq", "--uid 10001"))


def test_secrets_are_made_once_in_a_folder_of_their_owner(tmp_path: Path) -> None:
    script, folder = REPOSITORY / "deploy" / "make-secrets.sh", tmp_path / "secrets"
    first = subprocess.run([script, folder], check=True, capture_output=True, text=True)
    made = {file.name: file.read_text() for file in folder.iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    assert len(set(made.values())) == len(made)
    assert all(len(value.strip()) >= 64 for value in made.values())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not any(value.strip() in first.stdout + first.stderr for value in made.values())

    (folder / "sentiq_admin_token").unlink()
    subprocess.run([script, folder], check=True)

    again = {file.name: file.read_text() for file in folder.iterdir()}
    assert {name for name in made if again[name] != made[name]} == {"sentiq_admin_token"}


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_what_an_image_copies_is_in_the_context_of_its_build(path: Path) -> None:
    let_in = [line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = _copied(path.read_text())
    assert copied
    for source in copied:
        places = [source, *map(str, Path(source).parents)]
        assert any(fnmatch(place, pattern) for place in places for pattern in let_in), source


def test_the_image_that_prepares_has_all_that_preparing_imports() -> None:
    stage = (REPOSITORY / "Dockerfile.worker").read_text().partition(" AS prepare\n")[2].partition("\nENTRYPOINT")[0]
    files = {
        path.relative_to(REPOSITORY)
        for source in _copied(stage)
        for path in ([REPOSITORY / source] if source.endswith(".py") else (REPOSITORY / source).rglob("*.py"))
    }
    assert len(files) > 30
    for path in files:
        for module in re.findall(
            r"^ *from ((?:sentiq|tools|api|worker)[\w.]*) import", (REPOSITORY / path).read_text(), re.MULTILINE
        ):
            place = Path(*module.split("."))
            assert {place.with_suffix(".py"), place / "__init__.py"} & files, f"{path} imports {module}"
