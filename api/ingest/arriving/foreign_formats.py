"""The true names of files that are neither tables nor lists of texts, by their first bytes."""

from __future__ import annotations

import re
from typing import NamedTuple

DOCUMENT = "Copy its table or its texts into a workbook, or save them as plain text, one text a line."
PICTURE = "Words in pictures are not read: send the texts as CSV, TXT or XLSX."
PACKED = "Unpack it and send the table alone; only gzip and ZIP are unpacked here."
DATA = "Export its table as CSV, JSON lines or XLSX."
OTHER = "Send a table or a list of texts: CSV, TSV, TXT, JSON, XLSX, XLS or ODS."


class Foreign(NamedTuple):
    """What a file is, and what its sender can do."""

    name: str  #: with its article
    remedy: str


# Where the mark is printable, a text may begin with it too.
_BINARY: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x89PNG", "a PNG image", PICTURE),
    (0, b"\xff\xd8\xff", "a JPEG image", PICTURE),
    (0, b"GIF87a", "a GIF image", PICTURE),
    (0, b"GIF89a", "a GIF image", PICTURE),
    (8, b"WEBP", "a WebP image", PICTURE),
    (0, b"BM", "a BMP image", PICTURE),
    (0, b"II*\0", "a TIFF image", PICTURE),
    (0, b"MM\0*", "a TIFF image", PICTURE),
    (4, b"ftyphei", "a HEIC image", PICTURE),
    (4, b"ftypmif1", "a HEIC image", PICTURE),
    (4, b"ftypavif", "an AVIF image", PICTURE),
    (4, b"ftyp", "a film or a sound", OTHER),
    (0, b"\0\0\1\0", "an icon", PICTURE),
    (0, b"8BPS", "a Photoshop image", PICTURE),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 image", PICTURE),
    (0, b"\xd7\xcd\xc6\x9a", "a picture (WMF)", PICTURE),
    (8, b"WAVE", "a sound (WAV)", OTHER),
    (8, b"AVI ", "a film (AVI)", OTHER),
    (0, b"ID3", "a sound (MP3)", OTHER),
    (0, b"\xff\xfb", "a sound (MP3)", OTHER),
    (0, b"OggS", "a sound (Ogg)", OTHER),
    (0, b"fLaC", "a sound (FLAC)", OTHER),
    (0, b"MThd", "a sound (MIDI)", OTHER),
    (0, b"#!AMR", "a sound (AMR)", OTHER),
    (0, b"\x1a\x45\xdf\xa3", "a film (Matroska)", OTHER),
    (0, b"FLV\1", "a film (Flash)", OTHER),
    (0, b"\0\0\1\xba", "a film (MPEG)", OTHER),
    (0, b"\x30\x26\xb2\x75", "a film or a sound (Windows)", OTHER),
    (0, b"\x7fELF", "a program", OTHER),
    (0, b"MZ", "a Windows program", OTHER),
    (0, b"\xcf\xfa\xed\xfe", "a program", OTHER),
    (0, b"\xca\xfe\xba\xbe", "a program", OTHER),
    (0, b"\0asm", "a program (WebAssembly)", OTHER),
    (0, b"dex\n035", "a program (Android)", OTHER),
    (0, b"\0\1\0\0\0", "a font", OTHER),
    (0, b"OTTO", "a font", OTHER),
    (0, b"wOF", "a font", OTHER),
    (0, b"Rar!\x1a\x07", "a RAR archive", PACKED),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", PACKED),
    (0, b"\xfd7zXZ", "an xz archive", PACKED),
    (0, b"\x5d\0\0\x80\0", "an LZMA archive", PACKED),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", PACKED),
    (0, b"\x04\x22\x4d\x18", "an LZ4 archive", PACKED),
    (0, b"\xff\x06\0\0sNaPpY", "a Snappy archive", PACKED),
    (0, b"\x1f\x9d", "a compressed file (.Z)", PACKED),
    (257, b"ustar", "a tar archive", PACKED),
    (0, b"MSCF", "a cabinet archive", PACKED),
    (0, b"!<arch>\n", "an archive (ar, deb)", PACKED),
    (0, b"\xed\xab\xee\xdb", "an RPM package", PACKED),
    (0, b"LZIP\1", "an lzip archive", PACKED),
    (0, b"xar!\0", "an archive (xar)", PACKED),
    (0, b"%PDF-", "a PDF document", DOCUMENT),
    (0, b"{\\rtf", "an RTF document", DOCUMENT),
    (0, b"SQLite format 3\0", "an SQLite database", DATA),
    (4, b"Standard Jet DB", "an Access database", DATA),
    (4, b"Standard ACE DB", "an Access database", DATA),
    (8, b"DUCK", "a DuckDB database", DATA),
    (0, b"PGDMP", "a dump of PostgreSQL", DATA),
    (0, b"\x93NUMPY", "a NumPy array", DATA),
    (0, b"\x89HDF\r\n", "an HDF5 file", DATA),
    (0, b"MATLAB 5.0 MAT-file", "a MATLAB file", DATA),
    (0, b"CDF\1", "a NetCDF file", DATA),
    (0, b"ORC", "an ORC file", DATA),
    (0, b"Obj\1", "an Avro file", DATA),
    (0, b"FEA1", "a Feather file of version 1", DATA),
    (0, b"SEQ\6", "a Hadoop sequence file", DATA),
    (0, b"$FL2", "an SPSS file", DATA),
    (0, b"$FL3", "an SPSS file", DATA),
    (0, b"<stata_dta>", "a Stata file", DATA),
    (0, b"RDX2\nX\n", "an R file", DATA),
    (0, b"RDX3\nX\n", "an R file", DATA),
    (0, b"RDA3\nA\n", "an R file", DATA),
    (0, b"X\n\0\0\0", "an R file", DATA),
    (12, b"\xc2\xea\x81\x60\xb3\x14\x11\xcf", "a SAS file", DATA),
    (0, b"HEADER RECORD*******", "a SAS transport file", DATA),
    (0, b"bplist00", "an Apple property list", DATA),
    (0, b"\0\0\x1a\0", "a Lotus 1-2-3 sheet", DATA),
    (0, b"\x09\x08\x10\0\0\6\5\0", "a bare stream of an XLS workbook", DATA),
    (0, b"\x09\0\4\0", "a workbook of Excel 2", DATA),
    (0, b"\x09\2\6\0", "a workbook of Excel 3", DATA),
    (0, b"\x09\4\6\0", "a workbook of Excel 4", DATA),
    (0, b"AC10", "a drawing (AutoCAD)", PICTURE),
    (0, b"HWP Document File", "a Hangul document", DOCUMENT),
    (0, b"ITSF\3", "a help file (CHM)", DOCUMENT),
    (60, b"BOOKMOBI", "an e-book (Mobi)", DOCUMENT),
    (0, b"\x4c\0\0\0\1\x14\2\0", "a shortcut of Windows, not the file itself", OTHER),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_DBASE = re.compile(rb"[\x03\x30\x31\x83\x8b\xf5][\x00-\xff][\x01-\x0c][\x01-\x1f].{2}\x00\x00", re.DOTALL)
_NETPBM = re.compile(rb"P[1-7]\s(?:#[^\n]*\s)*\d+\s+\d+\s")
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_STATA = re.compile(rb"[\x6c-\x73][\x01\x02]\x01\x00")

_HEADER = r"[A-Za-z][A-Za-z-]*: ?[^\n]*\n(?:[ \t][^\n]*\n)*"
#: Texts that are no list of texts. All are anchored where a file begins, and take what they took once and for all.
_TEXTS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), name, remedy)
    for pattern, name, remedy in (
        (r".{0,1000}?%PDF-1|%PDF-", "a PDF document", DOCUMENT),
        (r"\s*\{\\rtf", "an RTF document", DOCUMENT),
        (r"%!PS", "a PostScript document", DOCUMENT),
        (r"\\documentclass|\\begin\{", "a LaTeX document", DOCUMENT),
        (r"version https://git-lfs", "a pointer of Git LFS, not the file itself", "Fetch it by `git lfs pull` first."),
        (r"-----BEGIN [A-Z0-9 ]+-----", "a key or a certificate", OTHER),
        (
            rf"(?=(?>(?:{_HEADER}){{1,60}}))(?=.{{0,4000}}multipart/related)MIME-Version:|From: <Saved by",
            "a web archive (MHTML)",
            "Open it and save it as .xlsx or .csv.",
        ),
        (
            rf"(?:From [^\n]+\n)?(?:{_HEADER}){{0,40}}?(?:MIME-Version|Received|Message-I[Dd]|Return-Path): ",
            "an e-mail",
            "Copy its texts into a table, or save its attachment and send that.",
        ),
        (r"BEGIN:VCARD", "address cards (vCard)", OTHER),
        (r"BEGIN:VCALENDAR", "a calendar", OTHER),
        (r"WEBVTT|\d+\r?\n\d\d:\d\d:\d\d,\d{3} --> |\[Script Info\]", "subtitles", OTHER),
        (
            r"(?>(?:--[^\n]*\n|/\*(?>.*?\*/);?|\s)*)(?i:CREATE (?:TABLE|DATABASE|TEMP)|INSERT INTO|DROP TABLE|SET NAMES"
            r"|SET SQL_MODE|SET statement_timeout|BEGIN TRANSACTION|PRAGMA |USE `|LOCK TABLES)",
            "SQL",
            DATA,
        ),
        (r"#![ ]?/|@echo off", "a script", OTHER),
        (
            r"<\?php|<%@|#include\s*[<\"]|package [\w.]+;|using System|(?>(?:(?:import|from) [\w., ]+\r?\n){2})",
            "source code",
            OTHER,
        ),
        (r"\([ld]p[0-9]+\n|ccopy_reg\n", "a pickle of Python", DATA),
        (r"[ -~\r\n]{0,250}?ASCII SPSS PORT FILE", "an SPSS file (.por)", DATA),
        (r"ID;P[A-Z]", "a sheet in the SYLK format", DATA),
        (r"TABLE\r?\n0,1\r?\n", "a sheet in the DIF format", DATA),
        (r"%YAML|---\r?\n[\w-]+:", "a YAML document", DATA),
        (r"diff --git |--- a/|From [0-9a-f]{40} ", "a patch", OTHER),
        (r"HTTP/\d(?:\.\d)? \d{3}", "an answer of a web server with its headers", "Save its body alone."),
        (r"data:[\w/+.-]+;base64,|begin [0-7]{3} \S", "an encoded file", "Decode it and send the file itself."),
        (
            r"(?=.{64})(?>(?:[A-Za-z0-9+/]{40,}={0,2}\r?\n?)+)[A-Za-z0-9+/]*={0,2}\Z",
            "an encoded file (Base64)",
            "Decode it and send the file itself.",
        ),
        (r"# [^\n]+\n(?=.{0,20000}?\n(?:##+ [^\n]+\n|```))", "a Markdown document", DOCUMENT),
        (r"\[[\w .-]+\]\r?\n[\w.-]+ ?=", "a file of settings", OTHER),
        (r"\{\s*\"(?:cells|metadata|nbformat)\".{0,60000}\"cell_type\"", "a Jupyter notebook", DATA),
    )
)

_SUFFIXES = {
    **dict.fromkeys((".md", ".markdown", ".mdx"), "a Markdown document"),
    **dict.fromkeys((".rst", ".adoc", ".tex", ".org"), "a document"),
    **dict.fromkeys(
        (
            *(".py", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".java", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs"),
            *(".go", ".rs", ".rb", ".php", ".pl", ".lua", ".r", ".swift", ".kt", ".scala", ".vue", ".css", ".scss"),
            *(".sh", ".bash", ".bat", ".cmd", ".ps1", ".m", ".vbs", ".asm"),
        ),
        "source code",
    ),
    **dict.fromkeys((".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".properties", ".env"), "a file of settings"),
    **dict.fromkeys((".srt", ".vtt", ".ass", ".ssa", ".lrc"), "subtitles"),
    **dict.fromkeys((".sql",), "SQL"),
    **dict.fromkeys((".eml", ".mht", ".mhtml"), "an e-mail or a web archive"),
    **dict.fromkeys((".ics", ".vcf", ".bib", ".po"), "no list of texts, by its name"),
}


def foreign(head: bytes) -> Foreign | None:
    """Return what a file is if its first bytes say that it is neither a table nor a list of texts."""
    has_nul = b"\0" in head
    for offset, magic, name, remedy in _BINARY:
        if head.startswith(magic, offset) and (has_nul or not magic.isascii() or not magic.isalnum() or offset == 257):
            return Foreign(name, remedy)
    if _NETPBM.match(head):
        return Foreign("a Netpbm image", PICTURE)
    if _BZIP2.match(head):
        return Foreign("a bzip2 archive", PACKED)
    if _PICKLE.match(head):
        return Foreign("a pickle of Python", DATA)
    if _STATA.match(head):
        return Foreign("a Stata file", DATA)
    if has_nul and _DBASE.match(head):
        return Foreign("a dBASE table", DATA)
    if not head.strip(b"\0"):
        return Foreign("nothing but NUL bytes", "Its copy has failed: send it again.")
    return None


def foreign_text(text: str) -> Foreign | None:
    """Return what a text is, by its first characters, if it is neither a table nor a list of texts."""
    for pattern, name, remedy in _TEXTS:
        if pattern.match(text):
            return Foreign(name, remedy)
    return None


def foreign_name(suffix: str) -> Foreign | None:
    """Return what a text is by its name, where its bytes leave that open."""
    if (name := _SUFFIXES.get(suffix)) is None:
        return None
    return Foreign(name, "If it is a table or a list of texts nevertheless, name its `format`: csv or txt.")
