"""An approved email, taken apart for providers that want JSON: from the approved bytes, nothing else.

Headers are decoded here by the older half of Python's email package: its newer one puts a space
between the encoded words of a long name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import Message
from typing import Any, cast

from aicmo.errors import FixInput
from aicmo.gateways.contract import Outgoing

# The rest is the provider's: it makes its own MIME structure, and stamps the time of sending.
_OWN_FIELDS = frozenset({"from", "to", "subject", "reply-to", "date"})
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_ADDRESS = re.compile(r"[^\s<>,;:\"()]+@[^\s<>,;:\"()]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WORDS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")  # RFC 5322 §3.2.3, and encoded words


@dataclass(frozen=True)
class EmailFields:
    """One email as its readers see it.

    sender, recipient, reply_to: `Name <address>`, names in Unicode; reply_to may be empty.
    sender_address: the bare address of From.
    headers: all others that aren't MIME's, such as List-Unsubscribe and Message-ID.
    """

    sender: str
    sender_address: str
    recipient: str
    subject: str
    text: str
    html: str
    reply_to: str
    headers: tuple[tuple[str, str], ...]


def read_email(outgoing: Outgoing) -> EmailFields:
    """The fields of the approved bytes. They are the same on every attempt but for the Date.

    Raises:
        FixInput: the bytes aren't an email to this recipient of one text and one HTML part.
    """
    message = message_from_bytes(outgoing.payload)
    sender, recipient = _mailbox(message, "From"), _mailbox(message, "To")
    if recipient.addr_spec != outgoing.recipient:
        raise FixInput("The email isn't addressed to the recipient of the delivery")
    text, html = _bodies(message)
    return EmailFields(
        sender=str(sender),
        sender_address=sender.addr_spec,
        recipient=str(recipient),
        subject=_decoded("Subject", str(message.get("Subject", ""))),
        text=text,
        html=html,
        reply_to=str(_mailbox(message, "Reply-To")) if "Reply-To" in message else "",
        headers=tuple(
            (name, _decoded(name, str(value)))
            for name, value in message.items()
            if name.lower() not in _OWN_FIELDS
            and not name.lower().startswith(("content-", "mime-"))
        ),
    )


def _mailbox(message: Message, name: str) -> Address:
    lines = [_unfolded(str(line)).strip() for line in message.get_all(name, [])]
    phrase, bracket, rest = lines[0].rpartition("<") if len(lines) == 1 else ("", "", "")
    address = rest.removesuffix(">") if bracket else rest
    if not _ADDRESS.fullmatch(address) or (bracket and not rest.endswith(">")):
        raise FixInput(f"The email doesn't have exactly one plain address in {name}")
    try:
        return Address(_name(name, phrase.strip()), addr_spec=address)
    except (MessageError, ValueError, IndexError):
        raise FixInput(f"The email has an address in {name} that can't be read") from None


def _name(place: str, phrase: str) -> str:
    if quoted := _QUOTED.fullmatch(phrase):
        return _printable(place, re.sub(r"\\(.)", r"\1", quoted[1]))
    if not _WORDS.fullmatch(phrase):
        raise FixInput(f"The email doesn't have exactly one plain address in {place}")
    return _decoded(place, phrase)


def _bodies(message: Message) -> tuple[str, str]:
    bodies: dict[str, str] = {}
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        is_attached = part.get_content_disposition() is not None
        if kind not in ("text/plain", "text/html") or kind in bodies or is_attached:
            raise FixInput("The email has more in it than one text and one HTML part")
        bodies[kind] = _text(part)
    return bodies.get("text/plain", ""), bodies.get("text/html", "")


def _text(part: Message) -> str:
    content = cast("Any", part).get_payload(decode=True)
    try:
        return str(content, part.get_content_charset("us-ascii")).replace("\r\n", "\n")
    except (LookupError, ValueError):
        raise FixInput("The email has a text that can't be decoded") from None


def _unfolded(line: str) -> str:
    return _FOLD.sub("", line)


def _decoded(place: str, line: str) -> str:
    try:
        return _printable(place, str(make_header(decode_header(_unfolded(line)))))
    except (MessageError, LookupError, ValueError):
        raise FixInput(f"The email has a header that can't be decoded: {place}") from None


def _printable(place: str, text: str) -> str:
    if _CONTROL.search(text):
        raise FixInput(f"The email has a control character in {place}")
    return text
