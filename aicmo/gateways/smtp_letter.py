"""A message as SMTP carries it: its envelope's commands, and its body without the final dot."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing
from aicmo.gateways.smtp_replies import Step
from aicmo.gateways.smtp_session import SmtpSession

Sign = Callable[[bytes], bytes]
"""Takes the approved bytes and returns them signed: headers before, nothing else changed."""

Command = tuple[Step, bytes]

_ADDRESS = re.compile(r"[!-;=?-~]+@[A-Za-z0-9.:\[\]-]+")  # printable ASCII but space, < and >
_WIDE_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")  # RFC 3461 §4
_LONGEST_ENVID = 100  # RFC 3461 §4.4


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a server offers of what is used here.

    size: bytes it takes at most; 0 if it doesn't say, None if it doesn't know SIZE (RFC 1870).
    """

    pipelining: bool
    dsn: bool
    smtputf8: bool
    size: int | None

    @classmethod
    def of(cls, session: SmtpSession) -> Self:
        return cls(
            pipelining=session.has_extn("pipelining"),
            dsn=session.has_extn("dsn"),
            smtputf8=session.has_extn("smtputf8"),
            size=session.largest_message() if session.has_extn("size") else None,
        )


class Letter:
    """One delivery, ready for any connection. `deadline` is its last moment for the final dot."""

    __slots__ = ("body", "deadline", "domain", "is_wide", "outgoing", "size")

    def __init__(self, outgoing: Outgoing, payload: bytes) -> None:
        self.outgoing, self.deadline = outgoing, outgoing.deadline
        self.size = len(payload)
        self.body = dot_stuffed(payload)
        self.domain = outgoing.recipient.rpartition("@")[2].lower()
        self.is_wide = not (outgoing.sender.isascii() and outgoing.recipient.isascii())

    def refused_by(self, offered: Extensions) -> Outcome | None:
        """Why a server with these extensions needn't be asked; None if it can be."""
        problem = ""
        if offered.size and offered.size < self.size:
            problem = "larger than the relay's size limit"
        elif self.is_wide and not offered.smtputf8:
            problem = "an address needs SMTPUTF8, which the relay doesn't offer"
        return Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=problem) if problem else None


@dataclass(frozen=True, slots=True)
class Envelopes:
    """How envelopes are written for one gateway.

    journal_address: also gets each message, in the same transaction; empty for none.
    """

    journal_address: str = ""
    dsn_success: bool = False

    def commands(self, letter: Letter, offered: Extensions) -> list[Command]:
        """MAIL, RCPT, and DATA: all that comes before the body."""
        outgoing = letter.outgoing
        mail = f"MAIL FROM:<{outgoing.sender}>{_parameters(letter, offered)}\r\n"
        notify = self._notify if offered.dsn else ""
        commands: list[Command] = [
            ("MAIL", mail.encode()),
            ("RCPT", f"RCPT TO:<{outgoing.recipient}>{notify}\r\n".encode()),
        ]
        if self.journal_address:
            never = " NOTIFY=NEVER" if offered.dsn else ""
            copy = f"RCPT TO:<{self.journal_address}>{never}\r\n"
            commands.append(("journal RCPT", copy.encode()))
        commands.append(("DATA", b"DATA\r\n"))
        return commands

    @property
    def _notify(self) -> str:
        return f" NOTIFY={'SUCCESS,' if self.dsn_success else ''}FAILURE,DELAY"


def unfit(outgoing: Outgoing, payload: bytes) -> str:
    """Why this can't be put on the wire; empty if it can."""
    if not (can_carry(outgoing.sender) and can_carry(outgoing.recipient)):
        return "an address has a character that SMTP can't carry"
    if not payload.isascii():
        return "the message isn't 7-bit"
    if _has_bare_line_break(payload):
        return "the message has a bare line break"
    return ""


def _has_bare_line_break(payload: bytes) -> bool:
    # `splitlines` takes CRLF as one break and half of it as one, too: quicker than any search.
    breaks = len((payload + b".").splitlines()) - 1
    return not breaks == payload.count(b"\n") == payload.count(b"\r")


def can_carry(address: str) -> bool:
    """Whether an address fits between the angle brackets of an envelope (RFC 5321, RFC 6531)."""
    if address.isascii():
        return _ADDRESS.fullmatch(address) is not None
    return address.isprintable() and _WIDE_ADDRESS.fullmatch(address) is not None


def dot_stuffed(payload: bytes) -> bytes:
    """The body as DATA wants it, without the final dot (RFC 5321 §4.5.2)."""
    whole = payload if payload.endswith(b"\r\n") else payload + b"\r\n"
    stuffed = whole.replace(b"\n.", b"\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _parameters(letter: Letter, offered: Extensions) -> str:
    text = "" if offered.size is None else f" SIZE={letter.size}"
    if letter.is_wide:
        text += " SMTPUTF8"  # without BODY: the message itself is 7-bit
    return f"{text} RET=HDRS{_envid(letter.outgoing.token)}" if offered.dsn else text


def _envid(token: str) -> str:
    xtext = _NOT_XTEXT.sub(lambda found: "".join(f"+{b:02X}" for b in found[0].encode()), token)
    return f" ENVID={xtext}" if len(xtext) <= _LONGEST_ENVID else ""
