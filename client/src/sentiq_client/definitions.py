"""Sets of aspects as people give them: mappings, and files of YAML or JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Definition = Mapping[str, Any] | os.PathLike[str]  #: a set itself, or a file of one


def definition_of(aspects: Definition) -> dict[str, Any]:
    """Return a set as JSON has it. What is in it, the service checks.

    Raises SentiqError for a file that is none of YAML, and OSError.
    """
    if isinstance(aspects, Mapping):
        return dict(aspects)
    from sentiq_client.definition_files import read_yaml

    return read_yaml(Path(aspects).read_bytes(), str(aspects))
