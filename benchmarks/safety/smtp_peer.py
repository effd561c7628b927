"""A mail relay on raw sockets that counts effects and misbehaves on schedule (RFC 5321).

One port per sender, so that it is known whose connection it is. A message counts as an effect when
its final dot has arrived, whether or not anybody is there to hear the answer.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Self

from benchmarks.safety.schedule import Fault, Step
from benchmarks.safety.witness import Pace, Witness

HOST = "127.0.0.1"
SENDERS = 2
_NUMBER = re.compile(r"<person(\d+)@")
_HANG_SECONDS = 8.0  # longer than any client waits
_IDLE_SECONDS = 120.0


class _Over(Exception):
    """The conversation ends here."""


class SmtpPeer:
    """The relay; a context manager. `ports[slot]` is where the sender of that slot connects."""

    def __init__(self, witness: Witness) -> None:
        self.witness, self.pace = witness, Pace()
        self._listeners = [socket.create_server((HOST, 0), backlog=128) for _ in range(SENDERS)]
        self.ports = [listener.getsockname()[1] for listener in self._listeners]
        self._open: set[socket.socket] = set()
        self.stopping = threading.Event()

    def __enter__(self) -> Self:
        for slot, listener in enumerate(self._listeners):
            threading.Thread(target=self._accept, args=(listener, slot), daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stopping.set()
        for opened in (*self._listeners, *tuple(self._open)):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def _accept(self, listener: socket.socket, slot: int) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, slot), daemon=True).start()

    def _serve(self, connection: socket.socket, slot: int) -> None:
        connection.settimeout(_IDLE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add(connection)
        with connection, suppress(OSError, _Over):
            _Conversation(self, connection, slot).run()
        self._open.discard(connection)


class _Conversation:
    def __init__(self, peer: SmtpPeer, connection: socket.socket, slot: int) -> None:
        self.peer, self.witness = peer, peer.witness
        self.connection, self.slot = connection, slot
        self.unread = b""
        self.number = 0
        self.fault: Fault | None = None

    def run(self) -> None:
        self.reach("connect")
        self.say("220 relay ESMTP")
        while True:
            verb, _, rest = self.read_until(b"\r\n").decode().partition(" ")
            getattr(self, f"on_{verb.lower()}", self.on_other)(rest)

    def on_other(self, _rest: str) -> None:
        self.say("500 5.5.2 unknown")

    def on_ehlo(self, _rest: str) -> None:
        self.say("250-relay\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME")

    def on_rset(self, _rest: str) -> None:
        self.say("250 2.0.0 Ok")

    on_noop = on_rset

    def on_quit(self, _rest: str) -> None:
        self.say("221 2.0.0 bye")
        raise _Over

    def on_mail(self, _rest: str) -> None:
        self.peer.pace.wait()
        self.witness.begin()
        self.reach("mail")
        self.say("250 2.1.0 Ok")

    def on_rcpt(self, rest: str) -> None:
        found = _NUMBER.search(rest)
        self.number = int(found[1]) if found else 0
        self.fault = self.witness.fault(self.number)
        if self.fault is Fault.GREYLIST:
            self.say("451 4.7.1 Greylisted, try again later")
        elif self.fault is Fault.REFUSE:
            self.say("550 5.1.1 No such mailbox")
        else:
            self.say("250 2.1.5 Ok")

    def on_data(self, _rest: str) -> None:
        began = time.monotonic()
        self.reach("data")
        if self.fault is Fault.CUT:
            raise _Over
        self.say("354 go on")
        self.receive(1)
        self.reach("body")
        body = self.read_until(b"\r\n.\r\n")
        edited = re.search(rb"(?mi)^Subject: Edited", body) is not None
        self.witness.take(self.number, began, edited=edited)
        self.reach("dot")
        self.answer_or_not()
        self.reach("answer")

    def answer_or_not(self) -> None:
        if self.fault is Fault.CLOSE:
            raise _Over
        if self.fault is Fault.RESET:
            now = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            raise _Over
        if self.fault is Fault.SLOW:
            self.connection.settimeout(_HANG_SECONDS)
            while self.connection.recv(4096):
                pass
            raise _Over
        self.say("250 2.0.0 Ok: queued")

    def reach(self, step: Step) -> None:
        if self.witness.reach(step, self.slot):
            raise _Over

    def say(self, reply: str) -> None:
        self.connection.sendall(reply.encode() + b"\r\n")

    def receive(self, at_least: int) -> None:
        while len(self.unread) < at_least:
            received = self.connection.recv(65536)
            if not received:
                raise _Over
            self.unread += received

    def read_until(self, end: bytes) -> bytes:
        while end not in self.unread:
            self.receive(len(self.unread) + 1)
        line, _, self.unread = self.unread.partition(end)
        return line
