"""Ways to run sentiq."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "client" / "src"))  # some ask the service by its client
