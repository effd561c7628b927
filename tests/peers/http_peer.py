"""A scripted HTTP provider on loopback that counts what it was made to do.

An *effect* is a message it took responsibility for; a *transmission* is a body that was begun. It
speaks over raw sockets, one request per connection, so that an answer can be cut at any byte:

* `POST /messages` with `Idempotency-Key`, `Recipient` and the message as the body;
* `GET /messages/<key>` (class B only) says whether there is such a message.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, ClassVar, Self

from aicmo.gateways.contract import RepeatClass
from tests.peers.http_exchange import Exchange, Fault, Request, Watch


@dataclass(frozen=True)
class Effect:
    """at: seconds, by the peer's clock."""

    token: str
    recipient: str
    ref: str
    body: bytes
    at: float


class HttpPeer:
    """Runs while the context is open; one thread per connection.

    repeat_class: A knows a token again, B can be asked for it, C can do neither.
    faults: by number of the connection (from 1) or by token; the others work.
    token_lifetime: how long class A knows a token; then the same one has a second effect.
    visible_after: how long class B says that a message isn't there although it is.
    clock: seconds, for the two above.
    watch: called in the connection's thread at every stage of a transmission.
    """

    exchange: ClassVar[type[Exchange]] = Exchange

    def __init__(
        self,
        repeat_class: RepeatClass = RepeatClass.BLIND,
        faults: Mapping[int | str, Fault] | None = None,
        *,
        token_lifetime: timedelta = timedelta(hours=1),
        visible_after: timedelta = timedelta(),
        clock: Callable[[], float] = time.time,
        watch: Watch = lambda _stage, _request: None,
    ) -> None:
        self.repeat_class = repeat_class
        self.faults = dict(faults or {})
        self.token_lifetime, self.visible_after = token_lifetime, visible_after
        self.clock, self.watch = clock, watch
        self.applied: list[Effect] = []
        self.begun: list[Request] = []
        self.met: list[Fault] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.stopping = threading.Event()
        self._changed = threading.Condition()
        self._open = 0
        self._knocks: dict[int, threading.Event] = {}

    @property
    def address(self) -> tuple[str, int]:
        return self._listener.getsockname()

    @property
    def effects(self) -> Counter[str]:
        return Counter(effect.recipient for effect in self.applied)

    @property
    def transmissions(self) -> Counter[str]:
        return Counter(request.recipient for request in self.begun)

    @property
    def effects_by_token(self) -> Counter[str]:
        return Counter(effect.token for effect in self.applied)

    @property
    def transmissions_by_token(self) -> Counter[str]:
        return Counter(request.token for request in self.begun)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed:
            self._changed.wait_for(lambda: not self._open, timeout=10)

    def wait_until_idle(self) -> None:
        """Returns once everything that was on its way here has been dealt with.

        Connections are accepted in the order they came: one of our own shows that the earlier ones
        have been taken.
        """
        with socket.socket() as knock:
            knock.bind(("127.0.0.1", 0))
            answered = self._knocks.setdefault(knock.getsockname()[1], threading.Event())
            knock.connect(self.address)
            assert answered.wait(10), "the peer doesn't accept connections"
        with self._changed:
            assert self._changed.wait_for(lambda: not self._open, timeout=10), "a request hangs"

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, (_, port) = self._listener.accept()
            except OSError:
                return
            if knock := self._knocks.pop(port, None):
                connection.close()
                knock.set()
                continue
            self.connections += 1
            with self._changed:
                self._open += 1
            threading.Thread(
                target=self._serve, args=(connection, self.connections), daemon=True
            ).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(5)
        try:
            with connection, suppress(OSError):
                self.exchange(self, connection, number).run()
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    def take(self, request: Request) -> str:
        """Acts on a whole message; returns its reference."""
        with self._changed:
            now, kept = self.clock(), self.token_lifetime.total_seconds()
            if self.repeat_class is RepeatClass.REPEAT_SAFE:
                for effect in reversed(self.applied):
                    if effect.token == request.token and now < effect.at + kept:
                        return effect.ref
            ref = f"M{len(self.applied) + 1}"
            self.applied.append(Effect(request.token, request.recipient, ref, request.body, now))
            return ref

    def confirm(self, ref: str) -> dict[str, Any]:
        """The answer's JSON after an effect."""
        return {"id": ref}

    def look_up(self, request: Request) -> tuple[int, dict[str, Any]]:
        """The answer to a question: its status and JSON."""
        found = self.find(request.path.rpartition("/")[2])
        if self.repeat_class is not RepeatClass.READABLE:
            return 405, {}
        return (200, {"id": found}) if found else (404, {})

    def find(self, token: str) -> str:
        """The reference of a token's message, if it can be seen already."""
        seen = self.clock() - self.visible_after.total_seconds()
        refs = (each.ref for each in self.applied if each.token == token and each.at <= seen)
        return next(refs, "")
