"""A hub on this machine: what huggingface_hub asks Hugging Face's servers when it lists and fetches a model's files.

Weights are answered with a redirect to a content store, as the hub does it, other files directly. Faults are scripted:
for a file (or "listing") the answers to its next requests, after which the server behaves.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Lock
from typing import Any

from tests.support.http_server import answering
from tests.torch.hub_server import Fault, Seen

MODEL = "somebody/reviews-bert"
WELL = Fault()


def etag(name: str, content: bytes) -> str:
    """SHA-256 for weights, Git's SHA-1 for other files."""
    if name.endswith((".bin", ".safetensors")):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@dataclass
class HuggingFaceServer:
    """One model, with the same files at all its revisions."""

    files: dict[str, bytes]
    revisions: tuple[str, ...] = ("main", "v1.0")
    commit: str = "c0ffee" * 6 + "cafe"
    token: str = ""  # of the account that may read it; "": everybody may
    is_gated: bool = False
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    url: str = ""
    _lock: Lock = field(default_factory=Lock)

    @property
    def fetched(self) -> list[str]:
        """The files whose content was asked for, in alphabetical order."""
        return sorted(request.what for request in self.seen if request.what in self.files)

    def next_fault(self, what: str, asked_range: str) -> Fault:
        with self._lock:
            self.seen.append(Seen(what, asked_range))
            script = self.faults.get(what)
            return script.pop(0) if script else Fault()


@contextmanager
def serving(hub: HuggingFaceServer) -> Iterator[HuggingFaceServer]:
    class Handler(_Handler):
        pass

    Handler.hub = hub
    with answering(Handler) as port:
        hub.url = f"http://127.0.0.1:{port}"
        yield hub


class _Handler(BaseHTTPRequestHandler):
    hub: HuggingFaceServer

    def do_HEAD(self) -> None:
        found = re.fullmatch(rf"/{MODEL}/resolve/([^/]+)/(.+)", self.path)
        if not found or found[2] not in self.hub.files:
            self._refuse(404, "EntryNotFound")
            return
        name, content = found[2], self.hub.files[found[2]]
        headers = {"X-Repo-Commit": self.hub.commit, "ETag": f'"{etag(name, content)}"'}
        if name.endswith((".bin", ".safetensors")):
            linked = {"X-Linked-ETag": headers.pop("ETag"), "X-Linked-Size": str(len(content))}
            self._send(302, b"", {**headers, **linked, "Location": f"{self.hub.url}/store/{name}"})
        else:
            self._send(200, content, headers)

    def do_GET(self) -> None:
        listing = re.fullmatch(r"/api/models/(.+)/revision/([^/]+)", self.path)
        if listing:
            self._list(listing[1], listing[2])
            return
        name = self.path.split("/resolve/")[-1].partition("/")[2].removeprefix("store/")
        if self.hub.is_gated:
            self._refuse(403, "GatedRepo")
            return
        self._send_file(name)

    def _list(self, model: str, revision: str) -> None:
        fault = self.hub.next_fault("listing", "")
        wrong_token = self.hub.token and self.headers.get("Authorization") != f"Bearer {self.hub.token}"
        if fault.status != 200:
            self._refuse(fault.status, "")
        elif model != MODEL or wrong_token:
            self._refuse(401, "RepoNotFound")
        elif revision not in (*self.hub.revisions, self.hub.commit):
            self._refuse(404, "RevisionNotFound")
        else:
            siblings = [{"rfilename": name} for name in self.hub.files]
            self._send(200, json.dumps({"id": MODEL, "sha": self.hub.commit, "siblings": siblings}).encode(), {})

    def _send_file(self, name: str) -> None:
        asked = self.headers.get("Range", "")
        fault = self.hub.next_fault(name, asked)
        if fault.status != 200:
            self._refuse(fault.status, "")
            return
        content = self.hub.files[name]
        if fault.corrupt:
            content = bytes(byte ^ 1 for byte in content)
        headers, status = {}, 200
        match = re.fullmatch(r"bytes=(\d+)-", asked)
        if match:
            start = int(match[1])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            status, content = 206, content[start:]
        self._send(status, content, headers, fault)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"", {"X-Error-Code": code})

    def _send(self, status: int, body: bytes, headers: dict[str, str], fault: Fault = WELL) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: fault.cut_after])

    def log_message(self, *_: Any) -> None:
        pass
