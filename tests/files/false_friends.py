"""Files of which no line is a text to classify: other formats under every name, and tables without a text."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

from tests.files.case import Case

NAMES = ("reviews.csv", "评论.txt", "export.xlsx", "data.json", "upload")
NOISE = random.Random(5).randbytes(3_000)
SENTENCES = ("味道不错，下次还来", "物流太慢，很失望", "包装完整，一般般")


def false_friends() -> Iterator[Case]:
    """Yield at least 300 files, all of which are to be refused."""
    for kind, content in FOREIGN.items():
        for name in NAMES:
            yield Case(f"{kind}/{name}".replace("/", " as "), content, is_refused=True)
    for kind, table in _tables():
        for encoding in ("utf-8", "gb18030", "utf-16"):
            yield Case(f"{kind} in {encoding}.csv", table.encode(encoding), is_refused=True)
        yield Case(f"{kind} between tabs.txt", table.replace(",", "\t").encode(), is_refused=True)
        yield Case(f"{kind}, packed.csv.gz", gzip.compress(table.encode()), is_refused=True)


def _zip(**members: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("reviews.csv")
        content = ("text\n" + "\n".join(SENTENCES)).encode()
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


_PARAGRAPHS = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in SENTENCES)
_WORD = f"<w:document><w:body>{_PARAGRAPHS}</w:body></w:document>"
_HTML = f"<!DOCTYPE html>\n<html><head><title>登录</title></head>\n<body>\n<p>{SENTENCES[0]}</p>\n</body></html>\n"
_ITEM = f"<item><title>{SENTENCES[0]}</title></item>"
_RSS = f'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>新闻</title>\n{_ITEM}</channel></rss>\n'
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">\n<text>好评</text>\n</svg>\n'
_RTF = r"{\rtf1\ansi\ansicpg936\deff0 {\fonttbl{\f0 SimSun;}}" + "\n" + r"\f0\fs24 \'ba\'c3\'c6\'c0\par" + "\n}"
_MAIL = (
    "From: a@example.com\nTo: b@example.com\nSubject: hello\nMIME-Version: 1.0\n"
    f"Content-Type: text/plain; charset=utf-8\n\n{SENTENCES[1]}\n"
)
_NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": ["print(1)"]}], "metadata": {}, "nbformat": 4})
_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 12345\n"
_CALENDAR = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nSUMMARY:开会\nEND:VEVENT\nEND:VCALENDAR\n"
_CARD = "BEGIN:VCARD\nVERSION:3.0\nFN:某人\nTEL:12345678\nEND:VCARD\n"
_KEY = "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(NOISE[:600]).decode() + "-----END CERTIFICATE-----\n"

FOREIGN: dict[str, bytes] = {
    "an answer of a web service": json.dumps({"code": 500, "message": "服务器内部错误，请稍后再试"}).encode(),
    "XML that does not say so": f"<rows>\n<row><text>{SENTENCES[0]}</text></row>\n</rows>\n".encode(),
    "a PNG image": _png(),
    "a JPEG image": b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1" + NOISE,
    "a GIF image": b"GIF89a\1\0\1\0\x80\0\0" + NOISE,
    "a WebP image": b"RIFF" + struct.pack("<I", len(NOISE)) + b"WEBPVP8 " + NOISE,
    "a HEIC image": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + NOISE,
    "a BMP image": b"BM" + struct.pack("<IHHI", 3054, 0, 0, 54) + NOISE,
    "a TIFF image": b"II*\0\x08\0\0\0" + NOISE,
    "a PDF document": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\n" + NOISE,
    "an RTF document": _RTF.encode(),
    "a Word document": _zip(**{"[Content_Types]_xml": "<Types/>", "word__document_xml": _WORD}),
    "a presentation": _zip(**{"[Content_Types]_xml": "<Types/>", "ppt__presentation_xml": "<p:presentation/>"}),
    "an OpenDocument text": _zip(mimetype="application/vnd.oasis.opendocument.text", content_xml="<office/>"),
    "an e-book": _zip(mimetype="application/epub+zip", **{"META-INF__container_xml": "<container/>"}),
    "a program for phones": _zip(AndroidManifest_xml=NOISE, classes_dex=NOISE),
    "an archive of pictures": _zip(a_png=_png(), b_png=_png()),
    "an archive of nothing": b"PK\5\6" + bytes(18),
    "a 7-Zip archive": b"7z\xbc\xaf\x27\x1c\0\4" + NOISE,
    "a RAR archive": b"Rar!\x1a\x07\1\0" + NOISE,
    "an xz archive": lzma.compress(NOISE),
    "a bzip2 archive": bz2.compress(NOISE),
    "a Zstandard archive": b"\x28\xb5\x2f\xfd\x24\0" + NOISE,
    "a tar archive": _tar(),
    "a packed tar archive": gzip.compress(_tar()),
    "a picture in gzip": gzip.compress(_png()),
    "a SQLite database": b"SQLite format 3\0\x10\0\1\1\0\x40\x20\x20" + NOISE,
    "an Access database": b"\0\1\0\0Standard ACE DB\0" + NOISE,
    "a program of Linux": b"\x7fELF\2\1\1\0" + bytes(8) + NOISE,
    "a program of Windows": b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + NOISE,
    "a sound": b"RIFF" + struct.pack("<I", len(NOISE)) + b"WAVEfmt " + NOISE,
    "music": b"ID3\3\0\0\0\0\0\x21" + NOISE,
    "a film": b"\0\0\0\x20ftypisom\0\0\2\0isomiso2" + NOISE,
    "a film of Matroska": b"\x1a\x45\xdf\xa3\x01\0\0\0" + NOISE,
    "a pickle": pickle.dumps(list(SENTENCES)),
    "a NumPy array": b"\x93NUMPY\1\0v\0{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }".ljust(128)
    + bytes(24),
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + NOISE,
    "an ORC file": b"ORC" + NOISE,
    "an Avro file": b"Obj\1\4\x16avro.schema" + NOISE,
    "an SPSS file": b"$FL2@(#) SPSS DATA FILE" + NOISE,
    "a web page without a table": _HTML.encode(),
    "a feed": _RSS.encode(),
    "a drawing": _SVG.encode(),
    "an e-mail": _MAIL.encode(),
    "a notebook": _NOTEBOOK.encode(),
    "a pointer of Git LFS": _POINTER.encode(),
    "a calendar": _CALENDAR.encode(),
    "a card of an address book": _CARD.encode(),
    "a certificate": _KEY.encode(),
    "nothing": b"",
    "only a byte order mark": b"\xef\xbb\xbf",
    "only NUL bytes": bytes(5_000),
    "only blanks": b"  \n\t\n \r\n",
    "noise": NOISE,
}


def _tables() -> Iterator[tuple[str, str]]:
    rows = range(1, 21)
    yield "only headings", "编号,评论\n"
    yield "only ids", "订单号\n" + "".join(f"{10**15 + n * 7919}\n" for n in rows)
    yield "ids and dates", "id,日期\n" + "".join(f"{n},2026-01-{n:02}\n" for n in rows)
    yield "ids and prices", "编号,价格\n" + "".join(f"{n},{n * 3.5:.2f}\n" for n in rows)
    yield "prices with a sign", "编号,金额\n" + "".join(f"{n},￥{n * 35}\n" for n in rows)
    yield "times", "id,created_at\n" + "".join(f"{n},2026-01-{n:02} 08:30:{n:02}\n" for n in rows)
    yield "telephone numbers", "编号,电话\n" + "".join(f"{n},138{n:08}\n" for n in rows)
    yield "addresses of pages", "id,url\n" + "".join(f"{n},https://example.com/item/{n}\n" for n in rows)
    yield "addresses of mail", "id,email\n" + "".join(f"{n},user{n}@example.com\n" for n in rows)
    yield "stars", "编号,评分\n" + "".join(f"{n},{n % 5 + 1}\n" for n in rows)
    yield "truths", "id,is_paid\n" + "".join(f"{n},{'true' if n % 2 else 'false'}\n" for n in rows)
    yield "missing values", "编号,评论\n" + "".join(f"{n},NULL\n" for n in rows)
    yield "empty cells", "编号,评论\n" + "".join(f"{n},\n" for n in rows)
    yield "codes", "id,sku\n" + "".join(f"{n},AB-{n * 131:05}-X\n" for n in rows)
    yield "identifiers", "id,uuid\n" + "".join(f"{n},{n:08x}-1111-4222-8333-{n:012x}\n" for n in rows)
    yield "addresses of hosts", "id,ip\n" + "".join(f"{n},10.0.{n}.{n + 1}\n" for n in rows)
