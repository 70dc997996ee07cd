"""The document of the web page and its files, as browsers fetch them."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.datastructures import Headers

from api.app import create_app
from api.services import Services
from sentiq.core.settings import Settings

STATIC = "/static/app/main.js"


@pytest.mark.parametrize("path", ["/", "/bulk", "/jobs", "/jobs/job_1", "/jobs/%3Cscript%3E", "/cluster", "/cluster/"])
def test_all_addresses_give_one_document_that_holds_nothing_of_them(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.data == client.get("/").data


def test_every_page_has_a_policy_under_which_it_can_load_what_it_names(client: FlaskClient) -> None:
    """Whatever answers browsers with HTML, by the list of all addresses, and what that HTML names."""
    pages = 0
    for rule in client.application.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or "filename" in rule.arguments:
            continue
        answer = client.get(re.sub("<[^>]+>", "one", rule.rule), follow_redirects=True)
        if answer.mimetype != "text/html":
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; "), rule
            continue
        pages += 1
        allowed = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        named = re.findall(r"""<(script|link)\b[^>]*\b(?:src|href)="(/[^"]*)\"""", answer.text)
        assert {tag for tag, _ in named} == {"script", "link"}, rule
        for tag, url in named:
            loaded = {"script": "script-src", "link": "style-src"}[tag]
            assert allowed.get(loaded, allowed["default-src"]) == "'self'", rule
            with client.get(url) as file:
                assert file.status_code == 200, url
        assert "<script>" not in answer.text
        assert "<style" not in answer.text
    assert pages >= 7


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_that_is_none_gives_browsers_the_page_and_programs_a_problem(
    client: FlaskClient, method: str
) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    page = client.open("/nothing/here", method=method, headers=browser)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert page.data == client.get("/").data
    assert page.headers["Content-Security-Policy"] == client.get("/").headers["Content-Security-Policy"]
    for path, headers in (("/nothing/here", {}), ("/nothing/here", {"Accept": "*/*"}), ("/api/v1/nothing", browser)):
        answer = client.open(path, method=method, headers=headers)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
        assert answer.json["code"] == "not_found"


def fetch(client: FlaskClient, path: str, **headers: str) -> tuple[int, Headers, bytes]:
    """Status, headers and body; the file behind them is closed."""
    with client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()}) as answer:
        return answer.status_code, answer.headers, answer.data


def test_texts_are_packed_for_who_asks(client: FlaskClient) -> None:
    _, plain_headers, plain = fetch(client, STATIC)
    _, headers, packed = fetch(client, STATIC, Accept_Encoding="br;q=1, gzip;q=0.5")
    _, refused, _ = fetch(client, STATIC, Accept_Encoding="gzip;q=0")
    assert gzip.decompress(packed) == plain
    assert headers["Content-Encoding"] == "gzip"
    assert int(headers["Content-Length"]) == len(packed)
    assert "Content-Encoding" not in plain_headers
    assert "Content-Encoding" not in refused
    assert "Accept-Encoding" in plain_headers["Vary"]


def test_files_are_fetched_again_only_when_they_have_changed(client: FlaskClient) -> None:
    _, first, _ = fetch(client, STATIC, Accept_Encoding="gzip")
    assert first["Cache-Control"] == "no-cache"
    status, _, body = fetch(client, STATIC, Accept_Encoding="gzip", If_None_Match=first["ETag"])
    assert (status, body) == (304, b"")
    _, vendored, _ = fetch(client, "/static/vendor/pico-2.1.1/pico.classless.min.css")
    assert "immutable" in vendored["Cache-Control"]


@pytest.mark.parametrize(
    ("settings_of_flower", "host", "link"),
    [
        ({}, "localhost:8000", "http://localhost:5555/"),
        ({"flower_port": 6666, "flower_path": "/flower/"}, "[::1]:8000", "http://[::1]:6666/flower"),
        ({"flower_url": "/flower/"}, "example.org", "/flower/"),
    ],
)
def test_the_link_to_flower_leads_there(
    redis: Redis, api_settings: Settings, settings_of_flower: dict[str, object], host: str, link: str
) -> None:
    app = create_app(api_settings.model_copy(update=settings_of_flower))
    with app.test_client() as client:
        document = client.get("/", headers={"Host": host}).text
    services: Services = app.extensions["sentiq"]
    services.close()
    found = re.search("data-settings='(.*)'", document)
    assert found is not None
    assert json.loads(found[1])["flower"] == link
