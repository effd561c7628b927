"""A scripted SMTP server on loopback that counts what it was made to do.

An *effect* is a message it took responsibility for; a *transmission* is a body that was begun. Each
step of the dialogue can be answered with any reply, cut, reset, left hanging, or dripped out.
"""

from __future__ import annotations

import base64
import itertools
import socket
import ssl
import struct
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
    then: Literal["go on", "close", "reset", "hang", "drip"] = "go on"
    applies: bool = False


@dataclass(frozen=True)
class Script:
    """How the peer behaves.

    answers: at these steps; only in the transactions `faulty` (counted by MAIL from 1), or in all.
    recipients, dots: answers to RCPT and to the dot, by recipient.
    extensions: what EHLO offers besides.
    most_connections: at once; more are told to come back.
    invites_anyway: DATA is answered with 354 although nobody was accepted.
    delay: seconds before each reply. in_pieces: replies come byte by byte.
    """

    answers: Mapping[Step, Answer] = field(default_factory=dict)
    recipients: Mapping[str, str] = field(default_factory=dict)
    dots: Mapping[str, str] = field(default_factory=dict)
    mechanisms: str = ""
    offers_starttls: bool = False
    size: int = 0
    closes_after_messages: int = 0
    pipelining: bool = True
    extensions: tuple[str, ...] = ()
    faulty: frozenset[int] = frozenset()
    most_connections: int = 0
    invites_anyway: bool = False
    delay: float = 0
    in_pieces: bool = False


class _Cut(Exception):
    """The dialogue is over."""


class SmtpPeer:
    """Runs while the context is open; one thread per connection.

    impatient: commands followed by another one before their answer, although that isn't offered.
    ridden: dots that came with the next envelope.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        tls: TlsMode = "none",
        context: ssl.SSLContext | None = None,
        connections_allowed: int = 1,
    ) -> None:
        self.connections_allowed = connections_allowed
        self.script = script or Script()
        self.effects: Counter[str] = Counter()
        self.transmissions: Counter[str] = Counter()
        self.connections = 0
        self.open_connections: set[int] = set()
        self.most_open = 0
        self.transactions = itertools.count(1)
        self.impatient: list[str] = []
        self.ridden = 0
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
            connections=self.connections_allowed,
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
            # Three replies to one write would wait 40 ms for the client's delayed ACK.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        mine = id(connection)
        self.open_connections.add(mine)
        self.most_open = max(self.most_open, len(self.open_connections))
        try:
            with connection, suppress(OSError, _Cut):
                if self._tls == "implicit":
                    connection = self._secured(connection)
                with Dialogue(self, connection) as dialogue:
                    dialogue.run()
        finally:
            self.open_connections.discard(mine)

    def _secured(self, connection: socket.socket) -> socket.socket:
        assert self._context is not None
        return self._context.wrap_socket(connection, server_side=True)


class Dialogue:
    """One connection; leaving the context closes it, encrypted or not."""

    def __init__(self, peer: SmtpPeer, connection: socket.socket) -> None:
        self.peer, self.script, self.connection = peer, peer.script, connection
        self.unread = b""
        self.recipient = ""
        self.recipients: list[str] = []
        self.taken = 0
        self.transaction = 0
        self.encrypted = peer._tls == "implicit"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.connection.close()

    def run(self) -> None:
        if 0 < self.script.most_connections < len(self.peer.open_connections):
            self.say("421 4.7.0 too many connections")
            raise _Cut
        self.answer("connect", "220 peer ESMTP")
        while True:
            line = self.read_until(b"\r\n").decode()
            self.peer.commands.append(line)
            if self.unread and not self.script.pipelining:
                self.peer.impatient.append(line)
            verb, _, rest = line.partition(" ")
            getattr(self, f"on_{verb.lower()}", self.on_unknown)(rest)

    def on_unknown(self, rest: str) -> None:
        self.say("500 5.5.2 unknown")

    def on_ehlo(self, rest: str) -> None:
        extensions = ["peer", "ENHANCEDSTATUSCODES", *self.script.extensions]
        if self.script.pipelining:
            extensions.append("PIPELINING")
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
        if mechanism == "XOAUTH2":
            return self.take_token(base64.b64decode(initial).decode())
        if mechanism == "PLAIN":
            given = base64.b64decode(initial).decode().split("\0")[1:]
        else:
            given = [self.ask("VXNlcm5hbWU6"), self.ask("UGFzc3dvcmQ6")]
        good = "235 2.7.0 welcome" if given == [USER, PASSWORD] else "535 5.7.8 wrong"
        self.answer("AUTH", good)
        return None

    def take_token(self, given: str) -> None:
        if given == f"user={USER}\1auth=Bearer {PASSWORD}\1\1":
            self.answer("AUTH", "235 2.7.0 welcome")
        else:
            assert self.ask("eyJzdGF0dXMiOiI0MDEifQ==") == ""
            self.say("535 5.7.8 wrong token")

    def ask(self, prompt: str) -> str:
        self.say(f"334 {prompt}")
        return base64.b64decode(self.read_until(b"\r\n")).decode()

    def on_rset(self, rest: str) -> None:
        self.recipients.clear()
        self.answer("RSET", "250 2.0.0 Ok", of_next=True)

    def on_mail(self, rest: str) -> None:
        self.transaction = next(self.peer.transactions)
        self.recipients.clear()
        self.answer("MAIL", "250 2.1.0 Ok")

    def on_rcpt(self, rest: str) -> None:
        recipient = rest.partition("<")[2].partition(">")[0]
        answer = self.script.recipients.get(recipient, "250 2.1.5 Ok")
        if answer.startswith("250") and "RCPT" not in self.answers:
            self.recipients.append(recipient)
        self.answer("RCPT", answer)

    def on_data(self, rest: str) -> None:
        refuses = not self.recipients and not self.script.invites_anyway
        usual = "554 5.5.1 no valid recipients" if refuses else "354 go on"
        self.answer("DATA", usual)
        if not self.answers.get("DATA", Answer(usual)).reply.startswith("354"):
            return
        self.recipient = self.recipients[0] if self.recipients else ""
        self.read_some()
        self.peer.transmissions[self.recipient] += 1
        if "body" in self.answers:
            self.answer("body", "")
        body = self.read_until(b"\r\n.\r\n") + b"\r\n"
        self.peer.ridden += bool(self.unread)
        answer = self.answers.get("dot")
        refusal = self.script.dots.get(self.recipient, "")
        if (answer is None or answer.applies) and not refusal:
            self.apply(body)
        self.answer("dot", refusal or f"250 2.0.0 Ok: queued as Q{len(self.peer.messages)}")
        if self.taken == self.script.closes_after_messages > 0:
            raise _Cut

    def apply(self, body: bytes) -> None:
        self.taken += 1
        self.peer.messages.append(("\r\n" + body.decode()).replace("\r\n..", "\r\n.")[2:].encode())
        self.peer.effects.update(self.recipients)
        self.peer.after_effect(self.taken)

    def on_quit(self, rest: str) -> None:
        self.say("221 2.0.0 bye")
        raise _Cut

    @property
    def answers(self) -> Mapping[Step, Answer]:
        """What is different in this transaction."""
        is_faulty = not self.script.faulty or self.transaction in self.script.faulty
        return self.script.answers if is_faulty else {}

    def answer(self, step: Step, usual: str, *, of_next: bool = False) -> None:
        if of_next and self.script.faulty:
            is_faulty = self.transaction + 1 in self.script.faulty
            answer = self.script.answers.get(step) if is_faulty else None
        else:
            answer = self.answers.get(step)
        if answer is None:
            self.say(usual)
            return
        if answer.then == "drip":
            self.drip()
        if answer.reply:
            self.say(answer.reply)
        if answer.then == "hang":
            self.peer._stop.wait(5)
        if answer.then == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer.then in ("hang", "close", "reset"):
            raise _Cut

    def drip(self) -> None:
        while not self.peer._stop.is_set():
            self.connection.sendall(b"2")
            time.sleep(0.02)

    def say(self, reply: str) -> None:
        time.sleep(self.script.delay)
        text = reply.encode() + b"\r\n"
        for piece in (
            [text[at : at + 1] for at in range(len(text))] if self.script.in_pieces else [text]
        ):
            self.connection.sendall(piece)

    def read_until(self, end: bytes) -> bytes:
        while end not in self.unread:
            self.read_more()
        line, _, self.unread = self.unread.partition(end)
        return line

    def read_some(self) -> None:
        if not self.unread:
            self.read_more()

    def read_more(self) -> None:
        received = self.connection.recv(65536)
        if not received:
            raise _Cut
        self.unread += received
