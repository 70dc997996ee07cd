"""Settings: the documented table is the real one, and whatever is wrong stops the start with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.errors import SettingsError
from jobs.settings import Settings, load, markdown

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


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
