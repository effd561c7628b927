"""One SMTP connection: `smtplib`'s commands, with every wait bounded and every reply checked.

`smtplib` bounds each read of the socket, so a server that sends a byte at a time holds it for ever;
it also takes the last line of a contradictory reply for the answer. Both are read here instead.
"""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.smtp_replies import Reply, Step, StepRefused, refusal
from aicmo.smtp_relay import SmtpRelay

_LONGEST_REPLY = 64 * 1024
_CODE_LENGTH = 3
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:[ -]|\r?$)")


@dataclass(frozen=True)
class SmtpTimeouts:
    """Seconds to wait at most; RFC 5321 §4.5.3.2 asks for 600 for the answer to the final dot.

    The steps before the dot also end at the message's own deadline.
    """

    connect: float = 10
    command: float = 60
    body: float = 180
    answer: float = 600


class SmtpSession(smtplib.SMTP):
    """A connection after `open_session`: greeted, encrypted and logged in."""

    def __init__(self, connection: socket.socket, local_hostname: str | None) -> None:
        # A name for EHLO is always given: smtplib would ask the network for one.
        super().__init__(local_hostname=local_hostname or _address_literal(connection))
        self.sock = connection
        self._unread = b""
        self._reply_by = 0.0

    def bound(self, seconds: float) -> None:
        """Gives the next command or write, and its reply, `seconds` in all.

        Raises:
            OSError: no time is left, or the server has said something nobody asked for.
        """
        if seconds <= 0:
            raise TimeoutError
        if self.sock is None or self._unread:
            raise ConnectionError
        self._reply_by = time.monotonic() + seconds
        self.sock.settimeout(seconds)

    def write(self, data: bytes) -> None:
        if self.sock is None:
            raise ConnectionError
        self.sock.sendall(data)

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
        lines = [self._read_line()]
        while lines[-1][_CODE_LENGTH : _CODE_LENGTH + 1] == b"-":
            lines.append(self._read_line())
            if sum(map(len, lines)) > _LONGEST_REPLY:
                raise ConnectionError
        codes = {_read_code(line) for line in lines}
        text = b"\n".join(line[_CODE_LENGTH + 1 :].strip() for line in lines)
        return (codes.pop() if len(codes) == 1 else -1), text

    def start_tls(self, context: ssl.SSLContext, server_name: str) -> None:
        """Encrypts the connection (RFC 3207).

        Raises:
            StepRefused: the server doesn't offer it, or a man in the middle took the offer away.
        """
        if not self.has_extn("starttls"):
            raise StepRefused(
                Outcome(OutcomeKind.NOT_SENT, detail="the server doesn't offer STARTTLS")
            )
        self.expect("STARTTLS", "STARTTLS", 220)
        if self._unread or self.sock is None:  # sent in the clear by someone, to be read as TLS
            raise ConnectionError
        self.sock = context.wrap_socket(self.sock, server_hostname=server_name)

    def say_hello(self) -> None:
        code, text = self.ehlo()
        if code != 250:  # noqa: PLR2004  (RFC 5321 §4.3.2)
            raise StepRefused(refusal("EHLO", Reply(code, text.decode("ascii", "replace"))))

    def log_in(self, username: str, password: str) -> None:
        """Logs in by one mechanism, once: a second try counts towards a provider's lock."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            both = _base64(f"\0{username}\0{password}")  # RFC 4616
            self.expect("AUTH", f"AUTH PLAIN {both}", 235)
        elif "LOGIN" in offered:
            self.expect("AUTH", "AUTH LOGIN", 334)
            self.expect("AUTH", _base64(username), 334)
            self.expect("AUTH", _base64(password), 235)
        else:
            raise StepRefused(
                Outcome(
                    OutcomeKind.REFUSED_ACCOUNT, detail="the server offers neither PLAIN nor LOGIN"
                )
            )

    def largest_message(self) -> int:
        """Bytes the server takes at most (RFC 1870); 0 if it doesn't say."""
        size = self.esmtp_features.get("size", "")
        return int(size) if size.isdecimal() else 0

    def _read_line(self) -> bytes:
        while b"\n" not in self._unread:
            left = self._reply_by - time.monotonic()
            if left <= 0 or self.sock is None:
                raise TimeoutError
            self.sock.settimeout(left)
            received = self.sock.recv(8192)
            if not received or len(self._unread) > _LONGEST_REPLY:
                raise ConnectionError
            self._unread += received
        line, _, self._unread = self._unread.partition(b"\n")
        return line


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
        session.log_in(relay.username, relay.password.get_secret_value())


def _read_code(line: bytes) -> int:
    found = _REPLY_LINE.match(line)
    return int(found[1]) if found else -1


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _address_literal(connection: socket.socket) -> str:
    """This end's address as EHLO wants it from a machine without a name (RFC 5321 §4.1.4)."""
    address = str(connection.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
