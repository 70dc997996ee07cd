"""The runbook holds what it promises: an entry for each alert, a test for each entry, and commands that exist."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from sentiq.core.settings import Settings
from tests.support.paths import REPOSITORY
from tests.support.runbook import PATH, anchor, sections

RULES = yaml.safe_load((REPOSITORY / "deploy" / "prometheus" / "rules" / "alerts.yml").read_text())
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
#: What a host of the service has, or the image of the service named before it.
TOOLS = {
    *("curl", "redis-cli", "docker", "docker-compose", "systemctl", "journalctl", "openssl", ".venv/bin/sentiq-admin"),
    *("df", "free", "ss", "top", "date", "head", ".venv/bin/python"),
}


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", PATH.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def test_each_alert_names_its_entry_and_is_named_there() -> None:
    entries = {anchor(title): text for title, text in sections().items()}
    for name, rule in ALERTS.items():
        place = rule["annotations"]["runbook"].removeprefix("docs/runbook.md#")
        assert re.search(rf"^(?:\w+, )*{name}\b", entries[place], re.MULTILINE), name
    named = set(re.findall(r"\bSentiq[A-Z]\w+", PATH.read_text()))
    assert named == set(ALERTS)


@pytest.mark.parametrize("title", sections())
def test_each_entry_was_tried(title: str) -> None:
    text = sections()[title]
    assert all(f"**{part}**" in text for part in ("Symptom", "Check", "Remedy"))
    (tried,) = re.findall(r"<!-- tried by: (.*?) -->", text, re.DOTALL)
    for test in re.split(r",\s+", tried):
        path, _, name = test.partition("::")
        assert f"\ndef {name}(" in (REPOSITORY / path).read_text(), test


def test_thresholds_that_repeat_a_setting_are_its_default() -> None:
    most_mb, most_share = (Settings.model_fields[name].default for name in ("child_memory_mb", "max_redis_share"))
    assert f"> {most_mb} * 2^20" in ALERTS["SentiqChildMemory"]["expr"]
    assert ALERTS["SentiqRedisFull"]["expr"].endswith(f"> {most_share}")
    assert f"at {100 * most_share:g} %" in ALERTS["SentiqRedisMemory"]["annotations"]["description"]


def test_links_lead_somewhere() -> None:
    anchors = {anchor(title) for title in sections()}
    for target in re.findall(r"\]\(([^)]+)\)", PATH.read_text().replace("\n", " ")):
        path, _, place = target.partition("#")
        assert (PATH.parent / path).exists() if path else place in anchors, target


def test_commands_exist() -> None:
    for command in commands():
        words = shlex.split(command, comments=True)
        assert words[0] in TOOLS, command


def test_lines_to_look_for_are_logged() -> None:
    sources = "".join(path.read_text() for folder in ("api", "worker") for path in (REPOSITORY / folder).rglob("*.py"))
    sought = re.findall(r"docker-compose logs .*grep (?:-E )?'([a-zA-Z |]+)'", "\n".join(commands()))
    assert [line for line in "|".join(sought).split("|") if line not in sources] == []


def test_services_and_units_exist() -> None:
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
    units = {re.split("[@.]", path.name)[0] for path in (REPOSITORY / "deploy" / "systemd").glob("*.service")}

    text = PATH.read_text()
    named = re.findall(r"docker-compose (?:ps|logs --tail \d+|up -d|restart|exec(?: -e \S+ \S+)?) ([\w-]+)", text)
    assert set(named) <= set(services)
    named = re.findall(r"`(sentiq-(?:api|worker|webhooks|flower))\b", text)
    assert set(named) <= units
