"""What stands around every request: its limits, the headers of its answer, and a line in the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aicmo.redaction import describe
from aicmo.web.pages import sorry_page

LARGEST_BODY = 4096
REQUEST_SECONDS = 20.0
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_PLACES = ("/u/", "/p/")
_log = logging.getLogger("aicmo.web")


class Protection:
    """Wraps an application: whatever happens inside, the answer is safe and the log names nobody.

    seconds: how long a request may take, its body and the database included; of a download, the
        time to its first piece and between two of them.
    """

    def __init__(self, app: ASGIApp, *, seconds: float = REQUEST_SECONDS) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, answer = time.monotonic(), _Answer(send)
        try:
            async with asyncio.timeout(self._seconds) as limit:
                answer.progress = partial(_renew, limit, self._seconds)
                await self._app(scope, receive, answer.send)
        except TimeoutError:
            _log.warning("a request took longer than %g s", self._seconds)
            await answer.apologise(scope, receive)
        except Exception as error:  # noqa: BLE001  (the last place before the server's own log)
            _log.error("a request failed: %s", describe(error))
            await answer.apologise(scope, receive)
        _log_line(scope, answer.status, time.monotonic() - began)


async def read_body(request: Request) -> None:
    """Reads the body away, since what it says doesn't matter.

    Raises:
        HTTPException: it is larger than 4 KiB.
    """
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise HTTPException(413, "The request is too large", {"connection": "close"})


@dataclass
class _Answer:
    """The way back to the client; status: 0 until the answer has begun.

    progress: called when a piece of a longer answer has been taken.
    """

    _send: Send
    status: int = 0
    progress: Callable[[], None] = lambda: None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)
        if message.get("more_body"):
            self.progress()

    async def apologise(self, scope: Scope, receive: Receive) -> None:
        """Says sorry unless an answer has begun."""
        if not self.status:
            await sorry_page()(scope, receive, self.send)


def _renew(limit: asyncio.Timeout, seconds: float) -> None:
    limit.reschedule(asyncio.get_running_loop().time() + seconds)


def _log_line(scope: Scope, status: int, seconds: float) -> None:
    """The address only as far as it says nothing about a person, and nobody's network address."""
    path: str = scope.get("path", "")
    shown = path if path == "/healthz" else f"{path[:3]}…" if path[:3] in _PLACES else "…"
    level = logging.DEBUG if shown == "/healthz" and status == 200 else logging.INFO  # noqa: PLR2004
    _log.log(level, "%s %s %d %d ms", scope.get("method", "")[:16], shown, status, seconds * 1000)
