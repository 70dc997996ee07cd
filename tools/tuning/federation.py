"""What the sites and the server of a federated tuning have in common: who takes part, and what is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.tuning.plan import PlanError

# Read by flwr when it is imported: otherwise it tells its makers of each start, and keeps a number of this user for it.
os.environ["FLWR_TELEMETRY_ENABLED"] = "0"
os.environ["FLWR_HOME"] = os.devnull

Weights = list[NDArray[np.float32]]


class FederationError(PlanError):
    """Sites cannot tune together; the text says who is concerned and names the remedy."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a site tells the server of itself before it receives anything."""

    site: str
    base: str  #: its name
    digest: str  #: SHA-256 of the base's weights and vocabulary
    labels: tuple[str, ...]  #: in the order of the outputs
    texts: int  #: that it learns from

    def properties(self, nonce: str, secret: bytes) -> dict[str, Any]:
        """Return the form that travels, with the proof of knowing the federation's secret."""
        return {
            "site": self.site,
            "base": self.base,
            "digest": self.digest,
            "labels": json.dumps(self.labels),
            "texts": self.texts,
            "proof": proof(nonce, self.site, secret),
        }

    @classmethod
    def read(cls, properties: Mapping[str, Any]) -> Introduction:
        """Return what `properties` say; raises KeyError, TypeError or ValueError where a site speaks otherwise."""
        labels = tuple(str(label) for label in json.loads(properties["labels"]))
        named = {name: str(properties[name]) for name in ("site", "base", "digest")}
        return cls(**named, labels=labels, texts=int(properties["texts"]))


def proof(nonce: str, site: str, secret: bytes) -> str:
    """Return what only who knows the secret can say about this nonce; the secret itself never travels."""
    return hmac.new(secret, f"{nonce} {site}".encode(), hashlib.sha256).hexdigest()


def read_secret(path: Path | None) -> bytes:
    """Return the content of a file; of no file, a secret that everybody knows."""
    return b"" if path is None else path.read_bytes().strip()


def quiet_flwr() -> None:
    """Let flwr and gRPC say nothing: what matters is said here, in the words of a tuning."""
    for name in ("flwr", "grpc"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
