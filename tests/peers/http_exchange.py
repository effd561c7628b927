"""One connection to the scripted provider of `http_peer`: a request, and what becomes of it."""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

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
    content: the answer's JSON instead of the usual one.
    then: what becomes of the answer.
    """

    at: Literal["connect", "head", "body", "end"] = "end"
    applies: bool = False
    delay: float = 0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    content: dict[str, Any] | None = None
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


Watch = Callable[[Stage, Request], None]


class Peer(Protocol):
    """What a connection asks of the provider and tells it; see `HttpPeer`."""

    repeat_class: RepeatClass
    faults: dict[int | str, Fault]
    watch: Watch
    stopping: threading.Event
    begun: list[Request]
    met: list[Fault]

    def take(self, request: Request) -> str: ...
    def confirm(self, ref: str) -> dict[str, Any]: ...
    def look_up(self, request: Request) -> tuple[int, dict[str, Any]]: ...


class Exchange:
    """One connection: a request, and what becomes of it."""

    def __init__(self, peer: Peer, connection: socket.socket, number: int) -> None:
        self.peer, self.connection = peer, connection
        self.fault = peer.faults.get(number)
        self.unread = b""

    def run(self) -> None:
        if self._fault_at("connect"):
            return
        head, _, self.unread = self._read_until(lambda read: b"\r\n\r\n" in read).partition(
            b"\r\n\r\n"
        )
        request = read_request(head)
        self.fault = self.fault or self.peer.faults.get(request.token)
        if request.method == "GET":
            self._answer(*self.peer.look_up(request))
        elif not self._fault_at("head"):
            self._take(request)

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
        self.peer.stopping.wait(fault.delay)
        ref = self.peer.take(request) if fault.applies else ""
        self.peer.watch("applied", request)
        content = self.peer.confirm(ref) if ref else {}
        self._answer(200, content, lambda: self.peer.watch("answer", request))

    def _fault_at(self, place: str) -> bool:
        if self.fault is None or self.fault.at != place:
            return False
        self._answer(503, {})
        return True

    def _answer(
        self,
        status: int,
        content: Mapping[str, Any] | list[Any] | None,
        halfway: Callable[[], None] = lambda: None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        fault = self.fault or WORKS
        if self.fault:
            self.peer.met.append(self.fault)
        said = content if fault.content is None else fault.content
        text = _response(fault.status or status, {**(headers or {}), **fault.headers}, said)
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
        while not self.peer.stopping.wait(0.02):
            self.connection.sendall(b"x")

    def _hang(self) -> None:
        """Until the client gives up."""
        while not self.peer.stopping.is_set():
            if select.select([self.connection], [], [], 0.05)[0] and not self.connection.recv(4096):
                return

    def _read_until(self, is_enough: Callable[[bytes], bool]) -> bytes:
        while not is_enough(self.unread):
            received = self.connection.recv(65536)
            if not received:
                raise ConnectionError
            self.unread += received
        return self.unread


def read_request(head: bytes) -> Request:
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return Request(method, path, {name.lower(): value.strip() for name, _, value in pairs})


def _response(status: int, headers: Mapping[str, str], content: object) -> bytes:
    body = b"" if content is None else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} as scripted", f"Content-Length: {len(body)}"]
    lines += ["Connection: close", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
