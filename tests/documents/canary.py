"""A server on loopback that remembers who called: a renderer must never be among them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Canary:
    """port: where it listens; hits: the paths that were asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.hits: list[str] = []


@contextmanager
def listening() -> Iterator[Canary]:
    """A canary for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            canary.hits.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing: the hits are the record."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    canary = Canary(server.server_port)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield canary
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
