"""Starts a worker: `python -m worker` takes the options of `celery -A worker.app worker` and does the same.

Celery's command imports all its other commands first, and that of Flower where it is installed: 10 MB in each worker.
"""

from __future__ import annotations

from celery.bin.base import CLIContext
from celery.bin.worker import worker

from worker.app import app

if __name__ == "__main__":
    worker.main(prog_name="python -m worker", obj=CLIContext(app=app, no_color=None, workdir=None))
