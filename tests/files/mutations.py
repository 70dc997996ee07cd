"""Damages files as disks, networks and careless programs do; the same damage for the same seed."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence

from tests.files.case import Case

Damage = Callable[[random.Random, bytes, bytes], bytes]  #: of a file, and of another to splice with


def flipped(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """Change some bytes."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def cut(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """Take a piece out, or all from some place on."""
    start = chance.randrange(len(content))
    return content[:start] + (content[start + chance.randint(1, 64) :] if chance.random() < 0.5 else b"")


def inserted(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """Put in bytes that mean something to a reader."""
    at = chance.randrange(len(content) + 1)
    piece = chance.choice(
        (b'"', b"\n", b"\r", b"\t", b",", b"\\", b"\0", b"\xff", b"<", b"{", b"[", b"&", b"\x1a", b"\x80")
    )
    return content[:at] + piece * chance.choice((1, 1, 3, 200)) + content[at:]


def spliced(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """Begin as one file and end as another."""
    return content[: chance.randrange(len(content) + 1)] + other[chance.randrange(len(other) + 1) :]


def recompressed(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """Damage a member of an archive and pack it again, so that its checksum is right; pack what is no archive."""
    if not content.startswith(b"PK"):
        return gzip.compress(flipped(chance, content, other))
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            names = old.namelist()
            damaged = chance.choice(names)
            for name in names:
                data = old.read(name)
                if name == damaged and data:
                    data = chance.choice((flipped, cut, inserted))(chance, data, other)
                new.writestr(name, data)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError):
        return flipped(chance, content, other)
    return out.getvalue()


DAMAGES: Sequence[Damage] = (flipped, cut, inserted, spliced, recompressed, recompressed)


def mutated(cases: Sequence[Case], count: int, seed: int) -> Iterator[Case]:
    """Yield so many damaged files; each may still be readable."""
    chance = random.Random(seed)
    whole = [case for case in cases if case.content]
    for number in range(count):
        case, other = chance.choices(whole, k=2)
        content = case.content
        for _ in range(chance.choice((1, 1, 2))):
            content = chance.choice(DAMAGES)(chance, content, other.content) or b"x"
        yield Case(f"{number} {case.name}", content)
