"""An approved email, taken apart for providers that want JSON: from the approved bytes, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.policy import SMTP

from aicmo.errors import FixInput
from aicmo.gateways.contract import Outgoing

# The rest is the provider's: it makes its own MIME structure, and stamps the time of sending.
_OWN_FIELDS = frozenset({"from", "to", "subject", "reply-to", "date"})
_LOWEST_PRINTABLE, _DELETE = 0x20, 0x7F


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
    message = message_from_bytes(outgoing.payload, policy=SMTP)
    sender, recipient = _mailbox(message, "From"), _mailbox(message, "To")
    if recipient.addr_spec != outgoing.recipient:
        raise FixInput("The email isn't addressed to the recipient of the delivery")
    text, html = _bodies(message)
    return EmailFields(
        sender=_shown(sender),
        sender_address=sender.addr_spec,
        recipient=_shown(recipient),
        subject=_printable("Subject", str(message["Subject"] or "")),
        text=text,
        html=html,
        reply_to=_shown(_mailbox(message, "Reply-To")) if "Reply-To" in message else "",
        headers=_others(message),
    )


def _mailbox(message: EmailMessage, name: str) -> Address:
    fields = message.get_all(name) or []
    addresses = fields[0].addresses if fields and isinstance(fields[0], AddressHeader) else ()
    if len(fields) != 1 or len(addresses) != 1:
        raise FixInput(f"The email doesn't have exactly one address in {name}")
    return addresses[0]


def _shown(address: Address) -> str:
    return _printable("an address", str(address))


def _bodies(message: EmailMessage) -> tuple[str, str]:
    bodies: dict[str, str] = {}
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html") or kind in bodies or part.is_attachment():
            raise FixInput("The email has more in it than one text and one HTML part")
        bodies[kind] = str(part.get_content()).replace("\r\n", "\n")
    return bodies.get("text/plain", ""), bodies.get("text/html", "")


def _others(message: EmailMessage) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, _printable(name, str(value)))
        for name, value in message.items()
        if name.lower() not in _OWN_FIELDS and not name.lower().startswith(("content-", "mime-"))
    )


def _printable(place: str, text: str) -> str:
    if any(ord(each) < _LOWEST_PRINTABLE or ord(each) == _DELETE for each in text):
        raise FixInput(f"The email has a control character in {place}")
    return text
