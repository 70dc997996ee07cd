"""ZIP archives: workbooks and documents by what is in them, and archives of one table."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import IO

from api.ingest.arriving.foreign_formats import DATA, DOCUMENT, OTHER, PACKED, Foreign
from api.ingest.limits import Limits
from api.ingest.options import bad_file
from api.ingest.parsing.archive import part_name
from api.ingest.streams import PIECE_BYTES, RATIO_FROM_BYTES
from sentiq.core.errors import BodyTooLarge, InvalidInput

MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04")
_DIRECTORY_BYTES = 8 * 2**20  #: of the list of members, which is held in memory
_END_BYTES = 65_536 + 22 + 20 + 56  #: the list's end: a comment, its record and those of large archives
_MEMBERS_NAMED = 10
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)

_FURNITURE = re.compile(r"(?:.*/)?(?:__MACOSX/.*|\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)", re.IGNORECASE)
_TABLE = re.compile(
    r".*\.(?:csv|tsv|tab|json|jsonl|ndjson|xlsx|xlsm|xls|xlsb|ods|et|parquet|arrow|feather)(?:\.gz)?", re.IGNORECASE
)
_LIST = re.compile(r".*\.(?:txt|html?|xml)(?:\.gz)?", re.IGNORECASE)
_NOTE = re.compile(r".*(?:read.?me|licen[cs]e|notice|说明|須知|须知|必读|注意|声明)[^/]*", re.IGNORECASE)

_OPEN_DOCUMENTS = {
    "text": Foreign("an OpenDocument text (.odt)", DOCUMENT),
    "presentation": Foreign("an OpenDocument presentation (.odp)", DOCUMENT),
    "graphics": Foreign("an OpenDocument drawing (.odg)", DOCUMENT),
}
#: By a pattern that a name of a member, in lower case, matches.
_DOCUMENTS: tuple[tuple[str, Foreign], ...] = (
    (r"word/.*", Foreign("a Word document (.docx)", DOCUMENT)),
    (r"ppt/.*", Foreign("a PowerPoint presentation (.pptx)", DOCUMENT)),
    (r"visio/.*", Foreign("a Visio drawing", DOCUMENT)),
    (r"meta-inf/container\.xml", Foreign("an e-book (EPUB)", DOCUMENT)),
    (r"(?:index/)?(?:document|calculationengine)\.iwa|index\.zip",
     Foreign("a document of Numbers, Pages or Keynote", "Export it there as Excel (.xlsx) or CSV.")),
    (r"ofd\.xml", Foreign("an OFD document", DOCUMENT)),
    (r"documents/1/.*\.fpage|.*\.fdseq", Foreign("an XPS document", DOCUMENT)),
    (r"androidmanifest\.xml", Foreign("an Android program", OTHER)),
    (r"meta-inf/manifest\.mf", Foreign("a Java program", OTHER)),
    (r"(?:.*/)?data\.pkl", Foreign("a model of PyTorch", OTHER)),
    (r".*\.npy", Foreign("NumPy arrays (.npz)", DATA)),
    (r".*\.kml", Foreign("a map (KMZ)", OTHER)),
    (r"datamashup|datamodel|report/layout", Foreign("a report of Power BI", DATA)),
)  # fmt: skip


class Archive:
    """A ZIP archive in a temporary file, of which the name may promise a workbook."""

    def __init__(self, file: IO[bytes], limits: Limits, *, is_named_workbook: bool) -> None:
        """Raises InvalidInput if it is damaged."""
        self._limits = limits
        self._code = "damaged_workbook" if is_named_workbook else "damaged_archive"
        if (directory := _directory_bytes(file)) is None:
            raise self._damaged()
        if directory > _DIRECTORY_BYTES:
            raise bad_file("not_a_table", f"The file is a ZIP archive of very many files. {PACKED}")
        try:
            self._zip = zipfile.ZipFile(file)
        except _DAMAGE:
            raise self._damaged() from None
        self._members = [member for member in self._zip.infolist() if not member.is_dir()]
        self._names = {part_name(member.filename) for member in self._members}

    def workbook(self) -> str | None:
        """Return the kind of the workbook that this is: xlsx (also with macros or Strict), xlsb or ods; else None."""
        folder = "(?:.*/)?" if "[content_types].xml" in self._names else "(?:.*/)?xl/"  # some leave the list out
        if any(re.fullmatch(folder + r"workbook[0-9]*\.bin", name) for name in self._names):
            return "xlsb"
        if any(re.fullmatch(folder + r"(?:workbook[0-9]*\.xml|worksheets/.*)", name) for name in self._names):
            return "xlsx"
        if "opendocument.spreadsheet" in self._mimetype():
            return "ods"
        return None

    def refuse_documents(self) -> None:
        """Raise InvalidInput for another document or program that is an archive in truth."""
        kind = self._mimetype().rpartition("opendocument.")[2].partition("-")[0].strip()
        foreign = _OPEN_DOCUMENTS.get(kind)
        for pattern, known in _DOCUMENTS:
            if foreign is None and any(re.fullmatch(pattern, name) for name in self._names):
                foreign = known
        if foreign is None and "[content_types].xml" in self._names:
            foreign = Foreign("an Office document without sheets", DOCUMENT)
        if foreign is not None:
            raise bad_file("not_a_table", f"The file is {foreign.name}. {foreign.remedy}")

    def only_table(self) -> tuple[str, Iterator[bytes]]:
        """Return the name and the bytes of the one table that is in the archive. Raises InvalidInput, BodyTooLarge."""
        named = [(_name(member), member) for member in self._members]
        named = [(name, member) for name, member in named if not _FURNITURE.fullmatch(name)]
        candidates = _candidates([name for name, _ in named])
        shown = ", ".join(repr(readable) for readable in (candidates or [name for name, _ in named])[:_MEMBERS_NAMED])
        more = len(candidates or named) - _MEMBERS_NAMED
        shown += f" and {more:,} more" if more > 0 else ""
        if not named:
            raise bad_file("empty_file", "The ZIP archive is empty: there is nothing to classify.")
        if not candidates:
            raise bad_file("not_a_table", f"The ZIP archive has no table in it, only {shown}. Send the table alone.")
        if len(candidates) > 1:
            raise bad_file("several_tables", f"The ZIP archive has several tables: {shown}. Send them one by one.")
        name, member = next(each for each in named if each[0] == candidates[0])
        if member.flag_bits & 1:
            detail = f"{name!r} in the ZIP archive is protected by a password. Unpack it and send the table alone."
            raise bad_file("encrypted_archive", detail)
        self._check_size(name, member)
        return name, self._pieces(name, member)

    def _mimetype(self) -> str:
        """Return what an OpenDocument or an e-book says of itself."""
        try:
            member = self._zip.getinfo("mimetype")
            if member.file_size > 200 or member.flag_bits & 1:
                return ""
            return self._zip.read(member).decode("ascii", "replace")
        except (KeyError, *_DAMAGE):
            return ""

    def _check_size(self, name: str, member: zipfile.ZipInfo) -> None:
        limits = self._limits
        if member.file_size > limits.inflated_bytes:
            raise BodyTooLarge(
                f"{name!r} in the ZIP archive unpacks to {member.file_size:,} bytes; the limit is "
                f"{limits.inflated_bytes:,} (SENTIQ_MAX_INFLATED_BYTES). Send it in parts."
            )
        if member.file_size > max(RATIO_FROM_BYTES, member.compress_size * limits.inflate_ratio):
            raise BodyTooLarge(
                f"{name!r} in the ZIP archive unpacks to more than {limits.inflate_ratio} times its size, which is the "
                "limit (SENTIQ_MAX_INFLATE_RATIO). Send it unpacked."
            )

    def _pieces(self, name: str, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """Unpack a member, never more than it declares: zipfile stops there, and then finds the checksum wrong."""
        try:
            with self._zip.open(member) as opened:
                while piece := opened.read(PIECE_BYTES):
                    yield piece
        except NotImplementedError:
            detail = f"{name!r} is packed in a way that is not read here. Unpack the archive and send the table alone."
            raise bad_file("damaged_archive", detail) from None
        except _DAMAGE:
            raise self._damaged() from None

    def _damaged(self) -> InvalidInput:
        what = "workbook" if self._code == "damaged_workbook" else "ZIP archive"
        return bad_file(self._code, f"The {what} is damaged or cut off. Save it again, or send its table as CSV.")


def _candidates(names: Sequence[str]) -> list[str]:
    """Return the members that are tables by their names; where none is, those that may be one."""
    tables = [name for name in names if _TABLE.fullmatch(name)]
    lists = [name for name in names if _LIST.fullmatch(name)]
    for found in (tables, lists, [name for name in names if "." not in PurePosixPath(name).name]):
        if without_notes := [name for name in found if not _NOTE.fullmatch(name)] or found:
            return without_notes
    return list(names) if len(names) == 1 else []


def _name(member: zipfile.ZipInfo) -> str:
    """Return the name of a member: UTF-8 where it says so, else what its packer's system has written."""
    name = member.filename
    if not member.flag_bits & 0x800 and not name.isascii():
        written = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                return written.decode(encoding)
            except UnicodeDecodeError:
                continue
    return name.encode("utf-8", "replace").decode()


def _directory_bytes(file: IO[bytes]) -> int | None:
    """Return how long the list of members is, as the archive says; None if it has no end."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        return None
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    large = tail.rfind(b"PK\x06\x06", 0, end)
    return int.from_bytes(tail[large + 40 : large + 48], "little") if directory == 0xFFFFFFFF else directory
