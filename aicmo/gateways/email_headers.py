"""Header lines of an email, written so that a value can't leave its line.

Python's own header classes fold long quoted names wrongly, and spend a millisecond on each message;
these few rules of RFC 5322 and RFC 2047 are all that an email of ours needs.
"""

from __future__ import annotations

import base64
import re

from aicmo.errors import FixInput

_REFUSED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_REFUSED_IN_PROSE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")  # RFC 5322 §3.2.3, words and spaces
_CRLF = "\r\n"
_LINE_LENGTH = 76  # RFC 2047 §2: a line with an encoded word; within the 78 of RFC 5322 §2.1.1
_LONGEST_PLAIN_WORD = 60  # fits a line after the longest of our headers' names
_WORD_FRAME = len("=?utf-8?q??=")
_OFTEN_QUOTED = 2  # characters per byte, from which on base64 is much shorter
_PLAIN_IN_WORDS = frozenset(  # RFC 2047 §5 (3): may stand as they are, in a name too
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/"
)
_QUOTED = {
    byte: chr(byte) if byte in _PLAIN_IN_WORDS else f"={byte:02X}" for byte in range(256)
} | {ord(" "): "_"}


def refuse_controls(text: str, place: str) -> str:
    """`text`, a single line.

    Raises:
        FixInput: it holds a control character, line break, text direction control or half a
            surrogate pair.
    """
    # All that is refused is unprintable, which this finds out much faster than a pattern does.
    return text if text.isprintable() else _refuse(_REFUSED, text, place)


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


def one_line(text: str, place: str) -> str:
    """`text` as a header's value: without control characters and runs of spaces.

    Raises:
        FixInput: as `refuse_controls`, or nothing is left.
    """
    line = refuse_controls(text, place).strip()
    if "  " in line:
        line = re.sub(" +", " ", line)
    if not line:
        raise FixInput(f"{place} is empty once its placeholders are filled")
    return line


def plain_header(name: str, value: str) -> bytes:
    """`name: value` for a short ASCII value."""
    return f"{name}: {value}{_CRLF}".encode("ascii")


def text_header(name: str, text: str) -> bytes:
    """`name: text`, with encoded words (RFC 2047) where the text needs them, CRLF at the end."""
    start = len(name) + 2
    value = _folded(text, start) if _is_plain(text) else _encoded(text, start)
    return f"{name}: {value}{_CRLF}".encode("ascii")


def address_header(name: str, display_name: str, address: str) -> bytes:
    """`name: display name <address>`; the address is checked and in ASCII."""
    line = f"{name}: {_phrase(display_name, len(name) + 2)}"
    length = len(line) - line.rfind("\n") - 1
    gap = " " if length + len(address) + 3 <= _LINE_LENGTH else f"{_CRLF} "
    return f"{line}{gap}<{address}>{_CRLF}".encode("ascii")


def _is_plain(text: str) -> bool:
    if not text.isascii() or "=?" in text:
        return False
    return len(text) <= _LONGEST_PLAIN_WORD or max(map(len, text.split())) <= _LONGEST_PLAIN_WORD


def _phrase(text: str, start: int) -> str:
    if text.isascii() and "=?" not in text:
        quoted = text if _ATOMS.fullmatch(text) else _quoted_string(text)
        if start + len(quoted) <= _LINE_LENGTH:
            return quoted
    return _encoded(text, start)


def _quoted_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _folded(text: str, start: int) -> str:
    if start + len(text) <= _LINE_LENGTH:
        return text
    lines, length = [""], start
    for word in text.split(" "):
        if length + len(word) + 1 > _LINE_LENGTH and lines[-1]:
            lines.append("")
            length = 0
        lines[-1] += f" {word}" if lines[-1] else word
        length += len(word) + 1
    return f"{_CRLF} ".join(lines)


def _encoded(text: str, start: int) -> str:
    in_base64 = len(_quoted(text)) > _OFTEN_QUOTED * len(text.encode())
    write = _base64_word if in_base64 else _quoted_word
    whole = write(text)
    if start + len(whole) <= _LINE_LENGTH:
        return whole
    return f"{_CRLF} ".join(write(chunk) for chunk in _chunks(text, start, in_base64=in_base64))


def _quoted(text: str) -> str:
    return text.encode().decode("latin-1").translate(_QUOTED)


def _quoted_word(text: str) -> str:
    return f"=?utf-8?q?{_quoted(text)}?="


def _base64_word(text: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="


def _chunks(text: str, start: int, *, in_base64: bool) -> list[str]:
    # Each word holds whole characters (RFC 2047 §5), as many as its line has room for.
    chunks, size, column = [""], 0, start
    for character in text:
        added = len(character.encode()) if in_base64 else len(_quoted(character))
        room = _LINE_LENGTH - column - _WORD_FRAME
        if size + added > (room // 4 * 3 if in_base64 else room) and chunks[-1]:
            chunks.append("")
            size, column = 0, 1
        chunks[-1] += character
        size += added
    return chunks
