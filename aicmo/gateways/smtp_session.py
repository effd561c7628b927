"""A new SMTP connection, until it can take messages: greeting, encryption, log-in.

The commands are `smtplib`'s, with every wait bounded and every reply checked: it bounds each read
of the socket, so a server that sends a byte at a time holds it for ever, and it takes the last line
of a contradictory reply for the answer.
"""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from aicmo.gateways.contract import Outcome, OutcomeKind, Scope
from aicmo.gateways.smtp_reader import ReplyReader
from aicmo.gateways.smtp_replies import Reply, Step, StepRefused, refusal
from aicmo.smtp_relay import Mechanism, SmtpRelay

_WITH_PASSWORD: tuple[Mechanism, ...] = ("plain", "login")


@dataclass(frozen=True)
class SmtpTimeouts:
    """Seconds to wait at most, as RFC 5321 §4.5.3.2 asks for; it says nothing about `connect`.

    The steps before the dot also end at the message's own deadline.
    """

    connect: float = 10
    command: float = 300
    data: float = 120
    body: float = 180
    answer: float = 600


class SmtpSession(smtplib.SMTP):
    """A connection after `open_session`: greeted, encrypted and logged in."""

    def __init__(self, connection: socket.socket, local_hostname: str | None) -> None:
        # A name for EHLO is always given: smtplib would ask the network for one.
        super().__init__(local_hostname=local_hostname or _address_literal(connection))
        self.sock = connection
        self._reader = ReplyReader()
        self._replies: deque[tuple[int, bytes]] = deque()
        self._reply_by = 0.0

    @property
    def has_more(self) -> bool:
        """The server has said something that nobody asked for."""
        return bool(self._replies or self._reader.has_rest)

    def bound(self, seconds: float) -> None:
        """Gives the next command or write, and its reply, `seconds` in all.

        Raises:
            OSError: no time is left, or the server has said something nobody asked for.
        """
        if seconds <= 0:
            raise TimeoutError
        if self.sock is None or self.has_more:
            raise ConnectionError
        self._reply_by = time.monotonic() + seconds
        self.sock.settimeout(seconds)

    def expect(self, step: Step, command: str, *codes: int) -> Reply:
        """Sends `command`; raises `StepRefused` if the reply has none of `codes`."""
        self.putcmd(command)
        return self.expect_reply(step, *codes)

    def expect_reply(self, step: Step, *codes: int) -> Reply:
        reply = self.read_reply()
        if reply.code not in codes:
            raise StepRefused(refusal(step, reply))
        return reply

    def read_reply(self) -> Reply:
        code, text = self.getreply()
        return Reply(code, text.decode("ascii", "replace"))

    def getreply(self) -> tuple[int, bytes]:
        """The next reply; code -1 if it isn't one.

        Raises:
            OSError: the connection ended, or the time is up.
        """
        while not self._replies:
            self._replies.extend(self._reader.take(self._receive()))
        return self._replies.popleft()

    def start_tls(self, context: ssl.SSLContext, server_name: str) -> None:
        """Encrypts the connection (RFC 3207).

        Raises:
            StepRefused: the server doesn't offer it, or a man in the middle took the offer away.
        """
        if not self.has_extn("starttls"):
            raise StepRefused(
                _no_relay("the server doesn't offer STARTTLS; nothing is said in the clear")
            )
        self.expect("STARTTLS", "STARTTLS", 220)
        if self.has_more or self.sock is None:  # to be read as if it had come encrypted (RFC 3207)
            raise StepRefused(_no_relay("something was sent in the clear after STARTTLS"))
        self.sock = context.wrap_socket(self.sock, server_hostname=server_name)

    def say_hello(self) -> None:
        code, text = self.ehlo()
        if code != 250:  # noqa: PLR2004  (RFC 5321 §4.3.2)
            raise StepRefused(refusal("EHLO", Reply(code, text.decode("ascii", "replace"))))

    def log_in(self, username: str, password: str, wanted: Mechanism | None) -> None:
        """Logs in by one mechanism, once: a second try counts towards a provider's lock."""
        offered = self.esmtp_features.get("auth", "").lower().split()
        mechanism = wanted or next((each for each in _WITH_PASSWORD if each in offered), None)
        if mechanism not in offered:
            missing = wanted.upper() if wanted else "PLAIN or LOGIN"
            detail = f"the server doesn't offer AUTH {missing}"
            raise StepRefused(Outcome(OutcomeKind.REFUSED_ACCOUNT, detail=detail))
        match mechanism:
            case "plain":
                both = _base64(f"\0{username}\0{password}")  # RFC 4616
                self.expect("AUTH", f"AUTH PLAIN {both}", 235)
            case "xoauth2":
                self._show_token(username, password)
            case _:
                self.expect("AUTH", "AUTH LOGIN", 334)
                self.expect("AUTH", _base64(username), 334)
                self.expect("AUTH", _base64(password), 235)

    def _show_token(self, username: str, token: str) -> None:
        """XOAUTH2, as Google and Microsoft describe it: a refusal comes after an empty answer."""
        both = _base64(f"user={username}\1auth=Bearer {token}\1\1")
        self.putcmd(f"AUTH XOAUTH2 {both}")
        reply = self.read_reply()
        if reply.code == 334:  # noqa: PLR2004  (RFC 4954 §4: a challenge, here with the error)
            self.putcmd("")
            reply = self.read_reply()
        if reply.code != 235:  # noqa: PLR2004  (RFC 4954 §6)
            raise StepRefused(refusal("AUTH", reply))

    def largest_message(self) -> int:
        """Bytes the server takes at most (RFC 1870); 0 if it doesn't say."""
        size = self.esmtp_features.get("size", "")
        return int(size) if size.isdecimal() else 0

    def _receive(self) -> bytes:
        left = self._reply_by - time.monotonic()
        if left <= 0 or self.sock is None:
            raise TimeoutError
        self.sock.settimeout(left)
        received = self.sock.recv(8192)
        if not received:
            raise ConnectionError
        return received


def open_session(
    relay: SmtpRelay,
    timeouts: SmtpTimeouts,
    *,
    deadline: float,
    ca_file: Path | None,
    local_hostname: str | None,
) -> SmtpSession:
    """Connects, greets, encrypts and logs in.

    deadline: `time.monotonic()` value by which all of it must be done.

    Raises:
        OSError, StepRefused: it didn't work; the connection is closed.
    """
    connection = socket.create_connection(
        (relay.host, relay.port), timeout=min(timeouts.connect, deadline - time.monotonic())
    )
    session: SmtpSession | None = None
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if relay.tls == "implicit":
            context = ssl.create_default_context(cafile=ca_file)
            connection = context.wrap_socket(connection, server_hostname=relay.host)
        session = SmtpSession(connection, local_hostname)
        _greet(session, relay, min(timeouts.command, deadline - time.monotonic()), ca_file)
    except BaseException:
        (session or connection).close()
        raise
    return session


def _greet(session: SmtpSession, relay: SmtpRelay, seconds: float, ca_file: Path | None) -> None:
    session.bound(seconds)
    session.expect_reply("connect", 220)
    session.say_hello()
    if relay.tls == "starttls":
        session.start_tls(ssl.create_default_context(cafile=ca_file), relay.host)
        session.say_hello()
    if relay.username:
        session.log_in(relay.username, relay.password.get_secret_value(), relay.auth)


def _no_relay(detail: str) -> Outcome:
    return Outcome(OutcomeKind.NOT_SENT, detail=detail, scope=Scope.RUN)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _address_literal(connection: socket.socket) -> str:
    """This end's address as EHLO wants it from a machine without a name (RFC 5321 §4.1.4)."""
    address = str(connection.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
