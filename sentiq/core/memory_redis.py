"""fakeredis, with what our scripts and commands need and it lacks: INFO, and Lua's cmsgpack.

All uses of its private parts are in this file, written for fakeredis 2.41.
"""

from __future__ import annotations

from typing import Any

import msgpack
from fakeredis import FakeRedisConnection, FakeServer
from fakeredis._commands import command
from fakeredis._socket import FakeSocket
from lupa import lua51

ENTRY_BYTES = 120  #: that Python takes for an element of a hash, a list or a set beside its bytes; about


class Commands(FakeSocket):
    """The server's side of one connection."""

    @command(name="INFO", fixed=(), repeat=(bytes,))
    def info(self, *sections: bytes) -> bytes:
        """Answer with the memory alone, whatever is asked for."""
        limit = self._server.config[b"maxmemory"].decode()
        held = held_bytes(self._server)
        return f"# Memory\r\nused_memory:{held}\r\nmaxmemory:{limit}\r\ntotal_system_memory:{limit}\r\n".encode()

    def hrandfield(self, key: Any, *args: bytes) -> Any:
        """Answer with an empty list, as Redis does, where several fields of no hash are asked for."""
        return super().hrandfield(key, *args) or ([] if args else None)

    def _get_server_runtime(self, server: FakeServer) -> Any:
        is_new = not hasattr(server, "_lua_runtime")
        runtime = super()._get_server_runtime(server)
        if is_new:
            codec = {b"pack": _pack, b"unpack": lambda packed: _to_lua(runtime, msgpack.unpackb(packed, raw=True))}
            runtime.globals()[b"cmsgpack"] = runtime.table_from(codec)
            server._lua_expected_globals.add(b"cmsgpack")  # it refuses scripts that make globals
        return runtime


class Connection(FakeRedisConnection):
    """The client's side."""

    def _connect(self) -> Commands:
        return Commands(self._server, client_class=self._client_class, db=self.db, client_info=self._client_info)


def held_bytes(server: FakeServer) -> int:
    """Estimate the memory of all that is stored."""
    return sum(len(key) + _size(item.value) for database in server.dbs.values() for key, item in database.items())


def _size(value: Any) -> int:
    if isinstance(value, bytes):
        return len(value) + ENTRY_BYTES
    if hasattr(value, "items"):  # a hash, or a sorted set, which has numbers as values
        return sum(len(k) + (len(v) if isinstance(v, bytes) else 0) + ENTRY_BYTES for k, v in value.items())
    return sum(len(member) + ENTRY_BYTES for member in value)


def _pack(value: Any) -> bytes:
    """Do what Redis does: strings are raw, as in old MessagePack; a table from 1 to n is an array."""
    packed: bytes = msgpack.packb(_to_python(value), use_bin_type=False)
    return packed


def _to_python(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if lua51.lua_type(value) != "table":
        return value
    items = {_to_python(key): _to_python(content) for key, content in value.items()}
    if all(number in items for number in range(1, len(items) + 1)):
        return [items[number] for number in range(1, len(items) + 1)]
    return items


def _to_lua(runtime: Any, value: Any) -> Any:
    if isinstance(value, list):
        return runtime.table_from([_to_lua(runtime, item) for item in value])
    return value
