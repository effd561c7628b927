"""`aicmo serve`: the web process, where contacts leave and clients open their packages."""

from __future__ import annotations

import signal
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.console import plain, to_stderr
from aicmo.cli.ledger import open_ledger

if TYPE_CHECKING:
    import socket


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen at; 0 takes a free one.")
    ] = 8025,
) -> None:
    """Answer unsubscribe links and links to packages, until Ctrl-C; behind a proxy with TLS."""
    from aicmo.web.app import create_app
    from aicmo.web.server import listen, run

    database = open_ledger()
    _log_to_stderr()
    # The status of a command that did what it was for.
    signal.signal(signal.SIGTERM, _end)
    with listen(host, port) as listener:
        _show_address(listener)
        run(create_app(database), listener)
    to_stderr().print("Stopped.")


def _end(*_: object) -> None:
    raise SystemExit(0)


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("aicmo.web").setLevel(logging.INFO)


def _show_address(listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    console = to_stderr()
    console.print(plain(f"Listening at http://{shown}:{port}. Ctrl-C stops it.", "bold"))
    if not ip_address(host).is_loopback:
        warning = "Without TLS, and other machines can reach it: only a proxy should be able to."
        console.print(plain(warning, "yellow"), soft_wrap=True)
    lines = (
        "Put a proxy with TLS in front of it, for example nginx or Caddy (docs/operating.md), and",
        "write its address into brand.unsubscribe_url: https://mail.example.com/u/{token}",
        "and, for links to packages, into AICMO_SERVE_URL: https://mail.example.com",
    )
    for line in lines:
        console.print(plain(line), soft_wrap=True)
