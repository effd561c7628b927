"""Reads SMTP replies out of whatever pieces they arrive in (RFC 5321 §4.2)."""

from __future__ import annotations

_LONGEST_REPLY = 64 * 1024
_CODES = {b"%d" % code: code for code in range(200, 600)}
NO_REPLY = -1
"""Stands for what isn't an SMTP reply; the connection can't be understood any more."""


class ReplyReader:
    """Takes bytes, gives whole replies. `has_rest`: something has begun that isn't whole yet."""

    __slots__ = ("_lines", "_size", "_unread")

    def __init__(self) -> None:
        self._unread = b""
        self._lines: list[bytes] = []
        self._size = 0

    @property
    def has_rest(self) -> bool:
        return bool(self._unread or self._lines)

    def take(self, received: bytes) -> list[tuple[int, bytes]]:
        """The code and text of each reply that is whole now; code -1 if it isn't one."""
        *lines, self._unread = (self._unread + received).split(b"\n")
        replies: list[tuple[int, bytes]] = []
        for line in lines:
            if line[3:4] == b" " and not self._lines:
                replies.append((_CODES.get(line[:3], NO_REPLY), line[4:].strip()))
            else:
                self._take_line(line, replies)
        if len(self._unread) + self._size > _LONGEST_REPLY:
            replies.append((NO_REPLY, b""))
        return replies

    def _take_line(self, line: bytes, replies: list[tuple[int, bytes]]) -> None:
        self._lines.append(line)
        self._size += len(line)
        if line[3:4] == b"-" and _code(line) != NO_REPLY:
            return
        # A reply that contradicts itself is none.
        codes = {_code(each) for each in self._lines}
        text = b"\n".join(each[4:].strip() for each in self._lines)
        replies.append((codes.pop() if len(codes) == 1 else NO_REPLY, text))
        self._lines, self._size = [], 0


def _code(line: bytes) -> int:
    is_reply = line[3:4] in (b" ", b"-") or line[3:] in (b"", b"\r")
    return _CODES.get(line[:3], NO_REPLY) if is_reply else NO_REPLY
