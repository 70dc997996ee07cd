"""What phrases are asked for."""

from __future__ import annotations

from typing import NamedTuple

from api.export.rows import View
from api.schemas.phrases import Against


class Question(NamedTuple):
    """Which rows are compared with which others, and how many phrases are wanted at most."""

    view: View
    against: Against
    limit: int
