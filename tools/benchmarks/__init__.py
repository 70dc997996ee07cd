"""Measurements: see README.md."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "client" / "src"))  # some drive the service by its client
