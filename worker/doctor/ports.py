"""Checks the ports of the settings: each is free, or the service itself listens there."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address

import psutil

from sentiq.admin import checks
from sentiq.admin.checks import Check
from sentiq.core.settings import PREFIX, Settings

TIMEOUT_S = 3.0

_ok, _fault = (partial(say, "ports") for say in (checks.ok, checks.fault))


@dataclass(frozen=True, slots=True)
class Server:
    """A part of the service that listens."""

    name: str
    prefix: str  # of its settings HOST and PORT
    host: str
    port: int
    path: str  # what it answers at, to whoever asks
    says: bytes  # a part of that answer


def check(settings: Settings) -> Iterator[Check]:
    """Look at the port of each part of the service that has one."""
    flower = f"/{settings.flower_path.strip('/')}/healthcheck" if settings.flower_path.strip("/") else "/healthcheck"
    servers = (
        Server("API", "", settings.host, settings.port, "/livez", b'"ok"'),
        Server("Flower", "FLOWER_", settings.flower_host, settings.flower_port, flower, b"OK"),
        Server("metrics of a worker", "METRICS_", settings.metrics_host, settings.metrics_port, "/metrics", b"sentiq_"),
    )
    return (_look(server) for server in servers if server.port)


def _look(server: Server) -> Check:
    place = f"{server.host}:{server.port}"
    try:
        _bind(server)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _answers(server):
            return _ok(server.name, f"it listens on {place}")
        return _fault(server.name, *_refused(server, place, error))
    return _ok(server.name, f"{place} is free")


def _refused(server: Server, place: str, error: OSError) -> tuple[str, str]:
    """Return what is wrong, and the remedy."""
    host, port = f"{PREFIX}{server.prefix}HOST", f"{PREFIX}{server.prefix}PORT"
    match error.errno:
        case errno.EADDRINUSE:
            return f"{port}: {_listener(server.port)} listens on {place}", f"stop that, or set {port} to another port"
        case errno.EACCES | errno.EPERM:
            return f"{port}: this user may not listen on {place}", f"set {port} to a port from 1024 on"
    return f"{host}: nothing can listen on {place} here ({error.strerror or error})", f"correct {host}"


def _bind(server: Server) -> None:
    """Listen for a moment. Raises OSError where that cannot be done."""
    family, kind, _, _, address = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        listener.bind(address)
        listener.listen()


def _answers(server: Server) -> bool:
    """Tell whether who listens there answers as this part of the service does."""
    connection = HTTPConnection(_reachable(server.host), server.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", server.path)
        return server.says in connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _reachable(host: str) -> str:
    """Return an address at which a listener on `host` answers: one that listens on all does so on the loopback."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return ("::1" if address.version == 6 else "127.0.0.1") if address.is_unspecified else host


def _listener(port: int) -> str:
    """Name the program that listens on a port, as far as this user may see it."""
    try:
        pids = [
            found.pid
            for found in psutil.net_connections("tcp")
            if found.status == psutil.CONN_LISTEN and found.laddr.port == port and found.pid
        ]
        return f"{psutil.Process(pids[0]).name()} (process {pids[0]})" if pids else "another program"
    except psutil.Error:
        return "another program"
