"""A site of a federated tuning: does what the server asks for, and ends when the server does, or says nothing more."""

# flwr is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tools.tuning.federation import FederationError, Introduction, Weights, quiet_flwr

import grpc  # isort: skip
from flwr.client import NumPyClient, start_client  # isort: skip  # only after the settings in tools.tuning.federation

CONNECT_S = 600.0  #: how long a site waits for a server that is not there yet
RETRY_S = 1.0
FIRST_S = 3 * 3600.0  #: how long for its first word: who comes late is asked after the round
LOOK_S = 0.2  #: how often it is looked whether the server has gone silent, or somebody asked to stop


@dataclass(frozen=True, slots=True)
class Round:
    """What the server asks for in a round."""

    number: int
    rounds: int
    epochs: int
    rate: float  #: of learning; it falls from round to round


class Pupil(Protocol):
    """What learns at a site. Its texts stay with it."""

    def learn(self, weights: Weights, asked: Round) -> tuple[Weights, int]:
        """Return the weights after learning, and of how many texts."""

    def measure(self, weights: Weights, number: int) -> tuple[float, float, int]:
        """Return loss and accuracy after a round on the site's own texts kept apart, and how many these are."""


class _Client(NumPyClient):
    """Hands what flwr receives to the pupil, and notes when the server was last heard."""

    def __init__(self, introduction: Introduction, secret: bytes, pupil: Pupil) -> None:
        self.final: Weights | None = None  #: what the last round made
        self.is_met = False  #: the server has spoken
        #: When it has been silent for too long; None while this site works.
        self.silent_at: float | None = time.monotonic() + CONNECT_S + FIRST_S
        self._introduction = introduction
        self._secret = secret
        self._pupil = pupil

    def _heard(self, config: dict[str, Any]) -> None:
        self.is_met, self.silent_at = True, None
        if why := config.get("ended"):
            raise FederationError(str(why))

    def _done(self, config: dict[str, Any]) -> None:
        self.silent_at = time.monotonic() + float(config["silent_s"])

    def get_properties(self, config: dict[str, Any]) -> dict[str, Any]:
        self._heard(config)
        self._done(config)
        return self._introduction.properties(str(config["nonce"]), self._secret)

    def fit(self, parameters: Weights, config: dict[str, Any]) -> tuple[Weights, int, dict[str, Any]]:
        self._heard(config)
        asked = Round(**{name: config[name] for name in ("number", "rounds", "epochs", "rate")})
        weights, texts = self._pupil.learn(parameters, asked)
        self._done(config)
        return weights, texts, {}

    def evaluate(self, parameters: Weights, config: dict[str, Any]) -> tuple[float, int, dict[str, Any]]:
        self._heard(config)
        loss, accuracy, texts = self._pupil.measure(parameters, config["number"])
        if config["number"] == config["rounds"]:
            self.final = parameters
        self._done(config)
        return loss, texts, {"accuracy": accuracy}


def take_part(
    address: str,
    introduction: Introduction,
    secret: bytes,
    authority: Path | None,
    pupil: Pupil,
    stop: Callable[[], bool],
) -> Weights | None:
    """Return the weights of the last round; None when `stop` asked to leave. Raises FederationError.

    `authority` is the file of the certificate that signed the server's; without, nothing is encrypted.
    """
    quiet_flwr()
    client = _Client(introduction, secret, pupil)
    root = None if authority is None else authority.read_bytes()
    failures: list[BaseException] = []

    def talk() -> None:
        try:
            _connect(address, client, root)
        except BaseException as failure:  # noqa: BLE001  # raised again where somebody waits
            failures.append(failure)

    # gRPC waits without a limit for what the server says next: in a thread, so that this one can stop waiting.
    thread = threading.Thread(target=talk, name="federation", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(LOOK_S)
        silent_at = client.silent_at
        if silent_at is not None and stop():
            return None
        if silent_at is not None and time.monotonic() > silent_at:
            raise FederationError(f"the server {address} says nothing more: start the same command again once it works")
    if failures:
        raise failures[0]
    if client.final is None:
        raise FederationError(f"the server {address} ended before the last round: see what it says")
    return client.final


def _connect(address: str, client: _Client, root: bytes | None) -> None:
    """Talk with the server until it ends the federation, after waiting for it. Raises FederationError."""
    until = time.monotonic() + CONNECT_S
    while True:
        try:
            start_client(server_address=address, client=client.to_client(), root_certificates=root)
        except grpc.RpcError as error:
            why = " ".join(str(error.details()).split())
            if client.final is not None:
                return  # it has said everything
            if client.is_met:
                raise FederationError(
                    f"the server {address} went away ({why}): start the same command again once it is back"
                ) from error
            if time.monotonic() > until:
                raise FederationError(
                    f"no server of a federation answers at {address} ({why}): check the address, and --authority if it"
                    " has a certificate"
                ) from error
            time.sleep(RETRY_S)
        else:
            return
