"""Header lines of an email, written so that a value can't leave its line.

Python's own header classes fold long quoted names wrongly, and spend a millisecond on each message;
these few rules of RFC 5322 and RFC 2047 are all that an email of ours needs.
"""

from __future__ import annotations

import re
from email.header import Header

from email_validator import EmailNotValidError, validate_email

from aicmo.errors import FixInput

_REFUSED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_REFUSED_IN_PROSE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")  # RFC 5322 §3.2.3, words and spaces
_CRLF = "\r\n"
_LINE_LENGTH = 76
_QUOTED_LENGTH = 200  # well within the 998 of RFC 5322 §2.1.1, so it needs no folding


def refuse_controls(text: str, place: str) -> str:
    """`text`, a single line.

    Raises:
        FixInput: it holds a control character, line break, text direction control or half a
            surrogate pair.
    """
    return _refuse(_REFUSED, text, place)


def refuse_controls_in_prose(text: str, place: str) -> str:
    """`text` with plain line feeds; like `refuse_controls`, but lines and tabs are welcome."""
    return _refuse(_REFUSED_IN_PROSE, text.replace("\r\n", "\n"), place)


def _refuse(pattern: re.Pattern[str], text: str, place: str) -> str:
    if found := pattern.search(text):
        raise FixInput(
            f"{place} contains the character U+{ord(found[0]):04X}, which email can't carry",
            next_step="Remove it; it is often pasted along, unseen.",
        )
    return text


def ascii_address(address: str, place: str) -> str:
    """The address as SMTP wants it: the domain in ASCII (IDNA), the local part as it is.

    Raises:
        FixInput: it isn't one address, or its local part isn't ASCII.
    """
    try:
        valid = validate_email(
            refuse_controls(address, place),
            check_deliverability=False,
            globally_deliverable=False,
            strict=True,
            test_environment=True,  # allows .test (RFC 6761), where trials send to
        )
    except EmailNotValidError as error:
        raise FixInput(f"{place} isn't an email address: {error}") from None
    if valid.ascii_email is None:
        raise FixInput(
            f"{place} has a letter outside ASCII before the @, which most mail servers refuse",
            next_step="Use another address of this person.",
        )
    return valid.ascii_email


def plain_header(name: str, value: str) -> bytes:
    """`name: value` for a short ASCII value."""
    return f"{name}: {value}{_CRLF}".encode("ascii")


def text_header(name: str, text: str) -> bytes:
    """`name: text`, with encoded words (RFC 2047) where the text needs them, CRLF at the end."""
    return f"{name}: {_fold(text, name, encode=not _is_plain(text))}{_CRLF}".encode("ascii")


def address_header(name: str, display_name: str, address: str) -> bytes:
    """`name: display name <address>`; `address` comes from `ascii_address`."""
    phrase = _phrase(display_name, name)
    last_line = f"{name}: {phrase}".rpartition(_CRLF)[2]
    fits = len(last_line) + len(address) + 3 <= _LINE_LENGTH
    gap = " " if fits else f"{_CRLF} "
    return f"{name}: {phrase}{gap}<{address}>{_CRLF}".encode("ascii")


def _is_plain(text: str) -> bool:
    longest_word = max(map(len, text.split(" ")))
    return text.isascii() and "=?" not in text and longest_word < _LINE_LENGTH


def _phrase(text: str, header_name: str) -> str:
    if not _is_plain(text) or len(text) > _QUOTED_LENGTH:
        return _fold(text, header_name, encode=True)
    if _ATOMS.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _fold(text: str, header_name: str, *, encode: bool) -> str:
    charset = "utf-8" if encode else "us-ascii"
    header = Header(text, charset, maxlinelen=_LINE_LENGTH, header_name=header_name)
    return header.encode(linesep=_CRLF)
