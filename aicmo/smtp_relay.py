"""The mail relay that email is handed to: its address, how to log in, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import Literal, get_args
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr

from aicmo.errors import FixConfiguration

TlsMode = Literal["starttls", "implicit", "none"]
Mechanism = Literal["plain", "login", "xoauth2"]
Rate = tuple[int, timedelta]
"""At most so many in any such span."""

CONNECTIONS, PER_CONNECTION = 4, 100
MOST_CONNECTIONS = 50

_SPANS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_OPTIONS = frozenset(
    {"tls", "rate", "connections", "per_connection", "per_second", "per_domain", "auth", "dsn"}
)


@dataclass(frozen=True)
class SmtpRelay:
    """Where email is handed over, and how (RFC 6409 submission, RFC 8314 implicit TLS).

    rates: at most so many messages in each span; kept across all workers.
    connections: at once, of one worker. per_connection: messages on one before it is renewed.
    per_second: messages that one worker begins in a second; 0 is no limit.
    per_domain: messages that one worker begins for one recipient domain.
    auth: how to log in; without it, PLAIN or else LOGIN. With xoauth2, `password` is the token.
    dsn_success: asks the relay to report successes too, where it reports at all (RFC 3461).
    """

    host: str
    port: int
    tls: TlsMode
    username: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    rates: tuple[Rate, ...] = ()
    connections: int = CONNECTIONS
    per_connection: int = PER_CONNECTION
    per_second: int = 0
    per_domain: Rate | None = None
    auth: Mechanism | None = None
    dsn_success: bool = False


def is_loopback(host: str) -> bool:
    """Whether a name or IP address means this machine, without asking the DNS."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def parse_rates(text: str) -> tuple[Rate, ...]:
    """`100/minute,2000/day`: what a relay takes in each span.

    Raises:
        ValueError: it isn't of that form.
    """
    return tuple(parse_rate(each) for each in text.split(",") if each.strip())


def parse_rate(text: str) -> Rate:
    """`100/minute`.

    Raises:
        ValueError: it isn't of that form.
    """
    count, _, span = text.strip().partition("/")
    if not (count.isdecimal() and int(count) and span in _SPANS):
        raise ValueError("rate is not of the form 100/minute (or second, hour, day)")
    return int(count), _SPANS[span]


def parse_smtp_url(url: str) -> SmtpRelay:
    """`smtp://user:password@host:port?tls=starttls|implicit|none&rate=100/minute,2000/day&…`.

    Without `tls` it is starttls; without `rate` the relay's own answers are the limit. The other
    options are named as the fields of `SmtpRelay`, and `dsn=success`.

    Raises:
        FixConfiguration: the URL isn't of that form; its text never holds the password.
    """
    try:
        return _parse_smtp_url(url)
    except ValueError as error:
        raise FixConfiguration(
            f"AICMO_SMTP_URL can't be read: {error}",
            next_step="Write it as smtp://user:password@host:587?tls=starttls.",
        ) from None


def _parse_smtp_url(url: str) -> SmtpRelay:
    parts = urlsplit(url)
    given = parse_qs(parts.query, keep_blank_values=True)
    options = {name: values[-1] for name, values in given.items()}
    tls = _tls_mode(options.get("tls", "starttls"))
    if unknown := sorted(set(options) - _OPTIONS):
        raise ValueError(f"it has an option that nobody knows: {unknown[0][:20]}")
    if parts.scheme != "smtp" or not parts.hostname:
        raise ValueError("it has no smtp:// scheme or no host")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("the port is not a number from 1 to 65535") from None
    return SmtpRelay(
        host=parts.hostname,
        port=port or (465 if tls == "implicit" else 587),
        tls=tls,
        username=unquote(parts.username or ""),
        password=SecretStr(unquote(parts.password or "")),
        rates=parse_rates(",".join(given.get("rate", []))),
        connections=_count(options, "connections", CONNECTIONS, MOST_CONNECTIONS),
        per_connection=_count(options, "per_connection", PER_CONNECTION),
        per_second=_count(options, "per_second", 0),
        per_domain=parse_rate(options["per_domain"]) if "per_domain" in options else None,
        auth=_mechanism(options.get("auth")),
        dsn_success=_asks_for_successes(options.get("dsn")),
    )


def _tls_mode(name: str) -> TlsMode:
    for mode in get_args(TlsMode):
        if name == mode:
            return mode
    raise ValueError("tls is not one of starttls, implicit, none")


def _mechanism(name: str | None) -> Mechanism | None:
    if name is None:
        return None
    for mechanism in get_args(Mechanism):
        if name == mechanism:
            return mechanism
    raise ValueError("auth is not one of plain, login, xoauth2")


def _asks_for_successes(dsn: str | None) -> bool:
    if dsn not in (None, "success"):
        raise ValueError("dsn can only be success; failures and delays are always asked for")
    return dsn == "success"


def _count(options: Mapping[str, str], name: str, usual: int, most: int = 1_000_000) -> int:
    text = options.get(name)
    if text is None:
        return usual
    if not (text.isdecimal() and text.isascii() and 1 <= int(text) <= most):
        raise ValueError(f"{name} is not a number from 1 to {most}")
    return int(text)
