"""What is neither the API nor a worker: the core, the jobs, the engine, the webhooks and the operator's commands."""

import sys
from contextlib import suppress

# structlog imports rich, where it is installed, for tracebacks that we do not draw: 4 MB in each process. So it is
# imported here first, while None makes Python treat rich as not installed.
if "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]
    with suppress(ImportError):  # what only says how it is used needs no structlog
        import structlog  # noqa: F401
    del sys.modules["rich"]
