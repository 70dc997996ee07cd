"""The file of a backup.

A line says what it is; then comes one Zstandard frame of MessagePack values: the header, a map; for each part of a key
an array `[key, kind, ms to live or None, items]`; at the end a map with the number of parts and their digest. Large
keys have several parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import msgpack
import zstandard

MAGIC = b"sentiq-backup 1\n"

Part = tuple[bytes, str, int | None, list[Any]]  # key, kind, ms to live or None, what Redis gives or takes


class BackupRefused(Exception):
    """The backup or its restore cannot be made, and nothing has changed; the text says why and what to do."""


def write(file: IO[bytes], header: dict[str, Any], parts: Iterable[Part]) -> int:
    """Write header, parts and footer; return the number of keys."""
    file.write(MAGIC)
    digest, count, names, last = blake2b(digest_size=16), 0, 0, b""
    with zstandard.ZstdCompressor(level=1).stream_writer(file, closefd=False) as out:
        out.write(msgpack.packb(header))
        for part in parts:
            packed = msgpack.packb(part)
            digest.update(packed)
            count += 1
            names += part[0] != last
            last = part[0]
            out.write(packed)
        out.write(msgpack.packb({"parts": count, "digest": digest.digest()}))
    return names


def read(path: Path) -> Iterator[Any]:
    """The header, then the parts. Raises BackupRefused where the file is none of ours, cut off or damaged."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise BackupRefused(f"{path} is no backup that this version reads (it begins otherwise).")
            stream = zstandard.ZstdDecompressor().stream_reader(file)
            unpacker = msgpack.Unpacker(stream, use_list=True, max_buffer_size=2**31 - 1)
            yield unpacker.unpack()
            digest = blake2b(digest_size=16)
            for count, value in enumerate(unpacker):
                if isinstance(value, dict):
                    if value != {"parts": count, "digest": digest.digest()}:
                        raise BackupRefused(f"{path} is damaged: its digest is another.")
                    return
                digest.update(msgpack.packb(value))
                yield value
    except OSError as error:
        raise BackupRefused(f"{path} cannot be read: {error.strerror}.") from None
    except (zstandard.ZstdError, msgpack.UnpackException, ValueError) as error:
        raise BackupRefused(f"{path} is damaged: {error}.") from None
    raise BackupRefused(f"{path} is cut off: its end is missing.")
