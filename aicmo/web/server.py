"""Runs the web application on one address until it is told to stop."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from aicmo.errors import FixConfiguration

_LARGEST_HEAD = 16 * 1024
_CONNECTIONS = 200
_GRACE_SECONDS = 10


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one.

    Raises:
        FixConfiguration: the address is somebody else's, or no address of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = found[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        raise FixConfiguration(
            f"Nothing can listen at {host} port {port}: {getattr(error, 'strerror', error)}",
            next_step="Name another one with --host and --port.",
        ) from None


def server(app: ASGIApp) -> uvicorn.Server:
    """Told to stop, it finishes within 10 s what is under way."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.WARNING,
        # Its own log would name tokens; behind a proxy, whose address it is doesn't matter either.
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return uvicorn.Server(config)


def run(app: ASGIApp, listener: socket.socket) -> None:
    """Answers requests until SIGINT or SIGTERM."""
    # The signal that ended it is raised once more when all is done.
    with suppress(KeyboardInterrupt):
        server(app).run(sockets=[listener])
