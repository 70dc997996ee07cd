"""`python -m tests.support.programs.worker APP OPTION…` starts a worker of APP as `python -m worker` starts ours.

`celery -A APP worker OPTION…` does the same, but imports all commands of Celery and Flower first: half a second of a
processor at each start.
"""

from __future__ import annotations

import gc
import importlib
import sys

if __name__ == "__main__":
    gc.disable()  # until the model is loaded, as in worker/__main__.py
    from celery.bin.base import CLIContext
    from celery.bin.worker import worker

    app = importlib.import_module(sys.argv.pop(1)).app
    worker.main(prog_name="worker", obj=CLIContext(app=app, no_color=None, workdir=None))
