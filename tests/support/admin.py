"""The operator's command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY


def admin(cluster: Cluster, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it on a cluster, with more environment."""
    command = [sys.executable, "-m", "sentiq.admin", *arguments]
    env = os.environ | cluster.env | env
    return subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False, timeout=300)
