"""Extends what gunicorn does for each answer: one system call sends it, and no line of an access log is made."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.http import wsgi


class Logger(GunicornLogger):
    """Has no access log: requests are counted in /metrics, and `api.http.request_log` logs some."""

    def access(self, *_: Any) -> None:
        """Leave out what gunicorn does where logging has any configuration: a record that nobody reads."""


class Response(wsgi.Response):
    """Keeps the headers back and sends them with the first piece of the body."""

    _head = b""

    def send_headers(self) -> None:
        if not self.headers_sent:
            lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self._head = "".join(lines).encode("latin-1")
            self.headers_sent = True

    def close(self) -> None:
        self._flush()
        super().close()

    def write_file(self, file: Any) -> None:
        self._flush()  # the kernel sends the file itself
        super().write_file(file)

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%X\r\n%b\r\n" % (len(data), data)
        head, self._head = self._head, b""
        self.sock.sendall(head + data if head else data)

    def _flush(self) -> None:
        self.send_headers()
        head, self._head = self._head, b""
        if head:
            self.sock.sendall(head)


wsgi.Response = Response  # type: ignore[misc]  # gunicorn has no setting for it
