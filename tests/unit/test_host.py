"""What room a host has, and what room is left of a limit."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tests.support.processes import wait_until
from worker.host_resources import Host, family_memory, unique_bytes

MB = 2**20


PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.communicate(b"\\n")
"""


def test_the_memory_of_a_family_counts_what_is_shared_once() -> None:
    # A family of its own: ours has whatever other tests have started.
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        parent, child = psutil.Process(process.pid), psutil.Process(int(process.stdout.readline()))
        wait_until(lambda: child.memory_info().rss > 4 * MB)  # it has begun
        found = {pid: (proportional, unique) for pid, proportional, unique in family_memory(parent)}
        resident = parent.memory_info().rss + child.memory_info().rss
        process.communicate(b"\n")
    assert found.keys() == {parent.pid, child.pid}
    for proportional, unique in found.values():
        assert 0 < unique < proportional
    assert sum(proportional for proportional, _ in found.values()) < resident, "both use the same Python"
    with pytest.raises(psutil.NoSuchProcess):
        list(family_memory(child))


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    (tmp_path / "cgroup").mkdir()
    return tmp_path / "cgroup"


def host(mounted: Path, *lines: str) -> Host:
    proc = mounted.parent / "self"
    proc.write_text("".join(f"{line}\n" for line in lines))
    return Host(niced=True, proc=proc, mounted=mounted)


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


def test_without_limits_it_is_what_the_host_has() -> None:
    free = Host(niced=True, proc=Path("/nowhere"))
    assert free.total_bytes() == psutil.virtual_memory().total
    assert 0 < free.available_bytes() <= free.total_bytes()


def test_this_machine_can_be_looked_at() -> None:
    here = Host(niced=False)
    assert 0 < here.available_bytes() <= here.total_bytes()
    time.sleep(0.05)  # the kernel counts in hundredths of a second
    assert 0 <= here.cpu_share() <= 1


def test_a_kernel_that_takes_back_time_leaves_no_share_below_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = iter([{"user": 10.0, "idle": 90.0}, {"user": 9.99, "idle": 91.0}])
    monkeypatch.setattr(psutil, "cpu_times", lambda: SimpleNamespace(_asdict=lambda: next(counted)))
    assert Host(niced=True, proc=Path("/nowhere")).cpu_share() == 0


def test_a_container_has_what_its_limit_leaves(mounted: Path) -> None:
    write(
        mounted,
        memory__max=f"{200 * MB}\n",
        memory__current=f"{150 * MB}\n",
        memory__stat=f"anon 1\ninactive_file {30 * MB}\n",
    )
    limited = host(mounted, "0::/")
    assert limited.total_bytes() == 200 * MB
    assert limited.available_bytes() == 80 * MB, "the page cache would give way"


def test_the_tightest_of_the_groups_around_counts(mounted: Path) -> None:
    write(mounted / "system.slice", memory__max=f"{100 * MB}\n", memory__current=f"{90 * MB}\n", memory__stat="")
    write(mounted / "system.slice/worker.service", memory__max="max\n", memory__current=f"{5 * MB}\n", memory__stat="")
    assert host(mounted, "0::/system.slice/worker.service").available_bytes() == 10 * MB


@pytest.mark.parametrize("path", ["/docker/0123", "/"])
def test_the_first_version_of_cgroups(mounted: Path, path: str) -> None:
    write(
        mounted / "memory",
        memory__limit_in_bytes=f"{64 * MB}\n",
        memory__usage_in_bytes=f"{60 * MB}\n",
        memory__stat=f"total_inactive_file {MB}\n",
    )
    limited = host(mounted, f"4:memory:{path}", "1:cpu,cpuacct:/", "0::/")
    assert (limited.total_bytes(), limited.available_bytes()) == (64 * MB, 5 * MB)


def test_no_limit_in_the_first_version_is_a_large_number(mounted: Path) -> None:
    write(mounted / "memory", memory__limit_in_bytes="9223372036854771712\n", memory__usage_in_bytes="4096\n")
    assert host(mounted, "4:memory:/").total_bytes() == psutil.virtual_memory().total


def test_above_its_limit_nothing_is_available(mounted: Path) -> None:
    write(mounted, memory__max=f"{64 * MB}\n", memory__current=f"{65 * MB}\n", memory__stat="")
    assert host(mounted, "0::/").available_bytes() == 0


def test_a_quota_of_cpu_that_is_used_up_is_a_full_cpu(mounted: Path) -> None:
    write(mounted, cpu__max="50000 100000\n", cpu__stat="usage_usec 0\nuser_usec 0\n")
    limited = host(mounted, "0::/")
    write(mounted, cpu__stat=f"usage_usec {10**9}\n")
    assert limited.cpu_share() == 1.0


def test_a_process_that_is_gone_takes_nothing() -> None:
    assert unique_bytes(os.getpid()) > MB
    assert unique_bytes(2**22 + 1) == 0
