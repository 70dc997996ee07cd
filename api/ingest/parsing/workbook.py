"""Workbooks of every kind: by what is in the file, whatever its name says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from api.ingest.parsing.archive import PIECE_BYTES, Archive
from api.ingest.parsing.ole import SIGNATURE, ole_kind
from api.ingest.parsing.tables import Parsed, Refusal


def parse(file: IO[bytes], limits: Mapping[str, Any]) -> list[Parsed]:
    """Return the sheets of a workbook. Raises Refusal."""
    start = file.read(8)
    file.seek(0)
    if start == SIGNATURE:
        kind = ole_kind(file)
        if kind == "xls":
            return _by_calamine(file, limits)
        remedy = "Save it without one." if "password" in kind else "Send the table it holds as XLSX or CSV."
        code = "encrypted_workbook" if "password" in kind else "not_a_table"
        raise Refusal(code, f"The file is {kind}. {remedy}")
    from api.ingest.parsing import odf, xlsb, xlsx

    if not start.startswith(b"PK"):
        return odf.sheets_of(lambda: _pieces(file), limits)
    archive = Archive(file, limits)
    if archive.has("content.xml"):
        return odf.sheets_of(lambda: archive.pieces("content.xml"), limits)
    if any(name.endswith("workbook.bin") for name in archive.names()):
        xlsb.check(archive)
        return _by_calamine(file, limits)

    return xlsx.sheets_of(archive, limits)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    at = 0
    while True:
        file.seek(at)  # several sheets are read at the same time
        piece = file.read(PIECE_BYTES)
        if not piece:
            return
        at += len(piece)
        yield piece


def _by_calamine(file: IO[bytes], limits: Mapping[str, Any]) -> list[Parsed]:
    from api.ingest.parsing import calamine

    return calamine.sheets_of(file, limits)
