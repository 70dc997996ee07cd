"""`python -m tests.storm`: exit status 0 when nothing was lost, doubled, mixed up or left over, else 1."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.storm import report
from tests.storm.client import Ledger
from tests.storm.conductor import PARTS, Conductor
from tests.storm.load import Load
from tests.storm.parts import Parts
from tests.storm.plan import KINDS, Plan, plan
from tests.storm.verify import verify
from tests.support.processes import READY_S, wait_until


def main() -> int:
    options = _options()
    seed = random.randrange(10**9) if options.seed is None else options.seed
    made = plan(seed, options.faults, options.rows, options.requests, tuple(options.only))
    if options.plan:
        for line in (*made.faults, *made.jobs):
            print(line)
        return 0
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="sentiq-storm-") as temporary:
        directory = options.keep or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        result = _storm(made, directory)
    print(report.markdown(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False))
    return 1 if result["verdict"]["wrong"] else 0


def _storm(made: Plan, directory: Path) -> dict[str, Any]:
    parts, ledger, started = Parts(directory), Ledger(), time.monotonic()
    try:
        parts.start()
        for name in PARTS:
            wait_until(parts.whole(name), timeout_s=READY_S, message=f"{name} is ready")
        conductor = Conductor(made.faults, parts, ledger)
        load = Load(made, parts.api_url, ledger, conductor.progress)
        conductor.run(lambda line: print(line, flush=True))
        load.join()
        print(f"the faults are over after {time.monotonic() - started:.0f} s", flush=True)
        verdict = verify(parts.redis, parts.api_url, ledger)
        return report.document(made, conductor.recoveries, verdict, ledger, load.took_s, time.monotonic() - started)
    finally:
        parts.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seed", type=int, help="replays a plan; chosen and printed when left out")
    parser.add_argument("--faults", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=200_000, help="of all bulk jobs together")
    parser.add_argument("--requests", type=int, default=20_000, help="of one text each")
    parser.add_argument("--only", action="append", default=[], choices=KINDS, help="a kind of fault; may be repeated")
    parser.add_argument("--plan", action="store_true", help="print the plan and end")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="logs and data stay there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
