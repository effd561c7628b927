"""Signing email as its sender's domain (RFC 6376), where the relay doesn't."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any

import dkim
from dkim import crypto

from aicmo.errors import FixConfiguration

SIGNED_HEADERS = (
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post",
)  # fmt: skip
"""What a signature covers of those that a message has; RFC 8058 §4 asks for the last two."""
OVER_SIGNED = ("From", "Subject")
"""Signed once more than they are there, so that a second one can't be added (RFC 6376 §8.15)."""

_SHORTEST_KEY_BITS = 1024  # RFC 8301 §3.2; what is shorter doesn't count as signed
_NAME = re.compile(
    r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE
)
_FROM = re.compile(
    rb"\r\nFrom:(?:[^\r\n]|\r\n[ \t])*@([^\s@>]+)>?[ \t]*(?=\r\n[^ \t]|\Z)", re.IGNORECASE
)
_DKIM: Any = dkim  # has no types that say enough
_CRYPTO: Any = crypto
_RELAXED = (b"relaxed", b"relaxed")


class Signer:
    """Signs messages with rsa-sha256, both parts in relaxed form.

    key_file: RSA private key, PEM; only its owner and group may read it.
    selector, domain: the public key is in DNS at `<selector>._domainkey.<domain>`; without a
        domain, each message is signed as that of its From address, which DMARC asks for.

    Raises:
        FixConfiguration: the key or a name can't be used; the text never holds the key.
    """

    def __init__(self, key_file: Path, selector: str, domain: str | None = None) -> None:
        self._selector = _dns_name(selector, "AICMO_DKIM_SELECTOR")
        self._domain = None if domain is None else _dns_name(domain, "The sender's domain")
        self._key = _read_key(key_file)

    def sign(self, payload: bytes) -> bytes:
        """The same message with a DKIM-Signature on top; nothing else is changed.

        payload: exactly what will go out (CRLF line ends, not dot-stuffed).

        Raises:
            FixConfiguration: the message has no From address to be signed as.
        """
        line: bytes = _DKIM.sign(
            payload,
            self._selector,
            self._domain or _dns_name(_sender_domain(payload), "The sender's domain"),
            self._key,
            canonicalize=_RELAXED,
            signature_algorithm=b"rsa-sha256",
            include_headers=_names_in(payload),
        )
        return line + payload


def _dns_name(name: str, whose: str) -> bytes:
    if not _NAME.fullmatch(name):
        raise FixConfiguration(
            f"{whose} isn't a name that DNS knows, so email can't be signed",
            next_step="Use the selector of the DNS record <selector>._domainkey.<domain>.",
        )
    return name.lower().encode()


def _sender_domain(payload: bytes) -> str:
    found = _FROM.search(_head(payload))
    return found[1].decode("ascii", "replace") if found else ""


def _head(payload: bytes) -> bytes:
    return b"\r\n" + payload.partition(b"\r\n\r\n")[0]


def _names_in(payload: bytes) -> list[bytes]:
    head = _head(payload).lower()
    wanted = [name.lower().encode() for name in SIGNED_HEADERS]
    there = [name for name in wanted if b"\r\n" + name + b":" in head]
    return there + [name.lower().encode() for name in OVER_SIGNED]


def _read_key(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            # Asked of the opened file: the name may lead elsewhere by now.
            mode, key = os.fstat(opened.fileno()).st_mode, opened.read()
    except OSError as error:
        raise _unusable(f"it can't be read ({error.strerror})") from None
    if mode & stat.S_IRWXO:
        raise _unusable("everybody on this machine may read it", f"Run chmod 600 {file}.")
    return _require_rsa(key)


def _require_rsa(key: bytes) -> bytes:
    try:
        modulus: int = _CRYPTO.parse_pem_private_key(key)["modulus"]
    except (crypto.UnparsableKeyError, ValueError, LookupError, TypeError):
        raise _unusable("it isn't an RSA private key in PEM form") from None
    if modulus.bit_length() < _SHORTEST_KEY_BITS:
        raise _unusable(f"its key is shorter than {_SHORTEST_KEY_BITS} bits")
    return key


def _unusable(reason: str, next_step: str = "") -> FixConfiguration:
    return FixConfiguration(
        f"The file of AICMO_DKIM_KEY_FILE can't be used: {reason}",
        next_step=next_step or "Make one with `openssl genrsa -out dkim.pem 2048`.",
    )
