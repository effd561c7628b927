"""Seals log-ins for the database: AES-256-GCM under a key that is made from AICMO_SECRET_KEY."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aicmo.errors import FixConfiguration

_KEY_BYTES, _NONCE_BYTES = 32, 12
_PURPOSE = b"aicmo sealed log-ins, 1"


def seal(secret_key: bytes, plain: bytes, place: str) -> bytes:
    """`plain`, unreadable and unchangeable without the key (NIST SP 800-38D, RFC 5869).

    place: names the row that it is for; elsewhere it can't be opened.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _cipher(secret_key).encrypt(nonce, plain, place.encode())


def unseal(secret_key: bytes, sealed: bytes, place: str) -> bytes:
    """What was sealed.

    Raises:
        FixConfiguration: it was sealed under another key or for another place, or was changed.
    """
    nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return _cipher(secret_key).decrypt(nonce, text, place.encode())
    except (InvalidTag, ValueError):
        raise FixConfiguration(
            "A stored log-in can't be opened with this AICMO_SECRET_KEY",
            next_step="Put the former key back, or log the account in anew: `aicmo accounts add`.",
        ) from None


def _cipher(secret_key: bytes) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE)
    return AESGCM(derived.derive(secret_key))
