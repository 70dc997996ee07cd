"""The peer of front_door.py: mosec's Rust front, two Python workers, and a model of ours in OpenVINO.

    PYTHON -m tools.benchmarks.mosec_server --model DIR --port PORT

PYTHON is that of an environment which make_mosec_env.sh made. Requests that come within 10 ms become one dynamic batch.
Each worker cuts it by length into forward passes of at most 512 tokens, whose shapes it has all run before.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tools.needs import need

REMEDY = "`tools/benchmarks/make_mosec_env.sh DIR` makes an environment that has it"
WORKERS = 2
WAIT_MS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="directory of a prepared model")
    parser.add_argument("--port", type=int, required=True, help="on the loopback")
    parser.add_argument("--batch", type=int, default=32, help="requests of a dynamic batch at most, from 2 on")
    options = parser.parse_args()
    need("python -m tools.benchmarks.mosec_server", REMEDY, "mosec", "openvino", "tokenizers")
    from mosec import Server  # only now: --help needs nothing but Python

    from tools.benchmarks.mosec_worker import MODEL_VARIABLE, Classifier

    os.environ |= {
        MODEL_VARIABLE: str(options.model),  # the workers are processes of their own
        "MOSEC_ADDRESS": "127.0.0.1",
        "MOSEC_PORT": str(options.port),
        "MOSEC_TIMEOUT": "600000",  # ms; ours waits as well
        "MOSEC_LOG_LEVEL": "warning",
    }
    server = Server()
    server.append_worker(Classifier, num=WORKERS, max_batch_size=options.batch, max_wait_time=WAIT_MS, route="/analyze")
    server.run()


if __name__ == "__main__":
    main()
