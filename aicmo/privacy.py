"""Keyed fingerprints: addresses in suppressions, tokens of deliveries.

A keyed HMAC rather than a plain hash, since a list of addresses is small enough to be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from sqlalchemy.orm import Session

from aicmo.errors import FixConfiguration
from aicmo.models import Installation

_LETTERS = bytes(b"abcdefghijklmnopqrstuvwxyz234567"[byte % 32] for byte in range(256))
"""Five bits of each byte, in letters that survive mail programs which change their case."""


def address_hmac(key: bytes, mailbox: str) -> str:
    """Hex HMAC-SHA-256 of a normalised address."""
    return _keyed(key, "address", mailbox)


def delivery_token(key: bytes, project_id: str, item_key: str, recipient: str) -> str:
    """32 hex digits (128 bits), the same for every attempt of one delivery."""
    return _keyed(key, "delivery", project_id, item_key, recipient)[:32]


def feedback_token(key: bytes, token: str) -> str:
    """26 letters and digits (130 bits), by which its recipient's side names a delivery.

    Derived from the delivery's own token, so that a repeated message is the same; unlike that one it
    isn't in any header that a reply carries on. Only its hash is kept.
    """
    digest = hmac.digest(key, f"feedback\0{token}".encode(), "sha256")
    return digest[:26].translate(_LETTERS).decode()


def feedback_sha256(token: str) -> str:
    """What is kept of a `feedback_token`."""
    return hashlib.sha256(token.encode()).hexdigest()


def _keyed(key: bytes, *parts: str) -> str:
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()


def require_same_key(session: Session, key: bytes) -> None:
    """Ties the database to the first AICMO_SECRET_KEY that writes to it.

    Raises:
        FixConfiguration: the database was made with another key, under which no opt-out would match.
    """
    check = _keyed(key, "installation")
    row = session.get(Installation, 1)
    if row is None:
        session.add(Installation(id=1, secret_key_check=check, uid=secrets.token_hex(16)))
        session.flush()
    elif not hmac.compare_digest(row.secret_key_check, check):
        raise FixConfiguration(
            "AICMO_SECRET_KEY isn't the one this database was made with",
            next_step="Put the former key back: with another one, opt-outs would not be recognised.",
        )
