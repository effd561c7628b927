"""A reverse proxy on loopback that loses what a healthy server and a quiet line never lose."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Loss:
    """What becomes of the `number`-th request (from 1) of this method whose path begins like this.

    killed: its connection is closed before the server sees it. Otherwise the server acts, and its
    answer is lost, is cut short, or comes `seconds` late.
    """

    kind: Literal["killed", "lost", "cut", "late"]
    method: str
    path: str
    number: int = 1
    seconds: float = 0

    def concerns(self, request: str) -> bool:
        return request.startswith(f"{self.method} {self.path}")


class LossyProxy:
    """In front of the server at `server_url`; add to `losses` at any time.

    seen: every request so far, as "POST /path?query". acted: set once the server has acted on a request
    whose answer is lost, cut or late. Bodies must say their length.
    """

    def __init__(self, server_url: str, losses: Iterable[Loss]) -> None:
        self.url, self.server = "", urlsplit(server_url).netloc
        self.losses = list(losses)
        self.seen: list[str] = []
        self.acted = threading.Event()
        self.stopping = threading.Event()
        self._lock = threading.Lock()

    def take(self, request: str) -> Loss | None:
        """Counts the request; what is to be lost of it."""
        with self._lock:
            self.seen.append(request)
            due = (each for each in self.losses if each.concerns(request))
            return next((each for each in due if self._count(each) == each.number), None)

    def _count(self, loss: Loss) -> int:
        return sum(map(loss.concerns, self.seen))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: LossyProxy

    def relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        loss = self.proxy.take(f"{self.command} {self.path}")
        self.close_connection = self.close_connection or loss is not None
        if loss and loss.kind == "killed":
            return
        answer = self.ask_server(body)
        if loss:
            answer = self.lose(loss, answer)
        with suppress(ConnectionError):  # the client has given up
            self.wfile.write(answer)

    def lose(self, loss: Loss, answer: bytes) -> bytes:
        """What is left of the answer."""
        self.proxy.acted.set()
        if loss.kind == "late":
            self.proxy.stopping.wait(loss.seconds)
        return {"lost": b"", "cut": answer[:-8], "late": answer}[loss.kind]

    def ask_server(self, body: bytes) -> bytes:
        connection = HTTPConnection(self.proxy.server)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return _head(answer, len(content)) + content

    def log_message(self, *_: Any) -> None:
        return


def _head(answer: HTTPResponse, length: int) -> bytes:
    kept = [each for each in answer.getheaders() if each[0].lower() not in _OF_ONE_CONNECTION]
    if answer.status != 204:
        kept.append(("Content-Length", str(length)))
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{n}: {v}" for n, v in kept)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@contextmanager
def lossy_proxy(server_url: str, *losses: Loss) -> Iterator[LossyProxy]:
    """The proxy, which loses nothing but these."""
    proxy = LossyProxy(server_url, losses)
    methods = {f"do_{each}": _Handler.relay for each in _METHODS}
    handler = type("Handler", (_Handler,), {"proxy": proxy, **methods})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listener:
        proxy.url = f"http://127.0.0.1:{listener.server_port}"
        threading.Thread(target=listener.serve_forever, args=(0.01,)).start()
        try:
            yield proxy
        finally:
            proxy.stopping.set()
            listener.shutdown()
