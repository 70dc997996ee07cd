"""The operator's command line."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY


def admin(cluster: Cluster, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sentiq.admin", *arguments]
    env = os.environ | {"SENTIQ_REDIS_URL": cluster.redis_server.url}
    return subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False, timeout=300)
