"""Looks at a mail relay: greeting, encryption, login and extensions. It has no MAIL command."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from aicmo.gateways.diagnosis import Check, Verdict, not_checked, ok, problem, warning
from aicmo.gateways.smtp_replies import StepRefused
from aicmo.gateways.smtp_session import SmtpSession, SmtpTimeouts, open_session
from aicmo.smtp_relay import SmtpRelay, is_loopback

_SECONDS = 15.0
_SOON = 14 * 24 * 3600
_EXTENSIONS = ("SIZE", "PIPELINING", "DSN", "8BITMIME", "SMTPUTF8")


@dataclass
class Seen:
    """What a relay showed; `address` is the IP address it answered from, empty if it didn't."""

    checks: list[Check] = field(default_factory=list[Check])
    address: str = ""


def probe_relay(relay: SmtpRelay, message_bytes: int, *, ca_file: Path | None = None) -> Seen:
    """Connects, greets, encrypts, asks what the relay offers, logs in, and leaves.

    message_bytes: size of the message that it should take.
    ca_file: PEM file of the authorities to trust instead of the system's.
    """
    seen = Seen()
    name = "Relay"
    place = f"{relay.host}:{relay.port}"
    if relay.tls == "none" and not is_loopback(relay.host):
        said = f"{place} would be spoken to without encryption, so nothing is sent there"
        return Seen([problem(name, said, "Set tls=starttls or tls=implicit in AICMO_SMTP_URL.")])
    try:
        for check in _look(relay, seen, message_bytes, ca_file):
            seen.checks.append(check)
    except StepRefused as refusal:
        said = f"{place}: {refusal.outcome.detail} {refusal.outcome.code}".strip()
        seen.checks.append(problem(name, said, "Ask the relay's operator, or try again later."))
    except ssl.SSLCertVerificationError as error:
        said = f"{place}: {error.verify_message}"
        fix = "Give the relay a certificate for this name, from an authority this machine trusts."
        seen.checks.append(problem("Certificate", said, fix))
    except OSError as error:
        said = f"{place}: {_cause(error)}"
        seen.checks.append(problem(name, said, "Check AICMO_SMTP_URL, the network and `tls=`."))
    if relay.username and seen.address and len(seen.checks) > 1 and not _has_problem(seen):
        seen.checks.append(_check_login(relay, ca_file))
    return seen


def _has_problem(seen: Seen) -> bool:
    return any(check.verdict is Verdict.PROBLEM for check in seen.checks)


def _look(
    relay: SmtpRelay, seen: Seen, message_bytes: int, ca_file: Path | None
) -> Iterator[Check]:
    connection = socket.create_connection((relay.host, relay.port), timeout=_SECONDS)
    seen.address = str(connection.getpeername()[0])
    context = ssl.create_default_context(cafile=ca_file)
    if relay.tls == "implicit":
        connection = _encrypted(connection, context, relay.host)
    session = SmtpSession(connection, None)
    try:
        session.bound(_SECONDS)
        session.expect_reply("connect", 220)
        session.say_hello()
        yield ok("Relay", f"{relay.host}:{relay.port} ({seen.address}) answers")
        in_the_clear = _mechanisms(session) if relay.tls == "starttls" else ""
        if relay.tls == "starttls":
            session.bound(_SECONDS)
            session.start_tls(context, relay.host)
            session.say_hello()
        yield from _check_encryption(session)
        yield _check_mechanisms(relay, in_the_clear, _mechanisms(session))
        yield _check_extensions(session, message_bytes)
        with suppress(OSError):
            session.putcmd("QUIT")
            session.read_reply()
    finally:
        session.close()


def _encrypted(
    connection: socket.socket, context: ssl.SSLContext, server_name: str
) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(connection, server_hostname=server_name)
    except BaseException:
        connection.close()
        raise


def _check_encryption(session: SmtpSession) -> Iterator[Check]:
    if not isinstance(session.sock, ssl.SSLSocket):
        yield ok("Encryption", "none; the relay is on this machine")
        return
    yield from check_tls(session.sock)


def check_tls(connection: ssl.SSLSocket) -> Iterator[Check]:
    """The protocol and the verified certificate of an encrypted connection."""
    cipher = connection.cipher()
    yield ok("Encryption", f"{connection.version()}, {cipher[0] if cipher else 'unknown cipher'}")
    certificate = cast("dict[str, Any]", connection.getpeercert() or {})
    until = ssl.cert_time_to_seconds(certificate["notAfter"])
    day = time.strftime("%Y-%m-%d", time.gmtime(until))
    seen = f"{_subject(certificate)}, valid until {day}, verified"
    if until - time.time() < _SOON:
        yield warning("Certificate", seen, "See that it is renewed in time.")
    else:
        yield ok("Certificate", seen)


def _subject(certificate: dict[str, Any]) -> str:
    names = [value for _, value in certificate.get("subjectAltName", ())]
    for parts in certificate.get("subject", ()):
        names = [value for key, value in parts if key == "commonName"] + names
    return ", ".join(dict.fromkeys(str(name)[:80] for name in names[:4])) or "(no name)"


def _mechanisms(session: SmtpSession) -> str:
    return session.esmtp_features.get("auth", "").upper().strip()


def _check_mechanisms(relay: SmtpRelay, in_the_clear: str, offered: str) -> Check:
    name = "Login offered"
    seen = offered or "none"
    if relay.tls == "starttls":
        seen = f"before encryption: {in_the_clear or 'none'}; after it: {seen}"
    if in_the_clear:
        fix = "Have the relay offer AUTH after STARTTLS only. AICMO never logs in before."
        return warning(name, seen, fix)
    if offered and not relay.username:
        fix = "Put user and password into AICMO_SMTP_URL, unless it takes mail without a login."
        return warning(name, f"{seen}; AICMO_SMTP_URL has no user", fix)
    if relay.username and not offered:
        return problem(name, f"{seen}; AICMO_SMTP_URL has a user", "Check the port and `tls=`.")
    return ok(name, seen)


def _check_extensions(session: SmtpSession, message_bytes: int) -> Check:
    name, size = "Extensions", session.esmtp_features.get("size", "")
    offered = [each for each in _EXTENSIONS if session.has_extn(each)]
    missing = [each for each in _EXTENSIONS if each not in offered]
    largest = int(size) if size.isdecimal() else 0
    seen = ", ".join(f"SIZE {largest:,}" if each == "SIZE" else each for each in offered) or "none"
    seen += f"; not offered: {', '.join(missing)}" if missing else ""
    if 0 < largest < message_bytes:
        fix = f"Shorten the message ({message_bytes:,} bytes), or have the limit raised."
        return problem(name, seen, fix)
    return ok(name, seen)


def _check_login(relay: SmtpRelay, ca_file: Path | None) -> Check:
    """Logs in as a send would; no refusal's text is shown, for it may repeat the user."""
    name = "Login"
    deadline = time.monotonic() + _SECONDS
    try:
        session = open_session(
            relay,
            SmtpTimeouts(connect=_SECONDS, command=_SECONDS),
            deadline=deadline,
            ca_file=ca_file,
            local_hostname=None,
        )
    except StepRefused as refusal:
        seen = f"{refusal.outcome.detail} {refusal.outcome.code}".strip()
        return problem(name, seen, "Check user and password in AICMO_SMTP_URL.")
    except OSError as error:
        return not_checked(name, _cause(error), "Run it again.")
    with suppress(OSError):
        session.bound(_SECONDS)
        session.putcmd("QUIT")
        session.read_reply()
    session.close()
    return ok(name, "user and password work")


def probe_provider(name: str, host: str, port: int, *, ca_file: Path | None = None) -> list[Check]:
    """Whether a provider's API can be reached over TLS; nothing is said to it, and no key sent."""
    try:
        with (
            socket.create_connection((host, port), timeout=_SECONDS) as connection,
            ssl.create_default_context(cafile=ca_file).wrap_socket(
                connection, server_hostname=host
            ) as encrypted,
        ):
            reached = ok("Provider", f"{name} at {host} answers; its key was not tried")
            return [reached, *check_tls(encrypted)]
    except ssl.SSLCertVerificationError as error:
        fix = "Look at what stands between this machine and the provider: a proxy, a clock."
        return [problem("Certificate", f"{host}: {error.verify_message}", fix)]
    except OSError as error:
        return [problem("Provider", f"{name} at {host}: {_cause(error)}", "Check the network.")]


def _cause(error: OSError) -> str:
    """Why there is no connection, in the system's words; never what the other side said."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or f"the connection failed ({type(error).__name__})"
