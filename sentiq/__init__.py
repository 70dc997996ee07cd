"""What is neither the API nor a worker: the core, the jobs, the engine, the webhooks and the operator's commands.

`from sentiq import Analyzer` classifies without a server (sentiq/analyzer.py).
"""

import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

# structlog imports rich, where it is installed, for tracebacks that we do not draw: 4 MB in each process. So it is
# imported here first, while None makes Python treat rich as not installed.
if "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]
    with suppress(ImportError):  # what only says how it is used needs no structlog
        import structlog  # noqa: F401
    del sys.modules["rich"]

if TYPE_CHECKING:
    from sentiq.analyzer import Analyzer, Answer
else:

    def __getattr__(name: str) -> Any:
        """Import a name when it is first used: no part of the service but a worker needs a model library."""
        if name in __all__:
            return getattr(import_module("sentiq.analyzer"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Analyzer", "Answer"]
