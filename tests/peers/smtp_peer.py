"""A scripted SMTP server on loopback that counts what it was made to do.

An *effect* is a message it took responsibility for; a *transmission* is a body that was begun. Each
step of the dialogue can be answered with any reply, cut, left hanging, or dripped out.
"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from pydantic import SecretStr

from aicmo.smtp_relay import SmtpRelay, TlsMode

USER, PASSWORD = "postbox", "canary-pässword"
Step = Literal["connect", "EHLO", "STARTTLS", "AUTH", "RSET", "MAIL", "RCPT", "DATA", "body", "dot"]


@dataclass(frozen=True)
class Answer:
    """What the peer does at one step instead of the usual.

    then: what follows the reply, if there is one.
    applies: at the dot, the message has taken effect first.
    """

    reply: str = ""
    then: Literal["go on", "close", "hang", "drip"] = "go on"
    applies: bool = False


@dataclass(frozen=True)
class Script:
    answers: Mapping[Step, Answer] = field(default_factory=dict)
    recipients: Mapping[str, str] = field(default_factory=dict)
    mechanisms: str = ""
    offers_starttls: bool = False
    size: int = 0
    closes_after_messages: int = 0


class _Cut(Exception):
    """The dialogue is over."""


class SmtpPeer:
    """Runs while the context is open; one thread per connection."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        tls: TlsMode = "none",
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.script = script or Script()
        self.effects: Counter[str] = Counter()
        self.transmissions: Counter[str] = Counter()
        self.connections = 0
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        self.after_effect: Callable[[int], object] = lambda _: None
        self._tls, self._context = tls, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def relay(self) -> SmtpRelay:
        port = self._listener.getsockname()[1]
        with_login = self.script.mechanisms or "AUTH" in self.script.answers
        return SmtpRelay(
            host="127.0.0.1",
            port=port,
            tls=self._tls,
            username=USER if with_login else "",
            password=SecretStr(PASSWORD if with_login else ""),
        )

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop_listening()
        for thread in self._threads:
            thread.join()

    def stop_listening(self) -> None:
        """Lets nobody in any more; those who are inside go on."""
        if not self._stop.is_set():
            self._stop.set()
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection, suppress(OSError, _Cut):
            if self._tls == "implicit":
                connection = self._secured(connection)
            with Dialogue(self, connection) as dialogue:
                dialogue.run()

    def _secured(self, connection: socket.socket) -> socket.socket:
        assert self._context is not None
        return self._context.wrap_socket(connection, server_side=True)


class Dialogue:
    """One connection; leaving the context closes it, encrypted or not."""

    def __init__(self, peer: SmtpPeer, connection: socket.socket) -> None:
        self.peer, self.script, self.connection = peer, peer.script, connection
        self.unread = b""
        self.recipient = ""
        self.taken = 0
        self.encrypted = peer._tls == "implicit"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.connection.close()

    def run(self) -> None:
        self.answer("connect", "220 peer ESMTP")
        while True:
            line = self.read_until(b"\r\n").decode()
            self.peer.commands.append(line)
            verb, _, rest = line.partition(" ")
            getattr(self, f"on_{verb.lower()}", self.on_unknown)(rest)

    def on_unknown(self, rest: str) -> None:
        self.say("500 5.5.2 unknown")

    def on_ehlo(self, rest: str) -> None:
        extensions = ["peer", "ENHANCEDSTATUSCODES"]
        if self.script.offers_starttls and not self.encrypted:
            extensions.append("STARTTLS")
        if self.script.mechanisms:
            extensions.append(f"AUTH {self.script.mechanisms}")
        if self.script.size:
            extensions.append(f"SIZE {self.script.size}")
        last = extensions.pop()
        self.answer("EHLO", "\r\n".join([*(f"250-{name}" for name in extensions), f"250 {last}"]))

    def on_starttls(self, rest: str) -> None:
        self.answer("STARTTLS", "220 2.0.0 go ahead")
        self.connection = self.peer._secured(self.connection)
        self.encrypted = True

    def on_auth(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        if mechanism == "PLAIN":
            given = base64.b64decode(initial).decode().split("\0")[1:]
        else:
            given = [self.ask("VXNlcm5hbWU6"), self.ask("UGFzc3dvcmQ6")]
        good = "235 2.7.0 welcome" if given == [USER, PASSWORD] else "535 5.7.8 wrong"
        self.answer("AUTH", good)

    def ask(self, prompt: str) -> str:
        self.say(f"334 {prompt}")
        return base64.b64decode(self.read_until(b"\r\n")).decode()

    def on_rset(self, rest: str) -> None:
        self.recipient = ""
        self.answer("RSET", "250 2.0.0 Ok")

    def on_mail(self, rest: str) -> None:
        self.answer("MAIL", "250 2.1.0 Ok")

    def on_rcpt(self, rest: str) -> None:
        self.recipient = rest.partition("<")[2].partition(">")[0]
        self.answer("RCPT", self.script.recipients.get(self.recipient, "250 2.1.5 Ok"))

    def on_data(self, rest: str) -> None:
        self.answer("DATA", "354 go on")
        if not self.script.answers.get("DATA", Answer("354")).reply.startswith("354"):
            return
        self.peer.transmissions[self.recipient] += 1
        if "body" in self.script.answers:
            self.connection.recv(64)
            self.answer("body", "")
        body = self.read_until(b"\r\n.\r\n") + b"\r\n"
        answer = self.script.answers.get("dot")
        if answer is None or answer.applies:
            self.apply(body)
        self.answer("dot", f"250 2.0.0 Ok: queued as Q{len(self.peer.messages)}")
        if self.taken == self.script.closes_after_messages > 0:
            raise _Cut

    def apply(self, body: bytes) -> None:
        self.taken += 1
        self.peer.messages.append(("\r\n" + body.decode()).replace("\r\n..", "\r\n.")[2:].encode())
        self.peer.effects[self.recipient] += 1
        self.peer.after_effect(self.taken)

    def on_quit(self, rest: str) -> None:
        self.say("221 2.0.0 bye")
        raise _Cut

    def answer(self, step: Step, usual: str) -> None:
        answer = self.script.answers.get(step)
        if answer is None:
            self.say(usual)
            return
        if answer.then == "drip":
            self.drip()
        if answer.reply:
            self.say(answer.reply)
        if answer.then == "hang":
            self.peer._stop.wait(5)
        if answer.then in ("hang", "close"):
            raise _Cut

    def drip(self) -> None:
        while not self.peer._stop.is_set():
            self.connection.sendall(b"2")
            time.sleep(0.02)

    def say(self, reply: str) -> None:
        self.connection.sendall(reply.encode() + b"\r\n")

    def read_until(self, end: bytes) -> bytes:
        while end not in self.unread:
            received = self.connection.recv(65536)
            if not received:
                raise _Cut
            self.unread += received
        line, _, self.unread = self.unread.partition(end)
        return line
