"""The rounds of a federated tuning. flwr carries the weights and averages them; each wait here has a limit."""

# flwr is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import hmac
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from tools.prepare.report import say
from tools.tuning.federation import FederationError, Introduction, Weights, proof, quiet_flwr
from tools.tuning.stopping import Stopping

from flwr.common import (  # isort: skip  # only after the settings in tools.tuning.federation
    EvaluateIns,
    FitIns,
    FitRes,
    GetPropertiesIns,
    ReconnectIns,
    ndarrays_to_parameters,
    parameters_to_ndarrays,
)
from flwr.server import History, Server, ServerConfig, SimpleClientManager, start_server  # isort: skip
from flwr.server.client_proxy import ClientProxy  # isort: skip
from flwr.server.strategy import FedAvg  # isort: skip

ANSWER_S = 30.0  #: limit for what a site answers at once
LOOK_S = 0.2

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a federation is."""

    base: str
    digest: str  #: of the base
    labels: tuple[str, ...]
    sites: int  #: to wait for before the first round
    fewest: int  #: it ends when fewer are left
    rounds: int
    epochs: int  #: of a site in a round
    rate: float  #: of learning in the first round
    secret: bytes
    wait_s: float  #: limit for all sites to come
    round_s: float  #: limit for a site to learn in a round, and for what it measures

    @property
    def silent_s(self) -> float:
        """How long a site may hear nothing: it waits for the slowest of the others."""
        return 2 * self.round_s + self.wait_s + 4 * ANSWER_S

    def refusal(self, said: Introduction) -> str:
        """Return why a site cannot take part, naming it and the remedy; "" if it can."""
        if said.labels != self.labels:
            return (
                f"site {said.site!r} has the labels {', '.join(said.labels)}, the server {', '.join(self.labels)}:"
                f" name them at both with --labels {','.join(self.labels)}, or correct the site's table"
            )
        if said.digest != self.digest:
            return (
                f"site {said.site!r} has another version of the base: the weights of {said.base} are"
                f" {said.digest[:16]} there, those of {self.base} at the server {self.digest[:16]} (SHA-256); copy the"
                " server's to the site"
            )
        return "" if said.texts > 0 else f"site {said.site!r} has no texts to learn from"


def serve(
    address: str, terms: Terms, weights: Weights, tls: tuple[bytes, bytes] | None, stopping: Stopping
) -> Weights | None:
    """Return the weights after the last round; None when `stopping` asked to stop. Raises FederationError.

    `weights` are those that all sites begin with; `tls` the server's certificate and key.
    """
    quiet_flwr()
    federation = _Federation(terms, weights, stopping)
    say(f"waiting for {terms.sites} sites at {address}{'' if tls else ', without encryption'}")
    start_server(
        server_address=address,
        server=federation,
        config=ServerConfig(num_rounds=terms.rounds, round_timeout=terms.round_s),
        certificates=None if tls is None else (tls[0], *tls),
    )
    if federation.failure is not None:
        raise federation.failure
    return None if stopping() else parameters_to_ndarrays(federation.parameters)


class _Left(Exception):
    """Somebody asked to stop."""


class _Federation(Server):
    """Asks the sites, round by round. flwr's own rounds wait a day for a site that has gone."""

    def __init__(self, terms: Terms, weights: Weights, stopping: Stopping) -> None:
        super().__init__(client_manager=SimpleClientManager(), strategy=FedAvg())
        self.parameters = ndarrays_to_parameters(weights)
        self.failure: BaseException | None = None
        self._shapes = [weight.shape for weight in weights]
        self._terms = terms
        self._stopping = stopping
        self._sites: dict[str, Introduction] = {}  #: admitted, by flwr's id of the connection
        self._refused: set[str] = set()

    def fit(self, num_rounds: int, timeout: float | None) -> tuple[History, float]:
        """Run all rounds. Nothing is raised from here: flwr would leave its threads, and the process would not end."""
        try:
            with self._stopping.heeded():
                self._gather()
                for number in range(1, num_rounds + 1):
                    self._round(number)
        except _Left:
            self.failure = None
        except BaseException as failure:  # noqa: BLE001  # raised again by serve
            self.failure = failure
        return History(), 0.0

    def disconnect_all_clients(self, timeout: float | None) -> None:
        """Tell all sites that it is over, and why if it ended early."""
        why = "the server was stopped: start the same command again once it is back" if self._stopping() else ""
        why = str(self.failure) if self.failure else why
        if why:
            self._tell(self._present(), why)
            return
        over = ReconnectIns(seconds=None)
        self._ask(self._present(), lambda site: site.reconnect(over, ANSWER_S, None), ANSWER_S, is_last=True)

    def _gather(self) -> None:
        until = time.monotonic() + self._terms.wait_s
        while len(self._present()) < self._terms.sites:
            if time.monotonic() > until:
                here = ", ".join(sorted(self._sites[cid].site for cid in self._present())) or "none"
                raise FederationError(
                    f"of {self._terms.sites} sites these came in time: {here}; start the others, or name fewer --sites"
                )
            self._admit()
            self._pause()

    def _round(self, number: int) -> None:
        self._admit()  # who comes late, or again
        terms = self._terms
        plan = {"number": number, "rounds": terms.rounds, "epochs": terms.epochs, "silent_s": terms.silent_s}
        # In a line down to a part of what it was: the last rounds only settle what the sites disagree about.
        rate = terms.rate * (terms.rounds - number + 1) / terms.rounds
        order = FitIns(self.parameters, {**plan, "rate": rate})
        sites = self._enough(self._present(), number)
        limit_s = terms.round_s + ANSWER_S
        answers = self._ask(sites, lambda site: site.fit(order, terms.round_s, number), limit_s)
        # In the order of their names, since a sum of floats depends on its order.
        sound = sorted(
            (cid for cid in answers if self._is_sound(cid, answers[cid])), key=lambda cid: self._sites[cid].site
        )
        learned = self._enough({cid: sites[cid] for cid in sound}, number)
        found, _ = self.strategy.aggregate_fit(number, [(site, answers[cid]) for cid, site in learned.items()], [])
        self.parameters = found
        look = EvaluateIns(self.parameters, plan)
        measured = self._ask(self._present(), lambda site: site.evaluate(look, terms.round_s, number), limit_s)
        if number == terms.rounds:
            self._enough(measured, number)
        told = sorted((self._sites[cid].site, answer.metrics["accuracy"]) for cid, answer in measured.items())
        say(f"round {number} of {terms.rounds}: " + ", ".join(f"{site} {accuracy:.1%}" for site, accuracy in told))

    def _present(self) -> dict[str, ClientProxy]:
        """Return the admitted sites whose connections last."""
        return {cid: site for cid, site in dict(self.client_manager().all()).items() if cid in self._sites}

    def _enough(self, sites: Mapping[str, Answer], number: int) -> Mapping[str, Answer]:
        if len(sites) < self._terms.fewest:
            raise FederationError(
                f"in round {number} {len(sites)} sites are left of {self._terms.sites}, fewer than --fewest"
                f" {self._terms.fewest}: start again once enough are there"
            )
        return sites

    def _is_sound(self, cid: str, answer: FitRes) -> bool:
        """Tell whether a site sent weights that can be averaged."""
        try:
            weights = parameters_to_ndarrays(answer.parameters)
        except ValueError:  # no arrays, or pickled ones
            weights = []
        if [weight.shape for weight in weights] == self._shapes and all(np.isfinite(each).all() for each in weights):
            return True
        say(f"site {self._sites[cid].site!r} sent weights that are of another network or no numbers: they are left out")
        return False

    def _admit(self) -> None:
        """Ask those who have come who they are, and refuse those who cannot take part."""
        new = {
            cid: site
            for cid, site in dict(self.client_manager().all()).items()
            if cid not in self._sites and cid not in self._refused
        }
        nonce = secrets.token_hex()
        who = GetPropertiesIns({"nonce": nonce, "silent_s": self._terms.silent_s})
        answers = self._ask(new, lambda site: site.get_properties(who, ANSWER_S, None), ANSWER_S)
        for cid, answer in answers.items():
            why = self._welcome(cid, nonce, answer.properties)
            if why:
                say(f"refused: {why}")
                self._refused.add(cid)
                self._tell({cid: new[cid]}, why)

    def _welcome(self, cid: str, nonce: str, properties: Mapping[str, Any]) -> str:
        """Admit a site, or return why not."""
        try:
            said = Introduction.read(properties)
            is_member = hmac.compare_digest(proof(nonce, said.site, self._terms.secret), str(properties["proof"]))
        except (KeyError, TypeError, ValueError):
            return "what came does not speak as a site does: run the same version of sentiq there"
        if not is_member:
            return f"site {said.site!r} does not know the secret of this federation: give it the server's --secret"
        if said.site in {self._sites[other].site for other in self._present()}:
            return f"another site {said.site!r} is here already: take another --site"
        if not (why := self._terms.refusal(said)):
            self._sites[cid] = said
            say(f"site {said.site!r} is here, with {said.texts:,} texts to learn from")
        return why

    def _tell(self, sites: Mapping[str, ClientProxy], why: str) -> None:
        """Let sites end with this reason; they leave instead of answering."""
        order = GetPropertiesIns({"ended": why})
        self._ask(sites, lambda site: site.get_properties(order, ANSWER_S, None), ANSWER_S, is_last=True)

    def _pause(self) -> None:
        if self._stopping():
            raise _Left
        time.sleep(LOOK_S)

    def _ask(
        self,
        sites: Mapping[str, ClientProxy],
        call: Callable[[ClientProxy], Answer],
        limit_s: float,
        *,
        is_last: bool = False,
    ) -> dict[str, Answer]:
        """Return what the sites answer in time, by connection; those that do not have left.

        flwr and gRPC have limits of their own, but none for a site that no longer reads what it is sent. `is_last`: the
        sites leave upon it, and nobody may stop it.
        """
        answered: queue.Queue[tuple[str, Answer | Exception]] = queue.Queue()

        def ask(cid: str, site: ClientProxy) -> None:
            try:
                answered.put((cid, call(site)))
            except Exception as failure:  # noqa: BLE001  # whatever flwr raises, the site has left
                answered.put((cid, failure))

        for cid, site in sites.items():
            threading.Thread(target=ask, args=(cid, site), daemon=True).start()
        found: dict[str, Answer] = {}
        waiting, until = set(sites), time.monotonic() + limit_s
        while waiting and time.monotonic() < until:
            if self._stopping() and not is_last:
                raise _Left
            try:
                cid, answer = answered.get(timeout=LOOK_S)
            except queue.Empty:
                continue
            waiting.discard(cid)
            if not isinstance(answer, Exception):
                found[cid] = answer
            elif not is_last:
                self._lose(cid, "its connection ended")
        for cid in waiting:
            self._lose(cid, f"no answer within {limit_s:.0f} s")
        return found

    def _lose(self, cid: str, why: str) -> None:
        """Do without a site, and free the threads that wait for it."""
        site = self.client_manager().all().get(cid)
        if site is not None:
            site.bridge.close()
            self.client_manager().unregister(site)
        if cid in self._sites:
            say(f"site {self._sites[cid].site!r} has gone: {why}")
