"""What a reader is given: an arriving file, how it is to be read, and a place for what is found out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any

from api.ingest.encoding.decoder import Decoder, declared
from api.ingest.limits import Limits
from api.ingest.notes import Notes
from api.ingest.options import Reading


@dataclass(slots=True)
class Source:
    """An arriving file, unpacked. Its bytes are read once: by `text` or `spooled`, or as they come by `pieces`."""

    kind: str  #: what it is, by detect.py
    head: bytes  #: its beginning; `pieces` give it again
    pieces: Iterator[bytes]
    reading: Reading
    limits: Limits
    is_live: bool = False  #: its rows should run as soon as they arrive
    charset: str = ""  #: of the content type; "" if none was declared
    notes: Notes = field(default_factory=Notes)
    facts: dict[str, Any] = field(default_factory=dict)  #: fields of FileFormat that the reader found out
    open: ExitStack = field(default_factory=ExitStack)  #: closed with the file
    file: IO[bytes] | None = None  #: the whole of it, where it had to be looked into
    decoder: Decoder | None = None

    def text(self, meta: str = "") -> Iterator[str]:
        """Yield the file as text. Raises InvalidInput where its encoding is not known.

        `meta` is the charset that the file itself names; what its sender names goes before it.
        """
        labels = ((self.reading.encoding, "`encoding`"), (self.charset, "The content type"), (meta, "The file itself"))
        label, by = next(((label, by) for label, by in labels if label), ("", ""))
        self.decoder = Decoder(declared(label, by) if label else None, self.notes)
        return self.decoder.text(self.pieces)

    def spooled(self) -> IO[bytes]:
        """Return the whole file as a temporary one, which goes when the source is closed."""
        if self.file is not None:
            self.file.seek(0)
            return self.file
        file: IO[bytes] = self.open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # closed with the source
        for piece in self.pieces:
            file.write(piece)
        file.seek(0)
        return file

    def describe(self, **facts: Any) -> None:
        """Remember fields of FileFormat."""
        self.facts.update(facts)
