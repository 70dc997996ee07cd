"""Answers HTTP in this process: the threads of gunicorn's worker, without the arbiter that forks it."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask
from gunicorn.app.base import Application

import api
from api.http.gunicorn_worker import Worker

CONFIGURATION = Path(api.__file__).with_name("gunicorn.conf.py")


class _Worker(Worker):
    def is_parent_alive(self) -> bool:
        """Go on whatever becomes of the shell that started the process."""
        return True


class Server(Application):
    """One application on one listening socket, with the configuration of the whole service."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        super().__init__()

    def load_config(self) -> None:
        self.load_config_from_file(str(CONFIGURATION))

    def load(self) -> Any:
        return self._app

    def serve(self, listener: socket.socket) -> None:
        """Answer requests until SIGTERM, which lets those at work end, or SIGINT."""
        cfg: Any = self.cfg
        logger = cfg.logger_class(cfg)
        cfg.on_starting(self)
        cfg.when_ready(SimpleNamespace(LISTENERS=[SimpleNamespace(sock=listener)]))
        worker = _Worker(0, os.getpid(), [listener], self, cfg.timeout, cfg, logger)
        try:
            worker.init_process()
        finally:
            cfg.worker_exit(self, worker)
            worker.tmp.close()
