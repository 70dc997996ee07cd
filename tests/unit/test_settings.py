"""Settings: the documented table is the real one, and whatever is wrong stops the start with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiq.core.errors import SettingsError
from sentiq.core.settings import Settings, load, markdown
from tests.support.paths import REPOSITORY

DOCS = REPOSITORY / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"SENTIQ_{field.upper()}", raising=False)


def test_the_docs_list_each_setting_with_its_default_and_meaning() -> None:
    assert DOCS.read_text().endswith("\n" + markdown()), "run: make docs-settings"


def test_defaults_fit_together() -> None:
    load()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SENTIQ_PROT", "Did you mean SENTIQ_PORT?"),
        ("SENTIQ_REDIS", "Did you mean SENTIQ_REDIS_URL?"),
        ("SENTIQ_ZZZZZZ", "See docs/settings.md"),
    ],
)
def test_an_unknown_name_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, hint: str) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError) as error:
        load()
    assert name in str(error.value)
    assert hint in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SENTIQ_PORT", "70000"),
        ("SENTIQ_PORT", "http"),
        ("SENTIQ_LOG_LEVEL", "loud"),
        ("SENTIQ_LEASE_S", "0"),
        ("SENTIQ_CASCADE", "small"),
        ("SENTIQ_CASCADE", "small,large,larger"),
    ],
)
def test_a_bad_value_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load()
    assert name in str(error.value)
    assert repr(value) in str(error.value)
    assert "docs/settings.md" in str(error.value)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"SENTIQ_REDIS_URL": "localhost:6379"}, ["SENTIQ_REDIS_URL", "redis://[USER:PASSWORD@]HOST"]),
        ({"SENTIQ_REDIS_URL": "redis://h:6379/zero"}, ["SENTIQ_REDIS_URL", "/0"]),
        ({"SENTIQ_REDIS_URL": "redis://h:port/0"}, ["SENTIQ_REDIS_URL", "port"]),
        ({"SENTIQ_REDIS_URL": "redis://a:1,b:2/0"}, ["SENTIQ_REDIS_URL", "redis+sentinel://"]),
        ({"SENTIQ_REDIS_URL": "redis+sentinel://a,b"}, ["SENTIQ_REDIS_URL", "/mymaster"]),
        ({"SENTIQ_REDIS_CA_FILE": "/no/such/file"}, ["SENTIQ_REDIS_URL", "rediss"]),
        (
            {"SENTIQ_REDIS_CA_FILE": "/no/such/file", "SENTIQ_REDIS_URL": "rediss://h"},
            ["SENTIQ_REDIS_URL", "/no/such/file"],
        ),
        ({"SENTIQ_HOST": "0.0.0.0"}, ["SENTIQ_AUTH", "loopback", "SENTIQ_AUTH=keys"]),
        ({"SENTIQ_HOST": "example.org"}, ["SENTIQ_AUTH"]),
        ({"SENTIQ_RATE_LIMIT": "many"}, ["SENTIQ_RATE_LIMIT", "'many'", "600/minute"]),
    ],
)
def test_settings_that_do_not_fit_stop_the_start(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], told: list[str]
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load()
    assert all(word in str(error.value) for word in told), str(error.value)


@pytest.mark.parametrize(
    ("pair", "served"),
    [("", "my-model"), ("small,large", "small+large"), ("small@1, hub/large@2", "small@1+hub/large@2")],
)
def test_a_pair_is_served_instead_of_the_model(monkeypatch: pytest.MonkeyPatch, pair: str, served: str) -> None:
    monkeypatch.setenv("SENTIQ_MODEL", "my-model")
    monkeypatch.setenv("SENTIQ_CASCADE", pair)
    assert load().served_model == served


@pytest.mark.parametrize(
    "url", ["redis://:s3cret!@h:x/0", "redis://:s3cret!@/0", "http://:s3cret!@h", "redis+sentinel://u:s3cret!@a,b"]
)
def test_the_password_of_redis_is_never_told(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SENTIQ_REDIS_URL", url)
    with pytest.raises(SettingsError) as error:
        load()
    assert "s3cret" not in str(error.value)


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIQ_PROT", "1")
    monkeypatch.setenv("SENTIQ_PORT", "0")
    with pytest.raises(SettingsError) as error:
        load()
    assert len(str(error.value).splitlines()) == 2


def test_a_task_may_not_outlive_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIQ_TASK_TIME_LIMIT_S", "300")
    with pytest.raises(SettingsError, match="SENTIQ_VISIBILITY_TIMEOUT_S: must be greater"):
        load()


def test_names_of_the_client_may_stand_in_the_same_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIQ_URL", "http://127.0.0.1:8000")
    load()


def test_a_bad_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIQ_ADMIN_TOKEN", "too short")
    with pytest.raises(SettingsError) as error:
        load()
    assert "SENTIQ_ADMIN_TOKEN" in str(error.value)
    assert "too short" not in str(error.value)


def _files(directory: Path, **contents: str) -> str:
    for name, content in contents.items():
        (directory / name).write_text(content)
    return str(directory)


def test_secrets_may_lie_in_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SENTIQ_REDIS_URL", "redis://redis:6379/1")
    files = _files(tmp_path, sentiq_redis_password="p@ss:/word\n", sentiq_admin_token="a" * 16, somebody_elses="x")
    (tmp_path / "..data").mkdir()  # Kubernetes keeps the present version there
    monkeypatch.setenv("SENTIQ_SECRETS_DIR", files)

    settings = load()

    assert settings.redis_address.password == "p@ss:/word"
    assert settings.redis_address.broker_url == "redis://:p%40ss%3A%2Fword@redis:6379/1"
    assert settings.admin_token is not None
    assert settings.admin_token.get_secret_value() == "a" * 16


@pytest.mark.parametrize(
    ("files", "environment", "told"),
    [
        ({"sentiq_redis_pasword": "x"}, {}, ["sentiq_redis_pasword", "Did you mean SENTIQ_REDIS_PASSWORD?"]),
        ({"sentiq_admin_token": "s3cret!"}, {}, ["SENTIQ_ADMIN_TOKEN", "at least 16"]),
        ({"sentiq_port": "5"}, {"SENTIQ_PORT": "6"}, ["SENTIQ_PORT", "environment", "Leave one"]),
        (
            {"sentiq_redis_password": "s3cret!"},
            {"SENTIQ_REDIS_URL": "redis://:s3cret!@h"},
            ["SENTIQ_REDIS_URL", "SENTIQ_REDIS_PASSWORD"],
        ),
    ],
)
def test_a_secret_that_does_not_fit_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    files: dict[str, str],
    environment: dict[str, str],
    told: list[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SENTIQ_SECRETS_DIR", _files(tmp_path, **files))
    with pytest.raises(SettingsError) as error:
        load()
    assert all(word in str(error.value) for word in told), str(error.value)
    assert "s3cret!" not in str(error.value)


def test_a_secret_that_cannot_be_read_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SENTIQ_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"SENTIQ_SECRETS_DIR: .*nowhere cannot be read"):
        load()
    (tmp_path / "sentiq_redis_password").mkdir()
    (tmp_path / "sentiq_admin_token").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("SENTIQ_SECRETS_DIR", str(tmp_path))
    with pytest.raises(SettingsError) as error:
        load()
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ({}, True),
        ({"SENTIQ_FLOWER_HOST": "0.0.0.0"}, False),
        ({"SENTIQ_FLOWER_HOST": "0.0.0.0", "SENTIQ_FLOWER_LOGIN": "operator:correct-horse"}, True),
        ({"SENTIQ_FLOWER_LOGIN": "correct-horse-battery"}, False),
    ],
)
def test_flower_is_open_on_the_loopback_alone(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], fits: bool
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    if fits:
        load()
    else:
        with pytest.raises(SettingsError, match="SENTIQ_FLOWER_LOGIN"):
            load()


def test_a_store_in_memory_is_refused_where_the_process_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIQ_REDIS_URL", "memory://")
    with pytest.raises(SettingsError, match="sentiq serve --embedded"):
        load()


def test_routes_are_read_with_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIQ_ROUTES", " zh = small, * = tri@1 ")
    assert load().served_model == "zh=small,*=tri@1"


@pytest.mark.parametrize(
    ("routes", "part"),
    [
        ("zh=small", "no model answers other languages than zh: add *=MODEL"),
        ("zh=small,zh=large,*=tri", "'zh' has two models, 'small' and 'large'"),
        ("xx=small,*=tri", "'xx' in 'xx=small' is no code of a language"),
        ("Japanese=small,*=tri", "'Japanese' in 'Japanese=small' is no code of a language: write ja"),
        ("zh=small,", "'' is no route"),
        (" ", "'' is no route"),
    ],
)
def test_wrong_routes_are_named_by_the_part(monkeypatch: pytest.MonkeyPatch, routes: str, part: str) -> None:
    monkeypatch.setenv("SENTIQ_ROUTES", routes)
    with pytest.raises(SettingsError) as error:
        load()
    assert f"SENTIQ_ROUTES: {part}" in str(error.value)
    assert f"got {routes!r}" in str(error.value)
    assert "docs/languages.md" in str(error.value)
