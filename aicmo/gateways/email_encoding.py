"""Quoted-printable (RFC 2045 §6.7) of a text whose literal parts are encoded only once.

A line may have 76 characters, and how long a value will be isn't known ahead. So each value has a
room reserved in its line; one that needs more gets lines of its own, between soft breaks.
"""

from __future__ import annotations

import binascii

from aicmo.gateways.personalisation import Template

_LINE_LENGTH = 76
VALUE_ROOM = 26
"""Characters; most names fit, and so does a feedback token."""


def encode_value(text: str) -> bytes:
    """One value, to stand in the place that `frame` keeps for it."""
    if len(text) <= VALUE_ROOM and text.isascii() and text.isalnum():
        return text.encode()
    encoded = _encode(text)
    return encoded if len(encoded) <= VALUE_ROOM else b"=\r\n%s=\r\n" % encoded


def frame(template: Template) -> tuple[bytes, list[int]]:
    """The template as a `%` format of bytes, and which values it wants, in order."""
    pieces, wanted, column = list[bytes](), list[int](), 0
    for part in template.parts:
        if isinstance(part, str):
            encoded, column = _literal(part, column)
            pieces.append(encoded.replace(b"%", b"%%"))
        else:
            # One place is kept for the soft break that may follow.
            if column + VALUE_ROOM >= _LINE_LENGTH:
                pieces.append(b"=\r\n")
                column = 0
            pieces.append(b"%s")
            wanted.append(part)
            column += VALUE_ROOM
    return b"".join(pieces), wanted


def _literal(text: str, column: int) -> tuple[bytes, int]:
    # What stands before it in its line is stood for by as many letters.
    encoded = _encode("x" * column + text)[column:]
    return encoded, len(encoded) - encoded.rfind(b"\n") - 1 + (0 if b"\n" in encoded else column)


def _encode(text: str) -> bytes:
    return binascii.b2a_qp(text.encode(), istext=True).replace(b"\n", b"\r\n")
