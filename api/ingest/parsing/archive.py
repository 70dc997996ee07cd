"""The ZIP archive of a workbook: sizes are checked before anything is unpacked, and parts found as Excel finds them."""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any

from api.ingest.parsing.tables import damaged, too_large

MAX_MEMBERS = 10_000  #: files in the archive
PART_BYTES = 16 * 2**20  #: of a part that is read whole, such as styles
PIECE_BYTES = 131_072  #: unpacked at once
RATIO_FROM_BYTES = 1 << 20  #: below this nothing is said about how well a file may be packed
_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)


class Archive:
    """The parts of a workbook, by names in which case and the slant of slashes do not count."""

    def __init__(self, file: IO[bytes], limits: Mapping[str, Any]) -> None:
        """Check what the archive lists, which is as far as it is ever unpacked. Raises Refusal."""
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError):
            raise damaged("The file is a ZIP archive that is cut off or damaged.") from None
        members = self._zip.infolist()
        if len(members) > MAX_MEMBERS:
            raise damaged(f"The workbook has {len(members):,} parts; {MAX_MEMBERS:,} are allowed.")
        size = sum(member.file_size for member in members)
        if size > limits["inflated_bytes"]:
            raise too_large(
                f"The workbook unpacks to {size:,} bytes; the limit is {limits['inflated_bytes']:,} "
                "(SENTIQ_MAX_INFLATED_BYTES). Send it in parts, or as CSV."
            )
        packed = sum(member.compress_size for member in members)
        if size > max(RATIO_FROM_BYTES, packed * limits["inflate_ratio"]):
            raise too_large(
                f"The workbook unpacks to {size // max(packed, 1):,} times its size; the limit is "
                f"{limits['inflate_ratio']} (SENTIQ_MAX_INFLATE_RATIO). Send it as CSV."
            )
        if any(member.flag_bits & 1 for member in members):
            raise damaged("The ZIP archive of the workbook has a password.")
        self._members = {part_name(member.filename): member for member in members}

    def names(self) -> list[str]:
        """Return the names of all parts, in small letters."""
        return list(self._members)

    def has(self, name: str) -> bool:
        """Tell whether there is such a part."""
        return part_name(name) in self._members

    def size(self, name: str) -> int:
        """Return the size of a part, unpacked, in bytes."""
        return self._members[part_name(name)].file_size

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a part as it is unpacked. Raises Refusal for one with a DTD, which is never read."""
        try:
            with self._zip.open(self._members[part_name(name)]) as part:
                piece = part.read(PIECE_BYTES)
                if _DOCTYPE.search(piece[:4096]):
                    raise damaged("The workbook has a DTD, which is never read.")
                while piece:
                    yield piece
                    piece = part.read(PIECE_BYTES)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError):
            raise damaged(f"The part {part_name(name)} of the workbook is damaged.") from None

    def read(self, name: str) -> bytes:
        """Return a part whole. Raises Refusal."""
        size = self._members[part_name(name)].file_size
        if size > PART_BYTES:
            raise too_large(
                f"{part_name(name)} of the workbook has {size:,} bytes unpacked; {PART_BYTES:,} can be read. "
                "Send it in parts, or as CSV."
            )
        return b"".join(self.pieces(name))


def part_name(name: str) -> str:
    """Return the name of a member as Excel takes it."""
    return posixpath.normpath(name.replace("\\", "/").lower().lstrip("/"))
