"""Files for the browser: sentences of our own, in the formats that people have."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from playwright.sync_api import Locator, Page

from tests.browser.visits import Visit
from tests.support.cluster import Cluster

PRAISE = "房间干净，服务热情，下次还来"
BLAME = "物流太慢，包装破了，很失望"
HEADINGS = ("编号", "评论", "城市", "来源")
CITIES = ("北京", "上海", "成都")
SOURCES = ("app", "网站")


def reviews(rows: int, start: int = 0) -> list[tuple[str, str, str, str]]:
    """As many rows, no two alike: praise and blame in turn."""
    return [
        (f"r{n}", f"{(PRAISE, BLAME)[n % 2]}{n}", CITIES[n % 3], SOURCES[n // 2 % 2])
        for n in range(start, start + rows)
    ]


def heavy(rows: int) -> bytes:
    """Two kilobytes a row, most of it beside the text: much to send, and little to do."""
    return csv((*cells[:3], cells[3] + "x" * 1_900) for cells in reviews(rows))


def csv(rows: Iterable[Sequence[str]], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    lines = [delimiter.join(cells) for cells in (HEADINGS, *rows)]
    return ("\n".join(lines) + "\n").encode(encoding)


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def workbook(**sheets: Iterable[Sequence[str]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def choose(visit: Visit, name: str, content: bytes) -> None:
    """As a visitor does in the dialog of the browser; waits until the page shows how the file will be read."""
    put(visit.page, name, content)
    visit.page.get_by_role("heading", name=visit.t("preview.title")).wait_for()


def put(page: Page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "", "buffer": content})


def drop(page: Page, zone: Locator, *named: tuple[str, str]) -> None:
    """As a visitor does from a folder: files with their contents."""
    transfer = page.evaluate_handle(
        """(named) => {
            const data = new DataTransfer();
            for (const [name, content] of named) data.items.add(new File([content], name));
            return data;
        }""",
        named,
    )
    for event in ("dragenter", "dragover", "drop"):
        zone.dispatch_event(event, {"dataTransfer": transfer})


def start(visit: Visit) -> str:
    """Start the job that is prepared on the page; returns its id when its own page is shown."""
    visit.page.get_by_role("button", name=visit.t("bulk.start")).click()
    visit.page.wait_for_url("**/jobs/job_*")
    return visit.page.url.rpartition("/")[2]


def submit(cluster: Cluster, content: bytes, **options: str) -> str:
    answer = cluster.http.post(
        "/api/v1/jobs", data={"keep_columns": "true"} | options, files={"file": ("评论.csv", content)}
    )
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id
