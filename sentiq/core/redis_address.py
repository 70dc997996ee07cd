"""The address of Redis: one server, a unix socket, or several Sentinels that know the master."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

FORMS = (
    "redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS, unix:///PATH[?db=DB], or "
    "redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT],…/MASTER[/DB] (rediss+sentinel:// for TLS)"
)
IN_MEMORY = "memory://"  #: the address of the store that a process keeps itself


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where Redis is and how to log in. Its `repr` has no password."""

    hosts: tuple[tuple[str, int], ...] = ()  # the server, or all Sentinels; empty for a unix socket
    path: str = ""  # of a unix socket
    master: str = ""  # the name by which Sentinels know it; "" for one server
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    #: Options of redis-py for TLS; None without it.
    tls: dict[str, Any] | None = None
    is_in_memory: bool = False  # the store of this process itself (memory_store.py)

    @classmethod
    def parse(cls, url: str) -> RedisAddress:
        """Parse a URL. Raises ValueError that names the fault, never the password."""
        if url == IN_MEMORY:
            return cls(is_in_memory=True)
        parts = urlsplit(url)
        scheme, _, kind = parts.scheme.partition("+")
        if scheme == "unix" and not kind and parts.path:
            query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
            name, password = _user(parts.netloc)
            return cls(path=parts.path, db=_db(query.get("db", "")), username=name, password=password)
        if scheme not in ("redis", "rediss") or kind not in ("", "sentinel") or parts.query:
            raise ValueError(f"write it as {FORMS}")
        tls: dict[str, Any] | None = {} if scheme == "rediss" else None
        name, password = _user(parts.netloc)
        addresses = parts.netloc.rpartition("@")[2]
        port = 26379 if kind else 6379
        hosts = tuple(_host(address, port) for address in addresses.split(","))
        if not kind:
            if len(hosts) != 1:
                raise ValueError("it names several hosts; only redis+sentinel:// takes more than one")
            return cls(hosts, db=_db(parts.path.strip("/")), username=name, password=password, tls=tls)
        master, _, db = parts.path.strip("/").partition("/")
        if not master:
            raise ValueError("it names no master; end it with the name that the Sentinels monitor, as /mymaster")
        return cls(hosts, master=master, db=_db(db), username=name, password=password, tls=tls)

    def completed(
        self,
        *,
        password: str | None = None,
        sentinel_password: str | None = None,
        ca_file: Path | None = None,
        cert_file: Path | None = None,
        key_file: Path | None = None,
    ) -> RedisAddress:
        """Return the address with what the URL does not hold: passwords and files (PEM) for TLS. Raises ValueError."""
        if password is not None and self.password is not None:
            raise ValueError("it holds a password, and there is one in SENTIQ_REDIS_PASSWORD: leave one of them")
        files = {"ssl_ca_certs": ca_file, "ssl_certfile": cert_file, "ssl_keyfile": key_file}
        given = {name: str(file) for name, file in files.items() if file is not None}
        if given and self.tls is None:
            raise ValueError("there are files for TLS, but it does not begin with rediss")
        for file in given.values():
            if not Path(file).is_file():
                raise ValueError(f"the file {file} for its TLS is not there")
        return replace(
            self,
            password=self.password if password is None else password,
            sentinel_password=sentinel_password or None,
            tls=None if self.tls is None else {"ssl_cert_reqs": ssl.CERT_REQUIRED, **given},
        )

    @property
    def login(self) -> dict[str, str]:
        """Options of redis-py: user name and password."""
        given = {"username": self.username, "password": self.password}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def sentinel_options(self) -> dict[str, Any]:
        """Options of redis-py for connections to the Sentinels themselves."""
        password = {} if self.sentinel_password is None else {"password": self.sentinel_password}
        return password | ({} if self.tls is None else {"ssl": True, **self.tls})

    @property
    def broker_url(self) -> str:
        """The URL in the form of kombu."""
        user = "".join((quote(self.username or "", safe=""), ":", quote(self.password or "", safe=""), "@"))
        user = user if self.login else ""
        if self.path:
            return f"redis+socket://{user}{self.path}?virtual_host={self.db}"
        scheme = "sentinel" if self.master else "redis" if self.tls is None else "rediss"
        return ";".join(f"{scheme}://{user}{_bracketed(host)}:{port}/{self.db}" for host, port in self.hosts)

    @property
    def broker_options(self) -> dict[str, Any]:
        """Transport options of kombu."""
        if not self.master:
            return {}
        return {"master_name": self.master, "sentinel_kwargs": self.sentinel_options}

    def __str__(self) -> str:
        if self.is_in_memory:
            return "memory of this process"
        if self.path:
            return f"unix socket {self.path}"
        hosts = ", ".join(f"{host}:{port}" for host, port in self.hosts)
        return f"master {self.master} of the Sentinels {hosts}" if self.master else hosts


def _host(address: str, default_port: int) -> tuple[str, int]:
    try:
        parts = SplitResult("", address, "", "", "")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("a port in it is no number from 1 to 65535") from None
    if not host:
        raise ValueError(f"it names no host; write it as {FORMS}")
    return host, default_port if port is None else port


def _user(netloc: str) -> tuple[str | None, str | None]:
    """Return user name and password."""
    name, _, password = netloc.rpartition("@")[0].partition(":")
    return unquote(name) or None, unquote(password) or None


def _db(text: str) -> int:
    if text and not text.isdecimal():
        raise ValueError("its database is no number; end it as in /0")
    return int(text or 0)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
