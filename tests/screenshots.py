"""Pictures of Flower for docs/flower.md: a cluster at work, and a browser that looks (chromium, from PATH).

python -m tests.screenshots
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cluster.test_main_job import sentences
from tests.flower import LOGIN, Flower
from tests.support import REPOSITORY, Cluster, wait_until

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
RENDERED_MS = 8_000  #: the page fetches its tables by then
SIZE = (1700, 700)  #: pixels
PICTURES = {"tasks": "flower.png", "workers": "flower-workers.png"}


def main() -> int:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        print("there is no chromium; on Debian: apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory, Cluster(Path(directory)) as cluster:
        cluster.start()
        with Flower(cluster, Path(directory)) as flower:
            wait_until(lambda: {"interactive", "bulk"} <= names(flower), timeout_s=60)
            work(cluster, flower)
            for page, picture in PICTURES.items():
                take(browser, flower, page, Path(directory), REPOSITORY / "docs" / picture)
    return 0


def names(flower: Flower) -> set[str]:
    """Of the workers that Flower knows, without their hosts."""
    return {worker.partition("@")[0] for worker in flower.http.get("/api/workers", params={"refresh": 1}).json()}


def work(cluster: Cluster, flower: Flower) -> None:
    """Bulk chunks, one of which loses its child, and some small jobs."""
    large = cluster.submit(sentences(60_000))
    wait_until(lambda: cluster.job(large)["counts"]["completed"] > 50_000, timeout_s=60)
    bulk = next(process for process in cluster.processes if process.name == "bulk")
    for child in bulk.children():
        child.send_signal(signal.SIGKILL)
    cluster.wait_ended(large)
    for number in range(3):
        cluster.wait_ended(cluster.submit(sentences(number + 1, seed=number)))
    last = cluster.submit(sentences(2_000, seed=5))
    cluster.wait_ended(last)
    wait_until(lambda: sum(last in task["args"] for task in flower.ended("sentiq.classify_chunk")) == 4)
    wait_until(lambda: any("attempt=2" in task["result"] for task in flower.ended("sentiq.classify_chunk")))


def take(browser: str, flower: Flower, page: str, directory: Path, target: Path) -> None:
    url = f"http://{':'.join(LOGIN)}@127.0.0.1:{flower.port}/flower/{page}"
    profile = directory / f"profile-{page}"
    options = [f"--user-data-dir={profile}", f"--window-size={SIZE[0]},{SIZE[1]}", f"--screenshot={target}"]
    command = [browser, *FLAGS, f"--virtual-time-budget={RENDERED_MS}", *options, url]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    print(f"{target.relative_to(REPOSITORY)}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
