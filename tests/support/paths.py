"""Where things lie in the checkout."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
BUNDLED_MODEL = REPOSITORY / "models" / "sentiq-small-zh"
