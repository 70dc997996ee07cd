"""Starts a worker: `python -m worker` takes the options of `celery -A worker.app worker` and does the same.

Celery's command imports all its other commands first, and that of Flower where it is installed: 10 MB in each worker.
"""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # until the model is loaded (parent/startup.py): little of what is imported is garbage
    from celery.bin.base import CLIContext
    from celery.bin.worker import worker

    from worker.app import app

    worker.main(prog_name="python -m worker", obj=CLIContext(app=app, no_color=None, workdir=None))
