"""Finds a secret in bytes however it was written down: plain, in JSON, in an address, in base64."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus


def is_in(secret: str, content: bytes) -> bool:
    return any(form in content for form in forms(secret))


def forms(secret: str) -> set[bytes]:
    """The ways in which a secret may be written down."""
    raw = secret.encode()
    texts = {
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        quote(secret, safe="").lower(),
        ascii(secret)[1:-1],
        repr(raw)[2:-1],
        raw.hex(),
    }
    texts |= {json.dumps(text)[1:-1] for text in texts}  # a text in JSON, again put into JSON
    return {raw, *(text.encode() for text in texts), *_base64(raw)}


def _base64(raw: bytes) -> set[bytes]:
    # What stands before it (AUTH PLAIN puts the user's name there) shifts the groups of three bytes.
    found: set[bytes] = set()
    for before in range(3):
        start = (0, 2, 3)[before]
        whole = (before + len(raw)) // 3 * 4
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(bytes(before) + raw)[start:whole])
    return found
