"""Waits on this machine for the browser that a network sends back (RFC 8252 §7.3), for one answer."""

from __future__ import annotations

import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

from aicmo.errors import AicmoError, FixInput, TryLater
from aicmo.gateways.oauth import Consent
from aicmo.smtp_relay import is_loopback

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f4f5f7;
  color: #1c2430; font: 17px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }}
main {{ max-width: 26rem; margin: 1.5rem; padding: 2rem 2.25rem; background: #fff;
  border-radius: 12px; box-shadow: 0 1px 3px rgb(16 24 40 / .12); }}
h1 {{ margin: 0 0 .5rem; font-size: 1.35rem; line-height: 1.3; }}
p {{ margin: 0; color: #4a5565; overflow-wrap: anywhere; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #12151b; color: #e7eaf0; }}
  main {{ background: #1b2029; }} p {{ color: #a3acbd; }} }}
</style></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


def is_here(redirect: str) -> bool:
    """Whether a browser that is sent there comes back to this machine."""
    parts = urlsplit(redirect)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


class Loopback:
    """Listens while the context is open, at the redirect address alone.

    Raises:
        FixInput: its port is taken.
    """

    def __init__(self, redirect: str) -> None:
        parts = urlsplit(redirect)
        self._path, port = parts.path or "/", parts.port or 80
        try:
            self._server = _Server(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise FixInput(
                f"Port {port} can't be listened at: {error.strerror}",
                next_step="Name another one: `--redirect http://127.0.0.1:8766/callback`, which the "
                "network has to know as well.",
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.server_close()

    def wait(self, consent: Consent, seconds: float) -> str:
        """The code of the first answer that comes.

        Raises:
            FixAccount, FixInput: see `Consent.code_in`.
            TryLater: none comes within that time.
        """
        server, deadline = self._server, time.monotonic() + seconds
        server.path, server.consent = self._path, consent
        while server.code is None and server.error is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TryLater(
                    f"No answer came within {seconds / 60:.0f} minutes",
                    next_step="Begin again; where the browser is on another machine, add --paste.",
                )
            server.timeout = left
            server.handle_request()
        if server.error is not None:
            raise server.error
        return server.code or ""


class _Server(HTTPServer):
    path = "/"
    consent: Consent | None = None
    code: str | None = None
    error: AicmoError | None = None

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is nobody's news; the usual text would show the address it asked."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self) -> None:
        server = cast("_Server", self.server)
        if urlsplit(self.path).path != server.path or server.consent is None:
            self._answer(HTTPStatus.NOT_FOUND, "Nothing is here", "This address takes one log-in.")
            return
        try:
            code = server.consent.code_in(self.path)
        except AicmoError as error:
            text = "You can close this window; the terminal says what to do."
            self._answer(HTTPStatus.BAD_REQUEST, "The log-in didn’t work", text)
            server.error = error
            return
        text = "The log-in goes on in the terminal."
        self._answer(HTTPStatus.OK, "You can close this window", text)
        server.code = code

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
        """Nothing: the address holds the code."""

    def _answer(self, status: HTTPStatus, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
