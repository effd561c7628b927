"""The web application on a loopback port, as `aicmo serve` runs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from starlette.types import ASGIApp

from aicmo.database import Database
from aicmo.web.app import create_app
from aicmo.web.server import listen, server


@contextmanager
def serving(database: Database) -> Iterator[httpx.Client]:
    """A client of the application; nothing is followed, and nothing is kept between requests."""
    with serving_app(create_app(database)) as client:
        yield client


@contextmanager
def serving_app(app: ASGIApp) -> Iterator[httpx.Client]:
    listener, web = listen("127.0.0.1", 0), server(app)
    thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not web.started:
        time.sleep(0.01)
    host, port = listener.getsockname()
    try:
        with httpx.Client(base_url=f"http://{host}:{port}", trust_env=False, timeout=60) as client:
            yield client
    finally:
        web.should_exit = True
        thread.join()
