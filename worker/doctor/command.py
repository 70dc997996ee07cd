"""sentiq-doctor: looks at all that this host needs for the service, and says what to change.

It looks at Redis, the models (each is loaded, in a process of its own), memory, disk, kernel, ports and software, and
changes nothing. Run it where a worker runs, as its user and with its settings:

    sentiq-doctor
    docker-compose exec worker-bulk python -m worker.doctor

Exit status: 0 all is well, or there is only advice; 1 there is a fault, with its remedy; 2 wrong usage; 69 packages are
missing; 78 a setting is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from sentiq.admin import redis_checks
from sentiq.admin.checks import Check, Verdict
from sentiq.core import local_run
from sentiq.core.errors import SettingsError
from sentiq.core.networks import is_loopback
from sentiq.core.settings import Settings
from sentiq.core.version import VERSION
from sentiq.engine import ModelError
from worker.doctor import costs, disk, kernel, memory, models, ports, software
from worker.doctor.costs import Cost
from worker.doctor.kernel import Kernel
from worker.host_resources import Host


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="sentiq-doctor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
    parser.add_argument(
        "--measure", action="store_true", help="also measure what the model costs with each backend, some seconds each"
    )
    options = parser.parse_args(arguments)
    try:
        settings = local_run.settings_beside()
    except SettingsError as error:
        print(f"sentiq-doctor: the settings are wrong.\n{error}", file=sys.stderr)
        return 78
    active = redis_checks.active_model(settings)
    found = look(settings, active)
    shown = list(found) if options.json else show(found)
    measured = list(measure(settings, active)) if options.measure else []
    judged = list(costs.judge(settings, measured))
    if options.json:
        print(json.dumps(document([*shown, *judged], measured), ensure_ascii=False))
    elif measured:
        show_costs(measured, judged)
    return int(any(check.verdict is Verdict.FAULT for check in shown))


def look(settings: Settings, active: str) -> Iterator[Check]:
    """Look at everything, area by area; the slow ones last. `active` is the active model of the cluster, or ""."""
    host, linux = Host(niced=False), Kernel()
    address = settings.redis_address
    redis_is_here = bool(address.path) or any(is_loopback(name) for name, _ in address.hosts)
    yield from software.check()
    yield from kernel.check(linux, redis_is_here=redis_is_here)
    yield from memory.check(host, linux)
    yield from disk.check(settings)
    yield from ports.check(settings)
    yield from redis_checks.check(settings)
    yield from models.check(settings, host, active)


def measure(settings: Settings, active: str) -> Iterator[Cost]:
    """Measure the served models; nothing where they are not there, which `look` says."""
    try:
        yield from costs.measure(settings, active)
    except ModelError:
        return


def document(found: Iterable[Check], measured: Iterable[Cost]) -> dict[str, object]:
    """Return it all for a program."""
    return {
        "version": VERSION,
        "checks": [asdict(check) for check in found],
        "costs": [cost.document() for cost in measured],
    }


def show(found: Iterable[Check]) -> list[Check]:
    """Print each check once it is made, then a count; return all."""
    print(f"sentiq-doctor {VERSION}")
    shown: list[Check] = []
    for area, checks in groupby(found, key=lambda check: check.area):
        print(f"\n{area}")
        for check in checks:
            shown.append(check)
            print(f"  {check.verdict:7} {check.found}", flush=True)
            if check.remedy:
                print(f"          → {check.remedy}", flush=True)
    faults, advice = (sum(check.verdict is verdict for check in shown) for verdict in (Verdict.FAULT, Verdict.ADVICE))
    print(f"\n{faults or 'no'} {'fault' if faults == 1 else 'faults'}, {advice or 'no'} advice")
    return shown


def show_costs(measured: Iterable[Cost], judged: Iterable[Check]) -> None:
    """Print a line for each cost, and what follows from them."""
    rows = list(costs.table(measured))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for check in judged:
        print(f"\n{check.verdict:7} {check.found}\n        → {check.remedy}")
