"""What `sentiq-doctor` says of a host: kernel, memory, disk, ports, packages, processor, and how a model failed."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from sentiq.admin.checks import Check, Verdict
from sentiq.core.settings import Settings
from sentiq.engine.processor import LIMIT
from tests.support.http_server import answering
from tests.support.processes import free_port
from worker.doctor import costs, disk, kernel, memory, ports, software, trial
from worker.doctor.costs import Cost
from worker.doctor.kernel import Kernel
from worker.doctor.trial import Trial
from worker.host_resources import Host

ADVICE, FAULT, OK = Verdict.ADVICE, Verdict.FAULT, Verdict.OK


def by_name(found: Iterable[Check]) -> dict[str, Check]:
    return {check.name: check for check in found}


@pytest.fixture
def linux(tmp_path: Path) -> Callable[[dict[str, str]], Kernel]:
    """Make a kernel with these settings and no others."""

    def made(settings: dict[str, str]) -> Kernel:
        for name, value in settings.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(f"{value}\n")
        return Kernel(tmp_path)

    return made


@pytest.mark.parametrize(
    ("file", "value", "name", "verdict", "remedy"),
    [
        ("proc/sys/net/core/somaxconn", "128", "backlog", ADVICE, "sysctl net.core.somaxconn=2048"),
        ("proc/sys/net/core/somaxconn", "4096", "backlog", OK, ""),
        ("proc/sys/vm/overcommit_memory", "0", "overcommit", ADVICE, "sysctl vm.overcommit_memory=1"),
        ("proc/sys/vm/overcommit_memory", "1", "overcommit", OK, ""),
        ("proc/sys/vm/overcommit_memory", "2", "overcommit", ADVICE, "sysctl vm.overcommit_memory=1"),
        ("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never", "huge pages", ADVICE, "madvise"),
        ("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never", "huge pages", OK, ""),
    ],
)
def test_settings_of_the_kernel(
    linux: Callable[[dict[str, str]], Kernel], file: str, value: str, name: str, verdict: Verdict, remedy: str
) -> None:
    found = by_name(kernel.check(linux({file: value}), redis_is_here=True))[name]
    assert found.verdict is verdict
    assert remedy in found.remedy
    assert bool(found.remedy) is (verdict is not OK)


def test_overcommit_matters_where_redis_is(linux: Callable[[dict[str, str]], Kernel]) -> None:
    guessing = linux({"proc/sys/vm/overcommit_memory": "0"})
    assert by_name(kernel.check(guessing, redis_is_here=False))["overcommit"].verdict is OK


def test_a_system_without_these_files_is_not_judged_by_them(linux: Callable[[dict[str, str]], Kernel]) -> None:
    assert set(by_name(kernel.check(linux({}), redis_is_here=True))) <= {"open files", "clock"}
    assert by_name(software.check(Path("/no/such/file")))["processor"].found.startswith(f"{os.cpu_count()} cores of")


@pytest.mark.parametrize(("most", "verdict"), [((512, 512), FAULT), ((1024, 4096), ADVICE), ((1024, 20_000), OK)])
def test_the_limit_on_open_files(
    most: tuple[int, int], verdict: Verdict, linux: Callable[[dict[str, str]], Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: most)
    found = by_name(kernel.check(linux({}), redis_is_here=False))["open files"]
    assert found.verdict is verdict
    assert verdict is OK or "LimitNOFILE" in found.remedy


def test_processes_that_were_killed_for_lack_of_memory(linux: Callable[[dict[str, str]], Kernel]) -> None:
    host = Host(niced=False)
    found = by_name(memory.check(host, linux({"proc/vmstat": "pgfault 7\noom_kill 3"})))["killed"]
    assert (found.verdict, "killed 3 processes" in found.found) == (ADVICE, True)
    assert by_name(memory.check(host, linux({"proc/vmstat": "pgfault 7\noom_kill 0"})))["killed"].verdict is OK


def test_memory_in_swap(linux: Callable[[dict[str, str]], Kernel], monkeypatch: pytest.MonkeyPatch) -> None:
    used = psutil.swap_memory()._replace(used=psutil.virtual_memory().total)
    monkeypatch.setattr(psutil, "swap_memory", lambda: used)
    assert by_name(memory.check(Host(niced=False), linux({})))["swap"].verdict is ADVICE


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, verdict in {10**7: FAULT, 5 * 10**8: ADVICE, 2 * 10**9: OK}.items():
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: type("Usage", (), {"free": free}))
        found = disk.room(tmp_path)
        assert (found.verdict, str(tmp_path) in found.found) == (verdict, True)


def test_a_folder_for_temporary_files_that_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, wanted in {"TMPDIR": tmp_path / "none", "TEMP": tmp_path}.items():
        monkeypatch.setenv(variable, str(wanted))
    monkeypatch.setattr(tempfile, "tempdir", None)  # what it found before
    passed_over = by_name(disk.check(Settings()))["temporary folder"]
    assert passed_over.verdict is ADVICE
    assert f"{tmp_path / 'none'}, the TMPDIR of this user: {tmp_path} is taken instead" in passed_over.found

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert "temporary folder" not in by_name(disk.check(Settings()))


def test_folders_of_the_settings(tmp_path: Path) -> None:
    settings = Settings(model_root=tmp_path / "none", alive_file=str(tmp_path / "no" / "alive"))
    found = by_name(disk.check(settings))
    assert (found["models"].verdict, "SENTIQ_MODEL_ROOT" in found["models"].found) == (ADVICE, True)
    assert (found["written files"].verdict, "SENTIQ_ALIVE_FILE" in found["written files"].found) == (FAULT, True)

    fine = by_name(disk.check(Settings(model_root=tmp_path, flower_db=tmp_path / "tasks.db")))
    assert (fine["models"].verdict, fine["written files"].verdict) == (OK, OK)


def always(body: bytes) -> type[BaseHTTPRequestHandler]:
    """Return a handler that answers any address with one body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def test_ports_are_free_or_ours() -> None:
    settings = Settings(port=free_port(), flower_port=free_port())
    found = by_name(ports.check(settings))
    assert {name: (check.verdict, check.found.endswith("is free")) for name, check in found.items()} == {
        "API": (OK, True),
        "Flower": (OK, True),
    }
    with answering(always(b'{"status":"ok"}\n')) as port:
        ours = by_name(ports.check(settings.model_copy(update={"port": port})))["API"]
    assert (ours.verdict, ours.found) == (OK, f"it listens on 127.0.0.1:{port}")


def test_a_port_that_another_program_has() -> None:
    with answering(always(b"something else")) as port:
        found = by_name(ports.check(Settings(port=free_port(), flower_port=free_port(), metrics_port=port)))
    taken = found["metrics of a worker"]
    assert (taken.verdict, f"(process {os.getpid()})" in taken.found) == (FAULT, True)
    assert "SENTIQ_METRICS_PORT" in taken.remedy


def test_a_port_whose_listener_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", free_port())) as silent:
        found = by_name(ports.check(Settings(port=silent.getsockname()[1], flower_port=free_port())))["API"]
    assert (found.verdict, "SENTIQ_PORT" in found.found) == (FAULT, True)


def test_an_address_that_this_host_does_not_have() -> None:
    settings = Settings(metrics_host="192.0.2.1", metrics_port=free_port(), port=free_port(), flower_port=free_port())
    found = by_name(ports.check(settings))["metrics of a worker"]
    assert (found.verdict, found.remedy) == (FAULT, "correct SENTIQ_METRICS_HOST")


def test_packages_are_compared_with_a_lock(tmp_path: Path) -> None:
    lock = tmp_path / "worker.txt"
    lock.write_text(f"redis=={version('redis')} \\\n    --hash=sha256:00\n")
    assert by_name(software.packages(lock))["packages"].verdict is OK
    lock.write_text("redis==0.1 \\\n    --hash=sha256:00\nno-such-package-of-ours==1 \\\n    --hash=sha256:00\n")
    missing, other = software.packages(lock)
    assert (missing.verdict, "no-such-package-of-ours" in missing.found) == (FAULT, True)
    assert (other.verdict, "redis" in other.found, "not 0.1" in other.found) == (ADVICE, True, True)
    assert list(software.packages(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("machine", "flags", "verdict"),
    [
        ("x86_64", "flags\t\t: fpu sse4_2 avx2 avx512bw avx512_vnni", OK),
        ("x86_64", "flags\t\t: fpu sse4_2 avx2 avx_vnni", OK),
        ("x86_64", "flags\t\t: fpu sse4_2 avx2 avx512bw", ADVICE),
        ("x86_64", "flags\t\t: fpu sse4_2", ADVICE),
        ("aarch64", "Features\t: fp asimd asimddp i8mm bf16", OK),
        ("aarch64", "Features\t: fp asimd", OK),
    ],
)
def test_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, flags: str, verdict: Verdict
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.delenv(LIMIT, raising=False)
    (tmp_path / "cpuinfo").write_text(f"processor : 0\n{flags}\n")
    found = by_name(software.check(tmp_path / "cpuinfo"))["processor"]
    assert found.verdict is verdict
    assert machine in found.found

    monkeypatch.setenv(LIMIT, "AVX2")
    assert by_name(software.check(tmp_path / "cpuinfo"))["processor"].remedy.startswith(f"unset {LIMIT}")


def test_another_backend_is_named_where_it_is_much_faster_and_right() -> None:
    def cost(backend: str, speed: float, notice: str = "") -> Cost:
        tried = Trial(f"{backend} f32", True, notice, 1.0, 10**8, speed, 1.0)
        return Cost("a@1", backend, tried)

    slow, fast = cost("openvino", 100), cost("onnx", 150)
    (named,) = costs.judge(Settings(), [slow, fast, cost("torch", 120)])
    assert (named.verdict, named.remedy) == (ADVICE, "set SENTIQ_BACKEND=onnx")
    assert list(costs.judge(Settings(), [slow, cost("onnx", 105)])) == []
    assert list(costs.judge(Settings(), [slow, cost("onnx", 150, "its proof fails")])) == []
    assert list(costs.judge(Settings(), [])) == []


def test_how_a_process_ended_tells_what_to_do() -> None:
    killed, illegal, crashed = (
        trial.failure(-number, "") for number in (signal.SIGKILL, signal.SIGILL, signal.SIGSEGV)
    )
    assert (str(killed), "memory" in killed.remedy) == ("its process was ended by SIGKILL", True)
    assert (str(illegal), "SENTIQ_BACKEND" in illegal.remedy) == ("its process was ended by SIGILL", True)
    assert "SIGSEGV" in str(crashed)
    assert str(trial.failure(1, "damaged")) == "damaged"
