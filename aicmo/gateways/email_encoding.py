"""Quoted-printable (RFC 2045 §6.7) of a text whose literal parts are encoded only once.

A line may have 76 characters, and how long a value will be isn't known ahead. So each value has a
room reserved in its line; one that needs more gets lines of its own, between soft breaks.
"""

from __future__ import annotations

import binascii
from itertools import pairwise

from aicmo.gateways.personalisation import Template

_LINE_LENGTH = 76
_SOFT_BREAK = b"=\r\n"
VALUE_ROOM = 26
"""Characters; most names fit, and so does a feedback token."""


def encode_value(text: str) -> bytes:
    """One value, to stand in the place that `frame` keeps for it."""
    if _stands_for_itself(text):
        return text.encode()
    encoded = _encode(text)
    if not encoded:
        return _SOFT_BREAK  # so that a space before it doesn't end its line
    if len(encoded) <= VALUE_ROOM:
        return encoded
    # The letter keeps a place in the last line for the break behind it.
    return _SOFT_BREAK + _encode(f"{text}x")[:-1] + _SOFT_BREAK


def _stands_for_itself(text: str) -> bool:
    """Most values do; only "=", what isn't ASCII and a space at a line's end are quoted."""
    fits = 0 < len(text) <= VALUE_ROOM and text.isascii() and text.isprintable()
    return fits and "=" not in text and text[-1] != " " and text[0] != "."


def frame(template: Template) -> tuple[bytes, list[int]]:
    """The template as a `%` format of bytes, and which values it wants, in order."""
    pieces, wanted, column = list[bytes](), list[int](), 0
    for part, following in pairwise([*template.parts, ""]):
        if isinstance(part, str):
            encoded, column = _literal(part, column, before_value=isinstance(following, int))
            pieces.append(encoded.replace(b"%", b"%%"))
            continue
        if column + VALUE_ROOM >= _LINE_LENGTH:  # the last place is for a soft break
            pieces.append(_SOFT_BREAK)
            column = 0
        pieces.append(b"%s")
        wanted.append(part)
        column += VALUE_ROOM
    return b"".join(pieces), wanted


def _literal(text: str, column: int, *, before_value: bool) -> tuple[bytes, int]:
    # What stands before and after it in its line is stood for by letters.
    after = "x" if before_value else ""
    encoded = _encode("x" * column + text + after)
    end = len(encoded) - len(after)
    line_start = encoded.rfind(b"\n") + 1
    return encoded[column:end], end - line_start


def _encode(text: str) -> bytes:
    # Line by line, since b2a_qp lets a line with a space at its end grow too long.
    lines = [binascii.b2a_qp(line, istext=True) for line in text.encode().split(b"\n")]
    return b"\n".join(lines).replace(b"\n", b"\r\n")
