"""Faults that a healthy S3 server doesn't show: a lost answer, a race, on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.peers.s3_servers import S3Server


@contextmanager
def answering_puts(statuses: list[int]) -> Iterator[tuple[S3Server, list[bytes]]]:
    """A peer that answers puts with these statuses, one after the other, and keeps the bodies."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            status = statuses[len(bodies) - 1]
            error = b"<Error><Code>ConditionalRequestConflict</Code></Error>"
            body = error if status == 409 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as peer:
        threading.Thread(target=peer.serve_forever, args=(0.01,)).start()
        url = f"http://127.0.0.1:{peer.server_address[1]}"
        try:
            yield S3Server("scripted", url, "key", "secret"), bodies
        finally:
            peer.shutdown()


class LossyRelay:
    """Between a client and a server; drops the connection instead of passing on the first 200."""

    def __init__(self, listener: socket.socket, server_url: str) -> None:
        self.listener, self.server = listener, urlsplit(server_url)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.methods: list[str] = []
        self.lost = threading.Event()

    def relay(self) -> None:
        while client := accept(self.listener):
            server = socket.create_connection((self.server.hostname, self.server.port))
            for pump in (self.pass_requests, self.pass_answers):
                threading.Thread(target=pump, args=(client, server), daemon=True).start()

    def pass_requests(self, client: socket.socket, server: socket.socket) -> None:
        while data := receive(client):
            word = data.split(b" ", 1)[0]
            if word in {b"PUT", b"HEAD", b"GET"}:
                self.methods.append(word.decode())
            server.sendall(data)
        server.close()

    def pass_answers(self, client: socket.socket, server: socket.socket) -> None:
        while data := receive(server):
            if b"HTTP/1.1 200" in data and not self.lost.is_set():
                self.lost.set()
                break
            client.sendall(data)
        client.shutdown(socket.SHUT_RDWR)
        client.close()


@contextmanager
def losing_first_answer(server_url: str) -> Iterator[LossyRelay]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = LossyRelay(listener, server_url)
        threading.Thread(target=relay.relay, daemon=True).start()
        yield relay
        listener.shutdown(socket.SHUT_RDWR)


def accept(listener: socket.socket) -> socket.socket | None:
    try:
        return listener.accept()[0]
    except OSError:
        return None


def receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""
