"""A socket that never waits: what can't be written now is kept, what has come is read as replies."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector

from aicmo.gateways.smtp_reader import ReplyReader

_MUCH = 65536
_NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SmtpSocket:
    """One connection, encrypted or not, watched by a selector whose key's data is `owner`."""

    __slots__ = ("_is_watched_for_writing", "_reader", "_selector", "_socket", "_unsent", "owner")

    def __init__(self, connection: socket.socket, selector: BaseSelector, owner: object) -> None:
        connection.setblocking(False)
        self._socket, self._selector, self.owner = connection, selector, owner
        self._reader = ReplyReader()
        self._unsent: memoryview | None = None
        self._is_watched_for_writing = False
        selector.register(connection, EVENT_READ, owner)

    @property
    def is_drained(self) -> bool:
        """Everything is on its way."""
        return self._unsent is None

    @property
    def has_rest(self) -> bool:
        """A reply has begun that isn't whole yet."""
        return self._reader.has_rest

    def write(self, data: bytes) -> None:
        """Sends what can be sent at once, and keeps the rest.

        Raises:
            OSError: the connection has ended.
        """
        if self._unsent is not None:
            data = self._unsent.tobytes() + data
        self._send(memoryview(data))

    def flush(self) -> None:
        """Goes on with what was kept.

        Raises:
            OSError: the connection has ended.
        """
        if self._unsent is not None:
            self._send(self._unsent)

    def _send(self, data: memoryview) -> None:
        try:
            sent = self._socket.send(data)
        except _NOT_NOW:
            sent = 0
        self._unsent = data[sent:] if sent < len(data) else None
        if (self._unsent is not None) != self._is_watched_for_writing:
            self._is_watched_for_writing = self._unsent is not None
            events = EVENT_READ | EVENT_WRITE if self._is_watched_for_writing else EVENT_READ
            self._selector.modify(self._socket, events, self.owner)

    def read(self) -> list[tuple[int, bytes]]:
        """The replies that are whole now.

        Raises:
            EOFError: the server closed the connection.
            OSError: the connection has ended.
        """
        received = b""
        with suppress(*_NOT_NOW):
            received = self._socket.recv(_MUCH)
            if not received:
                raise EOFError
            while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
                received += self._socket.recv(_MUCH)  # what is decrypted, no selector tells of
        return self._reader.take(received) if received else []

    def close(self) -> None:
        self._selector.unregister(self._socket)
        self._socket.close()
