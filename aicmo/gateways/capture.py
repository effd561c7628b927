"""A mail server of our own on loopback that keeps what it is sent: nothing leaves the machine."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Collection
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from aicmo.smtp_relay import SmtpRelay

_HOST = "127.0.0.1"
_LARGEST_MESSAGE = 32 * 1024 * 1024


class CaptureServer(AbstractContextManager["CaptureServer"]):
    """An SMTP server on a free loopback port, running while the context is open.

    folder: where each accepted message is written as `.eml`; made if it is missing.
    refused: addresses answered with 550 5.1.1, as a mailbox that doesn't exist.
    accepted: recipient and file of each accepted message, in order.
    """

    def __init__(self, folder: Path, *, refused: Collection[str] = ()) -> None:
        self.accepted: list[tuple[str, Path]] = []
        self._folder = folder
        self._number = 0
        self._refused = {address.lower() for address in refused}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None

    @property
    def relay(self) -> SmtpRelay:
        """Where to send to.

        Raises:
            RuntimeError: the context isn't open.
        """
        if self._server is None:
            msg = "the capture server isn't running"
            raise RuntimeError(msg)
        port = int(self._server.sockets[0].getsockname()[1])
        # By one connection, so that the files are numbered in the order of sending.
        return SmtpRelay(host=_HOST, port=port, tls="none", connections=1)

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._number = sum(1 for _ in self._folder.glob("*.eml"))
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._server = None

    async def handle_RCPT(  # noqa: N802  (aiosmtpd names its hooks so)
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _rcpt_options: list[str],
    ) -> str:
        if address.lower() in self._refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient accepted"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        message = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            self.accepted.append((recipient, self._keep(recipient, message)))
        return f"250 2.0.0 Ok: queued as {self.accepted[-1][1].stem[:4]}"

    def _keep(self, recipient: str, message: bytes) -> Path:
        self._number += 1
        readable = re.sub(r"[^a-z0-9.-]+", "-", recipient.lower().replace("@", "-at-"))[:80]
        path = self._folder / f"{self._number:04d}-{readable}.eml"
        with path.open("xb") as file:
            file.write(message)
        return path

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(self._make_protocol, _HOST, 0)

    def _make_protocol(self) -> SMTP:
        return SMTP(
            self,
            hostname="localhost",
            ident="AICMO capture",
            data_size_limit=_LARGEST_MESSAGE,
            loop=self._loop,
        )

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
