"""A worker app whose model does not survive the fork.

Run by `tests.support.programs.worker`.
"""

from __future__ import annotations

from sentiq.engine import Engine
from worker.app import app

__all__ = ["app"]


def _fails(self: Engine) -> None:
    raise RuntimeError("the kernels are gone")


Engine.prove = _fails  # type: ignore[method-assign]
