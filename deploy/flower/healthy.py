"""Exit status 0 while Flower answers, wherever the settings put it: the healthcheck of its container."""

from __future__ import annotations

import sys
import urllib.request

from sentiq.core.settings import current

TIMEOUT_S = 3.0

settings = current()
host = "127.0.0.1" if settings.flower_host in ("0.0.0.0", "::") else settings.flower_host
path = "/".join(part for part in (settings.flower_path.strip("/"), "healthcheck") if part)
try:
    urllib.request.urlopen(f"http://{host}:{settings.flower_port}/{path}", timeout=TIMEOUT_S)
except OSError as error:
    sys.exit(f"Flower does not answer: {error}")
