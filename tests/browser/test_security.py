"""Whatever comes from users, files, models or addresses is shown as text, and the policy holds if it were not."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import files
from tests.browser.steps import analyse, detail, one_look, past, send, two_looks
from tests.browser.visits import Look, Visit, visiting
from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY

APP = REPOSITORY / "api" / "static"
IMAGE = '<img src=x onerror="window.__xss=1">'
SCRIPT = '"><script>window.__xss=2</script>'
ADDRESS = "javascript:window.__xss=3"
TEMPLATE = "{{7*7}}${window.__xss=4}"
TURNED = "无害\u202egpj.exe"  #: what follows the control character is written from right to left
ATTACKS = (IMAGE, SCRIPT, ADDRESS, TEMPLATE, TURNED)


@pytest.fixture
def wary(visit: Visit) -> Iterator[Visit]:
    """Fails when anything of the attacks became an element or ran; `visit` does on dialogs and breaches of policy."""
    yield visit
    check(visit.page)


def check(page: Page) -> None:
    assert page.evaluate("window.__xss") is None
    assert page.evaluate("document.querySelectorAll('main img, main script, body > script, [onerror]').length") == 0
    assert page.locator("a[href^='javascript:']").count() == 0


# -- what is shown --


@one_look
def test_texts_and_their_history_are_text(wary: Visit) -> None:
    page = wary.open()
    rows = analyse(wary, *ATTACKS)
    for _ in ("answered", "after a reload"):
        expect(past(wary).locator(".text")).to_have_text(list(ATTACKS))
        check(page)
        if _ == "answered":
            expect(rows.locator(".text")).to_have_text(list(ATTACKS))
            page.reload()
    page.get_by_label(wary.t("past.search")).fill(IMAGE)
    expect(past(wary)).to_have_count(1)


@one_look
def test_a_history_that_somebody_else_wrote_is_text(wary: Visit) -> None:
    page = wary.open()
    entry = {"at": 1, "text": IMAGE, "probabilities": {IMAGE: 0.9, SCRIPT: 0.1}, "truncated": SCRIPT, "degraded": 1}
    page.evaluate("entries => localStorage.setItem('sentiq.history', entries)", json.dumps([entry]))
    page.evaluate("theme => localStorage.setItem('sentiq.theme', theme)", IMAGE)
    page.evaluate("localStorage.setItem('sentiq.language', '__proto__')")
    page.reload()
    expect(past(wary)).to_contain_text([IMAGE])
    expect(past(wary).locator(".badge")).to_have_text(IMAGE)


def attack_file() -> bytes:
    content = io.StringIO()
    writer = csv.writer(content)
    writer.writerow(["编号", "评论", IMAGE, f"来源{SCRIPT}", TURNED])
    writer.writerows([f"{attack}{n}", f"很好{attack}", IMAGE, attack, ADDRESS] for n, attack in enumerate(ATTACKS * 2))
    return content.getvalue().encode()


@detail
@two_looks
def test_files_are_text_from_their_names_to_their_cells(wary: Visit) -> None:
    page, t = wary.open("/bulk"), wary.t
    name = f'{TURNED}"><img src=x onerror="window.__xss=5">{{{{7*7}}}}.csv'
    files.choose(wary, name, attack_file())
    preview = page.get_by_role("region", name=t("preview.table"))
    expect(preview.get_by_role("columnheader").filter(has_text=IMAGE)).to_be_visible()
    expect(preview.get_by_role("row").nth(2)).to_contain_text(f"很好{SCRIPT}")
    expect(page.locator(".drop .file")).to_contain_text(name)
    assert in_order(page, ".drop .file"), "a name turns itself alone"
    assert wary.fits()
    check(page)

    job_id = files.start(wary)
    expect(page.locator(".state-completed")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page).to_have_title(f"{name} · sentiq")
    row = page.locator("table.stacks tbody tr").nth(1)
    expect(row).to_contain_text(f"很好{SCRIPT}")
    expect(row).to_contain_text(f"{SCRIPT}1")
    page.get_by_label(t("rows.columns")).check()
    expect(row).to_contain_text(ADDRESS)
    page.get_by_label(t("split.by"), exact=True).select_option(label=f"来源{SCRIPT}")
    split = page.get_by_role("region", name=t("split.title"), exact=True)
    expect(split.get_by_role("rowheader").filter(has_text=TEMPLATE)).to_be_visible()
    page.get_by_text(t("facts.title"), exact=True).click()
    expect(page.locator("details dl")).to_contain_text(name)
    assert wary.fits()
    check(page)

    page.get_by_role("link", name=t("nav.jobs"), exact=True).click()
    expect(page.locator(f"a[href='/jobs/{job_id}']")).to_have_text(name)
    assert wary.fits()


def in_order(page: Page, where: str) -> bool:
    """What stands behind a name is shown behind it."""
    return bool(
        page.locator(where).evaluate(
            """place => {
                const behind = document.createRange();
                behind.selectNodeContents(place.lastChild);
                const name = place.firstChild.getBoundingClientRect();
                const { left, top } = behind.getClientRects()[0];
                return top > name.top || left >= name.right - 1;
            }"""
        )
    )


@one_look
def test_ids_and_reasons_of_failed_rows_are_text(wary: Visit) -> None:
    lines = [json.dumps({"text": f"很好{attack}", "custom_id": attack}) for attack in ATTACKS]
    lines += [IMAGE, json.dumps({IMAGE: SCRIPT}), json.dumps({"text": IMAGE * 600})]
    headers = {"Content-Type": "application/x-ndjson"}
    answer = wary.cluster.http.post("/api/v1/jobs", content="\n".join(lines).encode(), headers=headers)
    job = wary.cluster.wait_ended(answer.json()["id"])
    assert (job["counts"]["failed"], job["counts"]["without_text"]) == (2, 1)
    page = wary.open(f"/jobs/{job['id']}")
    expect(page.locator("table.stacks tbody tr")).to_have_count(len(lines))
    for attack in ATTACKS:
        expect(page.locator("table.stacks tbody td:nth-child(2)").get_by_text(attack, exact=True)).to_be_visible()
    expect(page.get_by_text(wary.t("failures.title"))).to_be_visible()


@one_look
def test_addresses_are_text(browser: Browser, cluster: Cluster, look: Look) -> None:
    with visiting(browser, cluster, look, expected=("404", "422")) as visit:
        for address in (
            f"/jobs/{quote(IMAGE, safe='')}",
            f"/jobs/{quote('<svg onload=window.__xss=6>', safe='')}",
            f"/jobs/..%5c{quote(ADDRESS, safe='')}",
            f"/jobs?state={quote(SCRIPT, safe='')}",
            f"/?texts={quote(IMAGE, safe='')}#{SCRIPT}",
        ):
            page = visit.open(address)
            if address.startswith("/jobs/"):
                expect(page.get_by_role("alert")).to_contain_text(visit.t("error.job_not_found"))
            check(page)


@one_look
def test_what_the_service_itself_says_is_text(browser: Browser, cluster: Cluster, look: Look) -> None:
    """Names of models and workers, and details of errors, come from manifests and hosts."""
    model = {
        "id": IMAGE,
        "version": SCRIPT,
        "labels": [IMAGE, SCRIPT],
        "precision": SCRIPT,
        "active": False,
        "workers": [],
    }
    faults = [{"code": IMAGE, "detail": IMAGE, "pointer": SCRIPT}, {"code": IMAGE, "detail": SCRIPT, "line": IMAGE}]
    problem = {"code": "__proto__", "title": IMAGE, "detail": SCRIPT, "errors": faults, "request_id": IMAGE}

    def models(route: Route) -> None:
        activation = {"active": None, "candidate": None, "error": f"{IMAGE}{SCRIPT}"}
        route.fulfill(json=activation if route.request.url.endswith("/activation") else {"data": [model]})

    def workers(route: Route) -> None:
        document: dict[str, Any] = route.fetch().json()
        document["workers"] = [worker | {"name": IMAGE, "model": SCRIPT} for worker in document["workers"]]
        route.fulfill(json=document)

    with visiting(browser, cluster, look, expected=("422",)) as visit:
        page = visit.open()
        page.route("**/api/v1/models**", models)
        page.route("**/api/v1/cluster", workers)
        page.route("**/api/v1/jobs", lambda route: route.fulfill(status=422, json=problem))
        send(visit, "很好")
        alert = page.get_by_role("alert")
        for attack in (IMAGE, SCRIPT):
            expect(alert).to_contain_text(attack)
        check(page)
        page.get_by_role("link", name=visit.t("nav.cluster"), exact=True).click()
        expect(page.get_by_role("rowheader", name=f"{IMAGE}@{SCRIPT}")).to_be_visible()
        expect(page.get_by_text(f"{IMAGE}{SCRIPT}", exact=False).first).to_be_visible()
        expect(page.get_by_role("table", name=visit.t("cluster.workers"))).to_contain_text(IMAGE)
        check(page)


# -- what would hold if a mistake were made --


@pytest.mark.parametrize("address", ["/", "/bulk", "/jobs", "/jobs/job_x", "/cluster", "/static/app/main.js"])
def test_the_policy_allows_our_files_and_nothing_else(cluster: Cluster, address: str) -> None:
    headers = cluster.http.get(address).headers
    rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'self'"
    assert rules["img-src"] == "'self' data:"
    assert (rules["base-uri"], rules["frame-ancestors"], rules["form-action"]) == ("'none'", "'none'", "'self'")
    assert (rules["require-trusted-types-for"], rules["trusted-types"]) == ("'script'", "'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert "*" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


@one_look
def test_the_browser_keeps_to_the_policy(browser: Browser, cluster: Cluster, look: Look) -> None:
    policy = ("Content Security Policy", "TrustedHTML", "TrustedScript")
    with visiting(browser, cluster, look, expected=policy) as visit:
        page = visit.open()
        for attempt in (
            "document.body.innerHTML = '<b>x</b>'",
            "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
            "document.write('<b>x</b>')",
            "eval('window.__xss = 7')",
            "new Function('window.__xss = 8')()",
            "document.createElement('script').src = '/static/theme.js'",
            "document.createElement('p').setAttribute('onclick', 'window.__xss = 9')",
        ):
            # Not at once: what the test itself calls may do more than the page.
            tried = f"try {{ {attempt}; done(''); }} catch (error) {{ done(error.name); }}"
            refusal = page.evaluate(f"() => new Promise((done) => setTimeout(() => {{ {tried} }}))")
            assert refusal in ("TypeError", "EvalError"), attempt
        page.evaluate("""() => {
            const link = document.createElement("a");
            link.href = "javascript:window.__xss = 10";
            document.body.append(link);
            link.click();
        }""")
        assert page.evaluate("fetch('https://example.org').then(() => 'sent', () => 'refused')") == "refused"
        assert page.evaluate("window.__xss") is None


@one_look
def test_every_script_and_whatever_is_asked_for_is_ours(visit: Visit) -> None:
    addresses: list[str] = []
    visit.page.on("request", lambda request: addresses.append(request.url))
    job_id = visit.cluster.wait_ended(visit.cluster.submit(["很好"]))["id"]
    for path in ("/", "/bulk", "/jobs", f"/jobs/{job_id}", "/cluster"):
        page = visit.open(path)
        page.locator("main").wait_for()
        scripts = page.evaluate("[...document.scripts].map((script) => script.src)")
        assert scripts
        assert all(src.startswith(f"{visit.url}/static/") for src in scripts)
    assert addresses
    assert all(address.startswith(f"{visit.url}/") for address in addresses)


# -- what is in the files --

#: Markup and code made of strings, and dialogs of the browser.
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|setHTML"
    r"|\beval\b|new Function|set(?:Timeout|Interval)\(\s*[\"'`]|javascript:|setAttribute\([\"']style|cssText"
    r"|(?<![.\w])(?:window\.)?(?:alert|confirm|prompt)\(|\bh\([^)]*[{,]\s*style:|document\.cookie"
)


def test_no_module_makes_markup_or_code_of_strings_or_opens_a_dialog() -> None:
    modules = [APP / "theme.js", *(APP / "app").rglob("*.js")]
    assert len(modules) > 30
    found = {
        f"{module.name}: {line.strip()}"
        for module in modules
        for line in module.read_text(encoding="utf-8").splitlines()
        if FORBIDDEN.search(line)
    }
    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        "a.innerHTML = b",
        "if (confirm('?')) go()",
        "window.alert(1)",
        "h('p', { style: 'top: 0' })",
        "setTimeout('x()', 1)",
    ],
)
def test_the_search_for_them_finds_one(line: str) -> None:
    assert FORBIDDEN.search(line)


def test_the_template_has_no_script_handler_or_style_of_its_own() -> None:
    template = (REPOSITORY / "api" / "templates" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)", template)
    assert not re.search(r"\son\w+\s*=|\sstyle\s*=|<style", template)
    assert "|safe" not in template.replace(" ", "")


#: SHA-256 of what others have made, as their packages at npm have it.
VENDORED = {
    "pico-2.1.1/pico.classless.min.css": "61207a40ffc02a42d1e50143651c121beab70ed413c934c1ff84fa263ba436b0",
    "uplot-1.6.32/uPlot.esm.js": "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba",
    "uplot-1.6.32/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "axe-core-4.14.1/axe.min.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
}


def test_what_others_have_made_is_as_they_made_it_with_its_licence_beside_it() -> None:
    found = {}
    for package in (*(APP / "vendor").iterdir(), *(Path(__file__).parent / "vendor").iterdir()):
        licences = [file for file in package.iterdir() if file.name.startswith("LICENSE")]
        assert licences, package
        assert all(file.stat().st_size > 500 for file in licences)
        for file in set(package.iterdir()) - set(licences):
            found[f"{package.name}/{file.name}"] = hashlib.sha256(file.read_bytes()).hexdigest()
    assert found == VENDORED
