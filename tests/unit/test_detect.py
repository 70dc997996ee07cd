"""What a file is, by its bytes: which format, or by which true name it is refused."""

from __future__ import annotations

import base64
import gzip
import io
import json
import pickle
import sqlite3
import tarfile
import zipfile

import numpy
import pytest

from api.ingest.files import File
from api.ingest.limits import Limits
from api.ingest.options import Reading
from sentiq.core.errors import BodyTooLarge, InvalidInput

LIMITS = Limits(inflated_bytes=10**7, inflate_ratio=100, rows=10**6, columns=100, cell_chars=10_000, text_chars=10_000)
CSV = "编号,评论内容\n1,面条很香，还会再来\n2,等了一个小时，太差\n"
TEXTS = ["面条很香，还会再来", "等了一个小时，太差"]
NOISE = bytes(range(256)) * 4
LIST = "\n".join(TEXTS)


def read(content: bytes, name: str = "", format_: str | None = None) -> tuple[str, list[str]]:
    with File(iter([content]), Reading(file_name=name, format=format_), LIMITS) as file:
        return file.format.format, [row.text for row in file.rows() if row.error is None]


def shown(value: str | bytes) -> str:
    """Name a case by its words alone: archives differ from run to run."""
    return value if isinstance(value, str) else "file"


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return out.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE reviews (text)")
        return connection.serialize()


def array() -> bytes:
    out = io.BytesIO()
    numpy.save(out, numpy.arange(9))
    return out.getvalue()


NOTEBOOK = json.dumps({"cells": [{"cell_type": "markdown", "source": TEXTS}], "nbformat": 4}, ensure_ascii=False)
MAIL = f"From: a@example.org\nTo: b@example.org\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain\n\n{LIST}\n"
ARCHIVE_OF_A_PAGE = f"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\n<table><td>{LIST}"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x89PNG\r\n\x1a\n" + NOISE, "PNG"),
        (b"\xff\xd8\xff\xe0" + NOISE, "JPEG"),
        (b"GIF89a" + NOISE, "GIF"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + NOISE, "WebP"),
        (b"BM\x10\0\0\0\0\0\0\0" + NOISE, "BMP"),
        (b"II*\0" + NOISE, "TIFF"),
        (b"\0\0\0\x18ftypheic" + NOISE, "HEIC"),
        (b"\0\0\1\0\3\0\x10\x10" + bytes(900), "icon"),
        (b"P6\n30 30\n255\n" + bytes(900), "Netpbm"),
        (b"\0\0\2" + bytes(900), "binary"),
        (pickle.dumps(TEXTS, 0), "pickle"),
        (f'ID;PSENTIQ\nC;Y1;X1;K"{LIST}"\nE\n'.encode(), "SYLK"),
        (b"\0\0\0\x18ftypmp42" + NOISE, "film"),
        (b"RIFF\x10\0\0\0WAVEfmt " + NOISE, "WAV"),
        (b"ID3\4\0\0" + NOISE, "MP3"),
        (b"OggS\0" + NOISE, "Ogg"),
        (b"\x1a\x45\xdf\xa3" + NOISE, "Matroska"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        (rb"{\rtf1\ansi\ansicpg936 \'c3\'e6\par}", "RTF"),
        (b"%!PS-Adobe-3.0\n", "PostScript"),
        (rb"\documentclass{article}" + LIST.encode(), "LaTeX"),
        (b"\x7fELF\2\1\1\0" + NOISE, "program"),
        (b"MZ\x90\0\3\0" + NOISE, "program"),
        (b"\xca\xfe\xba\xbe\0\0" + NOISE, "program"),
        (b"\0\1\0\0\0\x10" + NOISE, "font"),
        (b"Rar!\x1a\7\1\0" + NOISE, "RAR"),
        (b"7z\xbc\xaf\x27\x1c" + NOISE, "7-Zip"),
        (b"\xfd7zXZ\0" + NOISE, "xz"),
        (b"BZh91AY&SY" + NOISE, "bzip2"),
        (b"\x28\xb5\x2f\xfd" + NOISE, "Zstandard"),
        (tarred(), "tar archive"),
        (gzip.compress(tarred()), "tar archive"),
        (gzip.compress(gzip.compress(CSV.encode())), "gzip twice"),
        (database(), "SQLite"),
        (b"\0\1\0\0Standard ACE DB\0" + NOISE, "Access"),
        (pickle.dumps(TEXTS), "pickle"),
        (pickle.dumps(TEXTS, 2), "pickle"),
        (array(), "NumPy"),
        (b"\x89HDF\r\n\x1a\n" + NOISE, "HDF5"),
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + NOISE, "MATLAB"),
        (b"ORC\x0a\0" + NOISE, "ORC"),
        (b"Obj\1\4\x16avro.schema" + NOISE, "Avro"),
        (b"FEA1\0\0" + NOISE, "Feather"),
        (b"$FL2@(#) SPSS DATA FILE" + NOISE, "SPSS"),
        (b"<stata_dta><header><release>118", "Stata"),
        (b"\x72\2\1\0" + NOISE, "Stata"),
        (gzip.compress(b"X\n\0\0\0\3" + NOISE), "R file"),
        (b"\x03\x7a\x0b\x1c\2\0\0\0\x41\0\x20\0" + bytes(20) + NOISE, "dBASE"),
        (zipped({"word/document.xml": b"x"}), "Word"),
        (zipped({"ppt/presentation.xml": b"x"}), "PowerPoint"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}), "OpenDocument text"),
        (zipped({"Index/Document.iwa": b"x"}), "Numbers"),
        (zipped({"a.npy": b"x"}), "NumPy"),
        (bytes(2_000), "NUL"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "Git LFS"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n", "certificate"),
        (base64.encodebytes(CSV.encode() * 9), "Base64"),
        (MAIL.encode(), "e-mail"),
        (ARCHIVE_OF_A_PAGE.encode(), "MHTML"),
        (NOTEBOOK.encode(), "Jupyter"),
        (f"BEGIN:VCARD\nFN:{LIST}".encode(), "vCard"),
        (f"WEBVTT\n\n00:01.000 --> 00:02.000\n{LIST}".encode(), "subtitles"),
        (f"1\n00:00:01,000 --> 00:00:02,000\n{LIST}".encode(), "subtitles"),
        (f"-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\nINSERT INTO t VALUES ('{LIST}');".encode(), "SQL"),
        (f"#!/bin/sh\necho {LIST}\n".encode(), "script"),
        (f"import json\nfrom os import path\nprint('{LIST}')\n".encode(), "source code"),
        (f"# 说明\n\n{LIST}\n\n## 用法\n\n- {LIST}\n".encode(), "Markdown"),
        (f"<?xml version='1.0'?><rss version='2.0'><title>{LIST}</title></rss>".encode(), "feed"),
        (f"<svg xmlns='http://www.w3.org/2000/svg'><text>{LIST}</text></svg>".encode(), "SVG"),
        (f"<?xml version='1.0'?><reviews><review>{LIST}</review></reviews>".encode(), "XML document"),
        (f"<html><body><p>{LIST}</p></body></html>".encode(), "web page"),
    ],
    ids=shown,
)
@pytest.mark.parametrize("called", ["", "reviews.csv", "reviews.txt", "reviews.xls"])
def test_what_is_no_table_is_refused_by_its_true_name(content: bytes, name: str, called: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        read(content, called)


@pytest.mark.parametrize("called", ["README.md", "main.py", "app.yaml", "film.srt", "dump.sql"])
def test_a_name_decides_where_bytes_leave_a_choice_and_an_option_overrides_it(called: str) -> None:
    with pytest.raises(InvalidInput, match="name its `format`"):
        read(LIST.encode(), called)
    assert read(LIST.encode(), called, "txt") == ("txt", TEXTS)


TABLE = "<table><tr><th>编号</th><th>评论内容</th></tr>" + "".join(
    f"<tr><td>{n}</td><td>{text}</td></tr>" for n, text in enumerate(TEXTS)
)


@pytest.mark.parametrize("called", ["", "a.csv", "a.xls", "a.xlsx", "a.dat"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (CSV.encode(), "csv"),
        (CSV.replace(",", "\t").encode("gbk"), "csv"),
        (CSV.encode("utf-16"), "csv"),
        ("\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in TEXTS).encode(), "jsonl"),
        (json.dumps([{"text": text} for text in TEXTS]).encode(), "json"),
        (f"<html>{TABLE}</table></html>".encode(), "html"),
        (f"<!-- x -->\n<div>{TABLE}</table></div>".encode(), "html"),
        (zipped({"a.csv": CSV.encode()}), "csv"),
        (gzip.compress(CSV.encode()), "csv"),
    ],
    ids=shown,
)
def test_a_table_is_what_its_bytes_are_whatever_it_is_called(content: bytes, kind: str, called: str) -> None:
    assert read(content, called) == (kind, TEXTS)


@pytest.mark.parametrize(
    "first",
    ["BM的车很好，真的",
     "MZ世代，很喜欢", "ORC 很强，真的", "ID3,很好", "<3 这家店，很好", "PK 了，很好", "#好评# 很好，真的",
     "From: 上海，很好", "Rar! 很好，真的", "{很好}，真的", "[很好]，真的"],
)  # fmt: skip
def test_a_text_may_begin_as_other_files_do(first: str) -> None:
    found = read(f"{first}\n{LIST}".encode(), "a.txt")
    assert found == ("txt", [first, *TEXTS])


@pytest.mark.parametrize(
    ("content", "asked"),
    [(CSV.encode(), "xlsx"), (f"<html>{TABLE}".encode(), "csv"), (b'[{"text": "x"}]', "txt"), (b"PAR1\0", "csv")],
    ids=shown,
)
def test_a_format_that_the_bytes_contradict_is_refused(content: bytes, asked: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(content, format_=asked)
    assert refused.value.errors[0].code == "wrong_format"


def test_the_one_table_of_an_archive_is_read_beside_notes_and_what_macos_adds() -> None:
    members = {"data/reviews.csv": CSV.encode("gbk"), "data/readme.txt": b"see", ".DS_Store": NOISE}
    content = zipped({**members, "__MACOSX/data/._reviews.csv": NOISE})
    with File(iter([content]), Reading(file_name="a.zip"), LIMITS) as file:
        assert [row.text for row in file.rows()] == TEXTS
        assert (file.format.compression, file.format.notes[0].facts) == ("zip", {"name": "data/reviews.csv"})


def test_a_name_that_an_old_packer_wrote_in_gbk_is_a_name() -> None:
    content = zipped({"xxxx.csv": CSV.encode()}).replace(b"xxxx.csv", "评论.csv".encode("gbk"))
    with File(iter([content]), Reading(), LIMITS) as file:
        assert file.format.notes[0].facts == {"name": "评论.csv"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (zipped({"a.csv": CSV.encode(), "b.csv": CSV.encode()}), "several tables: 'a.csv', 'b.csv'"),
        (zipped({"a.zip": zipped({"a.csv": CSV.encode()})}), "archive itself"),
        (zipped({"a.png": NOISE, "b.png": NOISE}), "no table in it"),
        (zipped({}), "empty"),
        (zipped({"a.csv": CSV.encode()}).replace(b"\x14\0\0\0", b"\x14\0\1\0"), "password"),
        (zipped({"a.csv": CSV.encode()})[:-30], "damaged"),
        (zipped({"a.docx": zipped({"word/document.xml": b"x"})}), "document"),
    ],
    ids=shown,
)
def test_an_archive_that_is_not_one_table_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read(content)


def test_an_archive_that_unpacks_to_too_much_is_refused_by_what_it_declares_and_by_what_it_is() -> None:
    bomb = zipped({"a.csv": CSV.encode() + b"a" * 9_000_000})
    with pytest.raises(BodyTooLarge, match="SENTIQ_MAX_INFLATE_RATIO"):
        read(bomb)
    size = len(CSV.encode()) + 9_000_000
    lying = bomb.replace(size.to_bytes(4, "little"), (2_000).to_bytes(4, "little"))
    with pytest.raises(InvalidInput, match="damaged"):
        read(lying)
