"""What cannot be fetched from the hub is refused with the cause and the remedy."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("modelscope_hub")
from sentiq.engine.registry import ModelError
from tests.support.processes import free_port
from tests.torch.hub_server import BASE, FILES, NEEDED, WEIGHTS, Fault, HubServer, Seen, contents, partials
from tools.prepare import transfer
from tools.prepare.hub import download


def refused(cache: Path, model_id: str = BASE, revision: str = "") -> str:
    with pytest.raises(ModelError) as caught:
        download(model_id, revision=revision, cache=cache, progress=False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_network(environment: None, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", endpoint)
    assert re.search(
        rf"no connection to {endpoint} .*Connection refused.*HTTPS_PROXY.* or fetch .* and name its directory",
        refused(cache),
    )


def test_no_such_model(hub: HubServer, cache: Path) -> None:
    assert re.search(
        r"no model 'somebody/nothing', or it is private.*http://127.*/models .*MODELSCOPE_API_TOKEN",
        refused(cache, "somebody/nothing"),
    )
    assert len(hub.seen) == 2  # the list of files and that of revisions, once each


def test_no_such_revision(hub: HubServer, cache: Path) -> None:
    assert f"{BASE} has no revision 'v9'; --revision can be v1.0.0, master or a commit's hash" in refused(
        cache, BASE, "v9"
    )


@pytest.mark.parametrize("status", [401, 403])
def test_no_permission(status: int, hub: HubServer, cache: Path) -> None:
    hub.faults["listing"] = [Fault(status)]
    assert re.search(rf"refuses {BASE} \(HTTP {status}\): set MODELSCOPE_API_TOKEN", refused(cache))


def test_a_file_that_is_listed_but_not_there_is_asked_for_once(hub: HubServer, cache: Path) -> None:
    hub.faults[WEIGHTS] = [Fault(404)]
    assert re.search(r"fails to deliver .*HTTP 404", refused(cache))
    assert len(hub.requests(WEIGHTS)) == 1


@pytest.mark.parametrize(("what", "attempts"), [("listing", 4), (WEIGHTS, transfer.ATTEMPTS)])
def test_a_server_that_keeps_failing(what: str, attempts: int, hub: HubServer, cache: Path) -> None:
    hub.faults[what] = [Fault(500)] * 20
    assert re.search(r"fails to deliver .*\(HTTP 500\): try again later, what has come is kept", refused(cache))
    assert len(hub.requests(what)) == attempts
    assert WEIGHTS not in contents(cache)


def test_wrong_content_twice(hub: HubServer, cache: Path) -> None:
    hub.faults[WEIGHTS] = [Fault(corrupt=True)] * 5
    assert re.search(rf"{WEIGHTS} came twice with other content .*SHA-256 [0-9a-f]{{64}}.*try again", refused(cache))
    assert len(hub.requests(WEIGHTS)) == 2
    assert contents(cache) == {name: content for name, content in NEEDED.items() if name != WEIGHTS}
    assert not partials(cache)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB of its own."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mounted)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield mounted
    subprocess.run(["umount", str(mounted)], check=True)


def test_a_disk_that_is_too_small(hub: HubServer, small_disk: Path) -> None:
    message = refused(small_disk)
    assert re.search(rf"needs 3\.0 MB more in {small_disk}.*, where 2\.\d MB are free; make room", message)
    assert hub.seen == [Seen("listing", "")]
    assert not contents(small_disk)


def test_a_disk_that_fills_up_meanwhile(hub: HubServer, small_disk: Path) -> None:
    hub.files[WEIGHTS] = FILES[WEIGHTS][:1_500_000]
    other = small_disk / "other"
    hub.faults[WEIGHTS] = [Fault(before=lambda: other.write_bytes(bytes(1_000_000)))]
    message = refused(small_disk)
    assert re.search(rf"no space left .* needs 0\.\d MB more in {small_disk}.*, where 0\.0 MB are free", message)
    assert WEIGHTS not in contents(small_disk)
    other.unlink()
    download(BASE, revision="", cache=small_disk, progress=False)
    assert contents(small_disk) == {**NEEDED, WEIGHTS: hub.files[WEIGHTS]}
    assert re.fullmatch(r"bytes=\d+-", hub.requests(WEIGHTS)[-1].range)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Root may do everything, so its rights are put aside."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def without_rights(cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0)


def a_file(cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("")


@pytest.mark.parametrize("spoil", [without_rights, a_file])
def test_a_folder_that_cannot_be_used(spoil: Callable[[Path], None], hub: HubServer, cache: Path) -> None:
    spoil(cache)
    with as_nobody():
        message = refused(cache)
    assert re.search(r"the download folder .*\.downloads.* cannot be used \(.+\): correct its permissions", message)
    assert not hub.seen
