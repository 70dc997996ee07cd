"""Three sites with sources of their own tune one model together: sentiq-tune at each, and one sentiq-federate."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trustme

pytest.importorskip("torch")
pytest.importorskip("flwr", reason="a federated tuning needs flwr: make test-federated")

from sentiq.engine import Engine
from tests.support.processes import Process, free_port, wait_until
from tests.torch.checkpoints import hugging_face_bert
from tools.prepare.tokens import pad_id
from tools.tuning.__main__ import main
from tools.tuning.base import find_base
from tools.tuning.batches import BatchSize
from tools.tuning.federation import FederationError, Introduction, Weights
from tools.tuning.fit import predict
from tools.tuning.site import Round, take_part
from tools.tuning.ways import Reader, Whole

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # transformers and torch's exporters announce changes of their own
    pytest.mark.timeout(1_800),  # many processes that import torch, and three of them prepare a model
]

LIMIT_S = 1_200.0  #: ends what hangs; no process takes as long, even on a busy machine
ROUNDS, EPOCHS, RATE = 12, 3, "6e-3"
#: Each source speaks of its own things in its own words; a few words are everybody's.
THINGS = {
    "hotels": ["房间", "前台", "早餐", "床", "电梯", "窗户"],
    "phones": ["屏幕", "电池", "手机", "相机", "耳机", "键盘"],
    "books": ["书", "故事", "作者", "情节", "印刷", "封面"],
}
WORDS = {
    "hotels": {"negative": ["很吵", "脏", "潮湿"], "positive": ["安静", "干净", "舒适"]},
    "phones": {"negative": ["卡顿", "发烫", "死机"], "positive": ["流畅", "耐用", "清晰"]},
    "books": {"negative": ["无聊", "啰嗦", "错字多"], "positive": ["精彩", "感人", "耐读"]},
}
COMMON = {"negative": ["很差", "糟糕", "失望"], "positive": ["很好", "不错", "满意"]}
SITES = tuple(WORDS)


def sentence(dice: random.Random, source: str, label: str, *, is_common: bool = False) -> str:
    """A sentence about things of a source; in one of four, the last clause contradicts the first, and counts."""
    words = COMMON if is_common or dice.random() < 0.2 else WORDS[source]
    other = "positive" if label == "negative" else "negative"
    things = dice.sample(THINGS[source], 3)
    begin = f"{things[0]}和{things[1]}" if dice.random() < 0.5 else things[0]
    first = f"虽然{begin}{dice.choice(words[other])}，但是" if dice.random() < 0.25 else ""
    adverb = dice.choice(["", "有点", "非常", "真的", "比较"])
    return f"{first}{things[2]}{adverb}{dice.choice(words[label])}{dice.choice('。！~')}"


def rows(source: str, count: int, seed: int, *, is_common: bool = False) -> dict[str, str]:
    """Return texts that differ, with their labels."""
    dice, found = random.Random(f"{source} {seed}"), dict[str, str]()
    while len(found) < count:
        label = dice.choice(["negative", "positive"])
        found[sentence(dice, source, label, is_common=is_common)] = label
    return found


def table(path: Path, texts: dict[str, str]) -> Path:
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in texts.items()), encoding="utf-8")
    return path


def tuned(folder: Path) -> Path:
    [directory] = (folder / "store").glob("*@*")
    return directory


def tune(base: Path, labelled: Path, folder: Path, *options: str) -> Path:
    """Tune alone, and return the tuned checkpoint; it is not prepared, which takes the most time."""

    def not_prepared(checkpoint: Path, *_: object) -> Path:
        return shutil.copytree(checkpoint, folder / "checkpoint")

    places = ["--store", str(folder / "store"), "--report", str(folder / "report"), "--id", folder.name]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tools.tuning.tune.prepare", not_prepared)
        assert main([str(base), str(labelled), *places, "--threads", "1", *options]) == 0
    return folder / "checkpoint"


def accuracy(checkpoint: Path, texts: dict[str, str]) -> float:
    """Return the share of right answers of a checkpoint, in float32."""
    base = find_base(str(checkpoint), "", checkpoint.parent)
    assert base.labels is not None
    ids = [encoding.ids for encoding in base.tokenizer().encode_batch(list(texts))]
    reader = Reader(ids, pad_id(base.tokenizer(), base.config), bfloat16=False)
    found = predict(Whole(base.network(base.labels), reader), range(len(ids)), BatchSize(64, 4096)).argmax(axis=1)
    return float(np.mean([base.labels[said] == label for said, label in zip(found, texts.values(), strict=True)]))


# -- Three sites and a server, as processes ------------------------------------------------------------------------


class Federation:
    """The processes of one federation, in a folder."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder = folder
        self.base = base
        self.address = f"127.0.0.1:{free_port()}"
        self.started: list[Process] = []

    def serve(self, *options: object) -> Process:
        given = (self.base, "--address", self.address, "--checkpoint", self.folder / "checkpoint", *options)
        return self.start("server", "-m", "tools.federated", *given)

    def join(self, site: str, labelled: Path, *options: object) -> Process:
        places = ("--store", self.folder / site / "store", "--report", self.folder / site / "report", "--id", "ours")
        given = ("--federated", self.address, "--site", site, "--threads", 1, "--min-agreement", 0, *places, *options)
        return self.start(site, "-m", "tools.tuning", self.base, labelled, *given)

    def start(self, name: str, *arguments: object) -> Process:
        env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        self.started.append(Process(name, [sys.executable, *map(str, arguments)], env, self.folder))
        return self.started[-1]


def ended(process: Process) -> int:
    """Return the exit status of a process, which must end by itself."""
    wait_until(lambda: process.popen.poll() is not None, timeout_s=LIMIT_S, message=process.log.read_text())
    return process.popen.returncode


@pytest.fixture(scope="module")
def untaught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hugging_face_bert(tmp_path_factory.mktemp("untaught") / "base", ["negative", "positive"])


@pytest.fixture(scope="module")
def base(untaught: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that knows the words which all sources have in common."""
    folder = tmp_path_factory.mktemp("base")
    common: dict[str, str] = {}
    for site in SITES:
        common |= rows(site, 300, 9, is_common=True)
    options = ("--way", "whole", "--epochs", "8", "--learning-rate", "1e-3")
    return tune(untaught, table(folder / "common.csv", common), folder, *options)


@pytest.fixture
def federation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Federation]:
    made = Federation(tmp_path, request.getfixturevalue(getattr(request, "param", "untaught")))
    yield made
    for process in made.started:
        process.kill()


@pytest.mark.parametrize("federation", ["base"], indirect=True)
def test_three_sites_learn_what_one_model_learns_from_all_texts(
    federation: Federation, tell: Callable[[str], None], tmp_path: Path
) -> None:
    held_out = {text: label for site in SITES for text, label in rows(site, 300, 5).items()}
    texts = {site: {text: its for text, its in rows(site, 500, 1).items() if text not in held_out} for site in SITES}
    secret = tmp_path / "secret"
    secret.write_text("of this federation\n")
    server = federation.serve(
        "--sites", 3, "--rounds", ROUNDS, "--epochs", EPOCHS, "--learning-rate", RATE, "--secret", secret
    )  # fmt: skip
    tables = {site: table(tmp_path / f"{site}.csv", texts[site]) for site in SITES}
    sites = {site: federation.join(site, tables[site], "--secret", secret) for site in SITES}
    # Meanwhile, in one place.
    every = table(tmp_path / "all.csv", {text: its for of_site in texts.values() for text, its in of_site.items()})
    as_long = ("--way", "lora", "--epochs", str(ROUNDS * EPOCHS), "--learning-rate", RATE)
    folder = tmp_path / "pooled"
    folder.mkdir()
    pooled = accuracy(tune(federation.base, every, folder, *as_long), held_out)
    untuned = accuracy(federation.base, held_out)
    assert ended(server) == 0, server.log.read_text()
    for site, process in sites.items():
        assert ended(process) == 0, process.log.read_text()
        report = json.loads((tmp_path / site / "report" / "report.json").read_text(encoding="utf-8"))
        assert (report["tuned"]["site"], report["tuned"]["rounds"]) == (site, ROUNDS)
        assert len(report["looks"]) == ROUNDS
        Engine.load(tuned(tmp_path / site)).prove()
    together = accuracy(tmp_path / "checkpoint", held_out)
    tell(
        f"federated: of {len(held_out)} texts {untuned:.1%} are right untuned, {together:.1%} by three sites,"
        f" {pooled:.1%} by all texts in one place"
    )
    assert together >= pooled - 0.01
    assert together > untuned + 0.1


# -- Sites that do not fit, fall silent or leave: with pupils that learn nothing -------------------------------------


def nothing(asked: Round, weights: Weights) -> None:
    """Let a pupil learn nothing."""


class Pupil:
    """Learns nothing, or does with the weights of a round what a test wants."""

    def __init__(self, act: Callable[[Round, Weights], None] = nothing) -> None:
        self._act = act

    def learn(self, weights: Weights, asked: Round) -> tuple[Weights, int]:
        changed = [weight.copy() for weight in weights]
        self._act(asked, changed)
        return changed, 10

    def measure(self, weights: Weights, number: int) -> tuple[float, float, int]:
        return 0.5, 0.75, 10


class Site:
    """A site in a thread of the test."""

    def __init__(
        self, address: str, said: Introduction, pupil: Pupil, secret: bytes = b"", authority: Path | None = None
    ) -> None:
        self.weights: Weights | None = None
        self.failure: Exception | None = None
        self._given = (address, said, secret, authority, pupil, lambda: False)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.weights = take_part(*self._given)
        except Exception as failure:  # noqa: BLE001  # looked at by the test
            self.failure = failure

    def ended(self) -> Site:
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()
        return self

    def refused(self) -> str:
        assert isinstance(self.ended().failure, FederationError)
        return str(self.failure)


@pytest.fixture
def introduced(untaught: Path) -> Callable[[str], Introduction]:
    digest = find_base(str(untaught), "", untaught.parent).digest()
    return lambda site: Introduction(site, "base", digest, ("negative", "positive"), 10)


Introduced = Callable[[str], Introduction]


def test_a_site_that_does_not_fit_is_refused_with_the_reason(
    federation: Federation, introduced: Introduced, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("ours")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    tls = ("--certificate", tmp_path / "certificate.pem", "--key", tmp_path / "key.pem")
    server = federation.serve("--sites", 2, "--rounds", 2, "--secret", secret, *tls)

    def join(said: Introduction, key: bytes = b"ours") -> Site:
        return Site(federation.address, said, Pupil(), key, tmp_path / "authority.pem")

    first = join(introduced("first"))
    wait_until(lambda: "site 'first' is here" in server.log.read_text(), timeout_s=LIMIT_S)
    said = join(replace(introduced("food"), labels=("negative", "neutral", "positive"))).refused()
    assert "site 'food' has the labels negative, neutral, positive, the server negative, positive" in said
    said = join(replace(introduced("cars"), digest="f" * 64)).refused()
    assert "site 'cars' has another version of the base: the weights of base are ffffffffffffffff there" in said
    assert "site 'spy' does not know the secret" in join(introduced("spy"), b"guessed").refused()
    assert "another site 'first' is here already" in join(introduced("first")).refused()
    second = join(introduced("second"))
    assert ended(server) == 0, server.log.read_text()
    assert first.ended().weights is not None
    assert second.ended().weights is not None
    assert server.log.read_text().count("refused: ") == 4


SILENT = """
import sys, time
from tools.tuning.federation import Introduction
from tools.tuning.site import take_part

class Pupil:
    def learn(self, weights, asked):
        if asked.number == 2:
            print("in round 2", flush=True)
            time.sleep(1000)
        return weights, 10
    def measure(self, weights, number):
        return 0.5, 0.75, 10

address, site, digest = sys.argv[1:]
take_part(address, Introduction(site, "base", digest, ("negative", "positive"), 10), b"", None, Pupil(), lambda: False)
"""


def test_a_round_goes_on_without_sites_that_die_fall_silent_or_send_no_numbers(
    federation: Federation, introduced: Introduced
) -> None:
    server = federation.serve("--sites", 4, "--fewest", 1, "--rounds", 4, "--round-minutes", 0.1)

    def broken(asked: Round, weights: Weights) -> None:
        if asked.number == 3:
            weights[0][:] = np.nan

    digest = introduced("").digest
    good, bad = (
        Site(federation.address, introduced(site), Pupil(act)) for site, act in (("good", nothing), ("bad", broken))
    )
    dying, stuck = (
        federation.start(site, "-c", SILENT, federation.address, site, digest) for site in ("dying", "stuck")
    )
    wait_until(lambda: "in round 2" in stuck.log.read_text(), timeout_s=LIMIT_S)
    os.kill(stuck.popen.pid, signal.SIGSTOP)
    wait_until(lambda: "in round 2" in dying.log.read_text(), timeout_s=LIMIT_S)
    dying.kill()
    assert ended(server) == 0, server.log.read_text()
    said = server.log.read_text()
    assert "site 'dying' has gone" in said
    assert "site 'stuck' has gone" in said
    assert "site 'bad' sent weights that are of another network or no numbers" in said
    assert "round 4 of 4: bad 75.0%, good 75.0%" in said
    weights = good.ended().weights
    assert weights is not None
    assert all(np.isfinite(weight).all() for weight in weights)
    assert bad.ended().weights is not None


def test_where_sites_do_not_come_the_others_are_told(federation: Federation, introduced: Introduced) -> None:
    server = federation.serve("--sites", 2, "--wait-minutes", 0.1)
    site = Site(federation.address, introduced("early"), Pupil())
    assert ended(server) == 1
    assert "sentiq-federate: of 2 sites these came in time: early; start the others" in server.log.read_text()
    assert "of 2 sites these came in time: early" in site.refused()


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [(signal.SIGTERM, 143, "the server was stopped"), (signal.SIGKILL, -9, "went away")],
    ids=["stopped", "killed"],
)
def test_sites_end_when_the_server_does(
    number: int, status: int, words: str, federation: Federation, introduced: Introduced
) -> None:
    server = federation.serve("--sites", 2)
    site = Site(federation.address, introduced("waiting"), Pupil())
    wait_until(lambda: "site 'waiting' is here" in server.log.read_text(), timeout_s=LIMIT_S)
    os.kill(server.popen.pid, number)
    assert ended(server) == status, server.log.read_text()
    assert words in site.refused()
    assert "start the same command again once it is back" in str(site.failure)
