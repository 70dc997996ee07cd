"""A receiver of webhooks on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import socket
import socketserver
import threading
from collections import Counter


class Receiver:
    """Keeps each request in `got`; answers with the given `statuses` in turn, then with 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class SlowReceiver:
    """Answers each message with `begin`, then with `drip` again and again; once it is released, with 200 at once."""

    def __init__(self, begin: bytes = b"", drip: bytes = b"", address: str = "127.0.0.1") -> None:
        self.held: Counter[str] = Counter()  # id → connections that wait for their answer
        self.most_held: Counter[str] = Counter()
        self.answered: list[str] = []
        self._released = threading.Event()
        self._lock = threading.Lock()
        receiver = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                message_id = _message_id(self.request)
                with receiver._lock:
                    receiver.held[message_id] += 1
                    receiver.most_held[message_id] = max(receiver.most_held[message_id], receiver.held[message_id])
                try:
                    self.answer(message_id)
                except OSError:
                    pass  # the sender has gone
                finally:
                    with receiver._lock:
                        receiver.held[message_id] -= 1

            def answer(self, message_id: str) -> None:
                if not receiver._released.is_set():
                    self.request.sendall(begin)
                    while not receiver._released.wait(0.02):
                        self.request.sendall(drip)
                    if begin or drip:
                        return
                self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                receiver.answered.append(message_id)

        class Server(socketserver.ThreadingTCPServer):
            request_queue_size = 100
            daemon_threads = True

        self._server = Server((address, 0), Handler)
        self.address = f"{address}:{self._server.server_address[1]}"
        self.url = f"http://{self.address}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def release(self) -> None:
        self._released.set()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()


def _message_id(connection: socket.socket) -> str:
    """Return the id of a message from the head of its request; "" where it cannot be read, as in TLS."""
    head = connection.recv(65_536)
    while b"\r\n\r\n" not in head and (more := connection.recv(65_536)):
        head += more
    for line in head.decode("latin1").splitlines():
        name, _, value = line.partition(": ")
        if name.lower() == "webhook-id":
            return value
    return ""


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Check a signature as Standard Webhooks tells receivers to do it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, given) for given in headers["webhook-signature"].split(" "))
