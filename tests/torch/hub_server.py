"""A hub on this machine: what modelscope-hub asks ModelScope's servers when it lists and fetches a model's files.

Weights are answered with a redirect to a content store, as the hub does it, other files directly. Faults are scripted:
for a file (or "listing") the answers to its next requests, after which the server behaves.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.support.http_server import answering

BASE = "iic/nlp_structbert_sentiment-classification_chinese-base"
WEIGHTS = "pytorch_model.bin"
SIZE = 3_000_000  #: bytes of the weights
FILES = {
    "README.md": b"# not needed",
    "config.json": b'{"vocab_size": 3}',
    "configuration.json": b'{"task": "text-classification"}',
    "label_mapping.json": b'{"negative": 0, "positive": 1}',
    "vocab.txt": b"[PAD]\n[UNK]\n[CLS]\n",
    WEIGHTS: bytes(range(250)) * (SIZE // 250),
    "resources/picture.jpg": b"not needed either",
}
NEEDED = {name: content for name, content in FILES.items() if name != "README.md" and "/" not in name}


class Seen(NamedTuple):
    what: str  # "listing", "revisions", a file's name, or the path of anything else
    range: str  # the header, "" if there is none


@dataclass(frozen=True)
class Fault:
    status: int = 200
    cut_after: int | None = None  # bytes of the body that are sent before the connection is closed
    corrupt: bool = False  # the right number of wrong bytes
    ignore_range: bool = False
    before: Callable[[], object] = lambda: None  # called when the request has come
    during: Callable[[], object] = lambda: None  # called before the connection is cut


@dataclass
class HubServer:
    """One model, with the same files at all its revisions."""

    model_id: str
    files: dict[str, bytes]
    revisions: tuple[str, ...] = ("master", "v1.0.0")
    lists_checksums: bool = True
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    url: str = ""
    _lock: Lock = field(default_factory=Lock)

    def requests(self, what: str) -> list[Seen]:
        return [request for request in self.seen if request.what == what]

    def next_fault(self, what: str, asked_range: str) -> Fault:
        with self._lock:
            self.seen.append(Seen(what, asked_range))
            script = self.faults.get(what)
            return script.pop(0) if script else Fault()

    def listing(self) -> dict[str, Any]:
        files = [
            {
                "Name": name.rpartition("/")[2],
                "Path": name,
                "Type": "blob",
                "Size": len(content),
                "Sha256": hashlib.sha256(content).hexdigest() if self.lists_checksums else None,
                "Revision": f"{number:040x}",
                "CommittedDate": 1_670_000_000 + number,
                "IsLFS": name.endswith((".bin", ".safetensors")),
            }
            for number, (name, content) in enumerate(self.files.items())
        ]
        folder = {"Name": "resources", "Path": "resources", "Type": "tree", "Size": 0, "Sha256": ""}
        return {"Files": [*files, folder], "LatestCommitter": {"Id": "", "ShortId": ""}}

    @property
    def commit(self) -> str:
        """Of the file that was changed last."""
        return f"{len(self.files) - 1:040x}"


@contextmanager
def serving(hub: HubServer) -> Iterator[HubServer]:
    class Handler(_Handler):
        pass

    Handler.hub = hub
    with answering(Handler) as port:
        hub.url = f"http://127.0.0.1:{port}"
        yield hub


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        model = f"/api/v1/models/{self.hub.model_id}/"
        if url.path.startswith("/lfs/"):
            self._send_file(url.path.removeprefix("/lfs/"))
        elif url.path == f"{model}revisions":
            self._answer("revisions", lambda: self._send_json(self._revisions()))
        elif url.path in (f"{model}repo/files", f"{model}repo"):
            name = query.get("FilePath", "")
            if query["Revision"] not in self.hub.revisions:
                self._answer("listing", lambda: self._refuse(404, "no such revision"))
            elif not name:
                self._answer("listing", lambda: self._send_json(self.hub.listing()))
            elif name.endswith((".bin", ".safetensors")):
                self._send(302, b"", {"Location": f"{self.hub.url}/lfs/{name}"})
            else:
                self._send_file(name)
        else:
            self._answer(url.path, lambda: self._refuse(404, "no such model"))

    def _revisions(self) -> dict[str, Any]:
        branch, *tags = ({"Revision": name} for name in self.hub.revisions)
        return {"RevisionMap": {"Branches": [branch], "Tags": tags}}

    def _answer(self, what: str, send: Callable[[], None]) -> None:
        fault = self.hub.next_fault(what, "")
        fault.before()
        if fault.status == 200:
            send()
        else:
            self._refuse(fault.status, "scripted")

    def _send_file(self, name: str) -> None:
        asked = self.headers.get("Range", "")
        fault = self.hub.next_fault(name, asked)
        fault.before()
        if fault.status != 200:
            self._refuse(fault.status, "scripted")
            return
        content = self.hub.files[name]
        if fault.corrupt:
            content = bytes(byte ^ 1 for byte in content)
        headers, status = {}, 200
        match = re.fullmatch(r"bytes=(\d+)-", asked)
        if match and not fault.ignore_range:
            start = int(match[1])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            status, content = 206, content[start:]
        self._send(status, content, headers, fault)

    def _send_json(self, data: Any) -> None:
        self._send(200, json.dumps({"Code": 200, "Success": True, "Data": data}).encode(), {})

    def _refuse(self, status: int, message: str) -> None:
        self._send(status, json.dumps({"Code": 10010205001, "Success": False, "Message": message}).encode(), {})

    def _send(self, status: int, body: bytes, headers: dict[str, str], fault: Fault = Fault()) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: fault.cut_after])
        if fault.cut_after is not None:
            fault.during()
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


def contents(cache: Path) -> dict[str, bytes]:
    """The files under final names, of all downloads."""
    return {path.name: path.read_bytes() for path in cache.glob("*@*/*") if not path.name.startswith(".")}


def partials(cache: Path) -> list[Path]:
    return list(cache.glob("*@*/.*.partial"))
