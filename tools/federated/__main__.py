"""sentiq-federate: the server of a tuning at several sites, each of which runs sentiq-tune --federated.

It averages what the sites learn; their texts stay with them. Each site ends with the same model, prepared and measured
on texts of its own. docs/federated.md says what this protects and what it does not. Needs torch and flwr:
`make .venv-federated/.installed` makes the environment once.

Exit status: 0 all rounds are done; 1 they are not, the reason is on standard error; 2 wrong usage; 69 what it needs is
not installed; 130 or 143 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sentiq.core.standard_output import until_nobody_reads
from tools.needs import need
from tools.prepare.__main__ import BUNDLED_MODELS, NEEDED, quiet

#: What is imported besides what sentiq-prepare needs; a test holds it against requirements/federated.in.
NEEDED_HERE = ("flwr",)
REMEDY = "`make .venv-federated/.installed` installs it, once: .venv-federated/bin/sentiq-federate."


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="sentiq-federate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("base", metavar="BASE", help="what every site tunes: an id, a directory or an id of the hub")
    made.add_argument("--sites", type=int, required=True, help="how many to wait for before the first round")
    made.add_argument("--fewest", type=int, help="end when fewer are left (default: 2, or as many as --sites if fewer)")
    made.add_argument("--rounds", type=int, default=10, help="how often to average (default: 10)")
    made.add_argument("--epochs", type=int, default=1, help="passes of a site over its texts in a round (default: 1)")
    made.add_argument("--learning-rate", type=float, help="of the first round, it falls from there (default: by size)")
    made.add_argument("--labels", default="", help="names of the outputs in their order (default: those of BASE)")
    made.add_argument("--address", default="127.0.0.1:8470", help="to listen at (default: 127.0.0.1:8470)")
    made.add_argument("--certificate", type=Path, help="of this server, PEM; sites name what signed it: --authority")
    made.add_argument("--key", type=Path, help="of the certificate, PEM")
    made.add_argument(
        "--plain", action="store_true", help="let other machines come without encryption: a trusted network"
    )
    made.add_argument("--secret", type=Path, help="a file that every site has too: others are refused")
    made.add_argument("--wait-minutes", type=float, default=30.0, help="limit for all sites to come (default: 30)")
    made.add_argument("--round-minutes", type=float, default=60.0, help="limit for a site in a round (default: 60)")
    made.add_argument("--seed", type=int, default=1, help="of the first weights (default: 1)")
    made.add_argument("--checkpoint", type=Path, help="folder for the averaged model, as sentiq-prepare reads it")
    made.add_argument("--revision", default="", help="of the hub's repository")
    made.add_argument(
        "--store",
        type=Path,
        default=Path(os.environ.get("SENTIQ_MODEL_ROOT") or BUNDLED_MODELS),
        help="folder in which BASE is looked for (default: SENTIQ_MODEL_ROOT, else the models folder of the checkout)",
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    made = parser()
    options = made.parse_args(arguments)
    host = options.address.rpartition(":")[0].strip("[]")
    if bool(options.certificate) != bool(options.key):
        made.error("--certificate and --key come together")
    if not (options.certificate or options.plain or host in ("127.0.0.1", "::1", "localhost")):
        made.error("sites on other machines need --certificate and --key; --plain if nobody else is in their network")
    if options.sites < 1 or options.rounds < 1 or options.epochs < 1:
        made.error("--sites, --rounds and --epochs are at least 1")
    options.fewest = options.fewest or min(2, options.sites)
    need("sentiq-federate", REMEDY, *NEEDED, *NEEDED_HERE)
    quiet()
    from tools.federated.command import run  # only now: --help needs nothing but Python

    return until_nobody_reads(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
