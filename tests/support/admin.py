"""The operator's command line, in the process of the tests or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sentiq.admin.commands import main
from sentiq.core.settings import current
from tests.support.cluster import Cluster
from tests.support.in_process import call
from tests.support.paths import REPOSITORY


def admin(cluster: Cluster, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it here on a cluster, with more environment."""
    return admin_here(cluster.env | env, *arguments)


def admin_here(env: Mapping[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it here, with more environment."""

    def run() -> int:
        current.cache_clear()  # a process reads its settings once
        try:
            return main()
        finally:
            current.cache_clear()

    done = call(run, ["sentiq-admin", *map(str, arguments)], env)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def admin_process(cluster: Cluster, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it as operators do: once for each of its commands."""
    command = [sys.executable, "-m", "sentiq.admin", *arguments]
    env = os.environ | cluster.env | env
    return subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False, timeout=300)
