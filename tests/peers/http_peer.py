"""A scripted HTTP provider on loopback that counts what it was made to do.

An *effect* is a message it took responsibility for; a *transmission* is a body that was begun. It
speaks over raw sockets, one request per connection, so that an answer can be cut at any byte:

* `POST /messages` with `Idempotency-Key`, `Recipient` and the message as the body;
* `GET /messages/<key>` (class B only) says whether there is such a message.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Literal, Self

from aicmo.gateways.contract import RepeatClass

Stage = Literal["head", "body", "applied", "answer"]
"""What has just happened to a request: read so far, read whole, acted on, half answered."""


@dataclass(frozen=True)
class Fault:
    """What the peer does with one connection instead of taking the message and saying so.

    at: how far it reads before it does the rest.
    applies: the message takes effect, if it was read to its end.
    delay: seconds it takes before that.
    status: the answer's status, with `headers`; 0 is the usual one.
    then: what becomes of the answer.
    """

    at: Literal["connect", "head", "body", "end"] = "end"
    applies: bool = False
    delay: float = 0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    then: Literal["answer", "close", "hang", "reset", "cut", "drip", "garbage", "twice"] = "answer"


WORKS = Fault(applies=True)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def token(self) -> str:
        return self.headers.get("idempotency-key", "")

    @property
    def recipient(self) -> str:
        return self.headers.get("recipient", "")

    @property
    def client(self) -> str:
        return self.headers.get("user-agent", "")


@dataclass(frozen=True)
class Effect:
    """at: seconds, by the peer's clock."""

    token: str
    recipient: str
    ref: str
    body: bytes
    at: float


Watch = Callable[[Stage, Request], None]


class HttpPeer:
    """Runs while the context is open; one thread per connection.

    repeat_class: A knows a token again, B can be asked for it, C can do neither.
    faults: by number of the connection (from 1) or by token; the others work.
    token_lifetime: how long class A knows a token; then the same one has a second effect.
    visible_after: how long class B says that a message isn't there although it is.
    clock: seconds, for the two above.
    watch: called in the connection's thread at every stage of a transmission.
    """

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
        self._stop = threading.Event()
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
        self._stop.set()
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
        while not self._stop.is_set():
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
                _Exchange(self, connection, number).run()
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

    def find(self, token: str) -> Effect | None:
        """The message of a token, if it can be seen already."""
        seen = self.clock() - self.visible_after.total_seconds()
        return next(
            (each for each in self.applied if each.token == token and each.at <= seen), None
        )


class _Exchange:
    """One connection: a request, and what becomes of it."""

    def __init__(self, peer: HttpPeer, connection: socket.socket, number: int) -> None:
        self.peer, self.connection = peer, connection
        self.fault = peer.faults.get(number)
        self.unread = b""

    def run(self) -> None:
        if self._fault_at("connect"):
            return
        head, _, self.unread = self._read_until(lambda read: b"\r\n\r\n" in read).partition(
            b"\r\n\r\n"
        )
        request = _request(head)
        self.fault = self.fault or self.peer.faults.get(request.token)
        if request.method == "GET":
            self._look_up(request)
        elif not self._fault_at("head"):
            self._take(request)

    def _look_up(self, request: Request) -> None:
        found = self.peer.find(request.path.rpartition("/")[2])
        if self.peer.repeat_class is not RepeatClass.READABLE:
            self._answer(405, {})
        elif found:
            self._answer(200, {"id": found.ref})
        else:
            self._answer(404, {})

    def _take(self, request: Request) -> None:
        length = int(request.headers["content-length"])
        self.unread = self._read_until(lambda read: len(read) > 0)
        self.peer.begun.append(request)
        self.peer.watch("head", request)
        if self._fault_at("body"):
            return
        body = self._read_until(lambda read: len(read) >= length)
        request = Request(request.method, request.path, request.headers, body)
        self.peer.watch("body", request)
        self._act(request)

    def _act(self, request: Request) -> None:
        fault = self.fault or WORKS
        self.peer._stop.wait(fault.delay)
        ref = self.peer.take(request) if fault.applies else ""
        self.peer.watch("applied", request)
        self._answer(200, {"id": ref} if ref else {}, lambda: self.peer.watch("answer", request))

    def _fault_at(self, place: str) -> bool:
        if self.fault is None or self.fault.at != place:
            return False
        self._answer(503, {})
        return True

    def _answer(
        self, status: int, content: dict[str, str], halfway: Callable[[], None] = lambda: None
    ) -> None:
        fault = self.fault or WORKS
        if self.fault:
            self.peer.met.append(self.fault)
        text = _response(fault.status or status, fault.headers, content)
        match fault.then:
            case "answer" | "twice":
                self.connection.sendall(text[:20])
                halfway()
                self.connection.sendall(text[20:] + (text if fault.then == "twice" else b""))
            case "cut":
                self.connection.sendall(text[:-8])
            case "garbage":
                self.connection.sendall(b"\x00\xff thanks\r\n\r\n")
            case "drip":
                self._drip()
            case "hang":
                self._hang()
            case "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            case "close":
                pass

    def _drip(self) -> None:
        self.connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not self.peer._stop.wait(0.02):
            self.connection.sendall(b"x")

    def _hang(self) -> None:
        """Until the client gives up."""
        while not self.peer._stop.is_set():
            if select.select([self.connection], [], [], 0.05)[0] and not self.connection.recv(4096):
                return

    def _read_until(self, is_enough: Callable[[bytes], bool]) -> bytes:
        while not is_enough(self.unread):
            received = self.connection.recv(65536)
            if not received:
                raise ConnectionError
            self.unread += received
        return self.unread


def _request(head: bytes) -> Request:
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return Request(method, path, {name.lower(): value.strip() for name, _, value in pairs})


def _response(status: int, headers: Mapping[str, str], content: dict[str, str]) -> bytes:
    body = json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} as scripted", f"Content-Length: {len(body)}"]
    lines += ["Connection: close", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
