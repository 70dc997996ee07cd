"""Unwraps an arriving file: from gzip, and from a ZIP archive of one table; and says what it is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import IO, NamedTuple

from api.ingest.arriving import archives, detect
from api.ingest.limits import Limits
from api.ingest.options import Reading, bad_file
from api.ingest.streams import PIECE_BYTES, gathered, gunzipped, with_head


class Arrival(NamedTuple):
    """A file that is unwrapped. Its bytes are read once, from `pieces` or from `file`."""

    kind: str  #: one of FORMATS (files.py)
    head: bytes  #: its beginning; `pieces` give it again
    pieces: Iterator[bytes]
    file: IO[bytes] | None  #: the whole of it, where it had to be looked into
    compression: str | None  #: "gzip", "zip" or None
    member: str | None  #: name of the table in a ZIP archive
    is_live: bool  #: its rows should run as soon as they arrive


def arrived(pieces: Iterator[bytes], reading: Reading, limits: Limits, content_type: str, opened: ExitStack) -> Arrival:
    """Read the beginning of a file; all of it, where only that tells what it is. Raises InvalidInput and BodyTooLarge.

    `opened` closes the temporary files.
    """
    # Nothing need be known of NDJSON but its beginning, and its rows should run as soon as they arrive.
    is_live = detect.CONTENT_TYPES.get(content_type) == "jsonl"
    head, data = with_head(pieces, until=b"\n") if is_live else with_head(gathered(pieces))
    compression = member = None
    if head.startswith(detect.GZIP):
        compression = "gzip"
        head, data = with_head(gunzipped(data, limits))
        if head.startswith(detect.GZIP):
            raise bad_file("not_a_table", "The file is packed with gzip twice. Unpack it once.")
    file: IO[bytes] | None = None
    is_named_workbook = detect.suffix_of(reading.file_name) in detect.WORKBOOK_SUFFIXES
    if head.startswith(archives.MAGIC):
        file = _spooled(data, opened)
        archive = archives.Archive(file, limits, is_named_workbook=is_named_workbook)
        if (kind := archive.workbook()) is not None:
            detect.check_asked(reading, kind)
            return Arrival(kind, head, _pieces(file), file, compression, None, False)
        archive.refuse_documents()
        member, data = archive.only_table()
        compression = "zip"
        head, data = with_head(data)
        file = None
        if head.startswith(detect.GZIP):
            head, data = with_head(gunzipped(data, limits))
        if head.startswith(archives.MAGIC):
            file = _spooled(data, opened)
            kind = archives.Archive(file, limits, is_named_workbook=is_named_workbook).workbook()
            if kind is None:
                detail = f"{member!r} in the ZIP archive is an archive itself, or a document. Send the table alone."
                raise bad_file("not_a_table", detail)
            detect.check_asked(reading, kind)
            return Arrival(kind, head, _pieces(file), file, compression, member, False)
        reading = replace(reading, file_name=member)
    detect.refuse_foreign(head)
    kind = detect.kind_of(reading, head, content_type if member is None else "")
    return Arrival(kind, head, data, None, compression, member, is_live)


def _spooled(pieces: Iterator[bytes], opened: ExitStack) -> IO[bytes]:
    file: IO[bytes] = opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # closed with the stack
    for piece in pieces:
        file.write(piece)
    return file


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        yield piece
