"""The weights that travel between the sites of a federated tuning and its server."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from tools.tuning.federation import FederationError, Weights
from tools.tuning.ways import Learner, learning


def weights_of(learner: Learner) -> Weights:
    """Return copies of the weights that learn, in the order of their names in the network."""
    return [weight.detach().float().numpy().copy() for weight in learning(learner.module).values()]


def put_weights(learner: Learner, weights: Sequence[NDArray[np.float32]]) -> None:
    """Give `learner` these weights. Raises FederationError where they are those of another network."""
    ours = list(learning(learner.module).values())
    if [tuple(weight.shape) for weight in ours] != [weight.shape for weight in weights]:
        raise FederationError("the server sent the weights of another network: run the same version of sentiq there")
    with torch.no_grad():
        for weight, new in zip(ours, weights, strict=True):
            weight.copy_(torch.from_numpy(new))
