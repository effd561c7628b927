"""From an item's content to the exact bytes of one person's email.

The same input gives the same bytes: what a person previews and approves is what goes out.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from aicmo.errors import FixInput
from aicmo.gateways.email_headers import (
    address_header,
    ascii_address,
    plain_header,
    refuse_controls,
    text_header,
)
from aicmo.gateways.email_page import prepare_parts
from aicmo.gateways.personalisation import EmailRecipient, read_template
from aicmo.plans.document import Brand, Sender
from aicmo.plans.items import EmailContent

COMPOSER_VERSION = "1"
"""Raised with every change of the bytes that the same input gives; the approval hash includes it."""

_LONGEST_UNSUBSCRIBE_URL = 75  # header software folds a longer one, and folded it doesn't work
_LONGEST_SUBJECT = 78
_CLIPPED_AT_BYTES = 102_400  # Gmail hides what comes after, the unsubscribe link included
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Header:
    """A header as a reader sees it, and as the bytes of its line or lines."""

    name: str
    value: str
    line: bytes


@dataclass(frozen=True)
class ComposedEmail:
    """One email, ready to be shown or sent.

    sender, recipient: the envelope's addresses, in ASCII.
    headers: name and decoded value, in the order of the payload.
    payload: CRLF line ends, ASCII only, not dot-stuffed (RFC 5322).
    """

    sender: str
    recipient: str
    message_id: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    payload: bytes
    warnings: tuple[str, ...]
    feedback_token: str = ""


class EmailComposer:
    """One item's content in one brand, prepared once for any number of recipients.

    language: BCP 47 tag of the content, for screen readers.
    tags: query parameters (`utm_source` …) that each https:// link of the content gets.

    Raises:
        FixInput: the brand lacks what every email must carry, or the content can't be composed.
    """

    def __init__(
        self,
        content: EmailContent,
        brand: Brand,
        *,
        language: str = "en",
        tags: Mapping[str, str] | None = None,
    ) -> None:
        del tags
        sender = _required_sender(brand)
        self._from = ascii_address(sender.email, "brand.sender.email")
        self._domain = self._from.rpartition("@")[2]
        unsubscribe_url = _required_unsubscribe_url(brand)
        self._shared_headers = _shared_headers(sender, self._from, unsubscribe_url)
        refuse_controls(content.subject, "content.subject")
        self._subject = read_template(content.subject, "content.subject")
        self._parts = prepare_parts(
            content, brand, unsubscribe_url=unsubscribe_url, language=language
        )

    def compose(
        self, contact: EmailRecipient, token: str, date: datetime, feedback_token: str = ""
    ) -> ComposedEmail:
        """The email of one recipient.

        token: letters, digits, `.`, `_` and `-`, at most 64; the same for every attempt.
        date: aware; the Date header.
        feedback_token: names the delivery in its unsubscribe link and its bounce address; needed if
            the brand `has_feedback_tokens`.

        Raises:
            FixInput: the contact lacks a value the content needs, or can't be written to.
        """
        recipient = ascii_address(contact.email, "contact.email")
        subject = _one_line(self._subject.fill(contact), "content.subject")
        text = self._parts.text.fill(contact)
        html = self._parts.html.fill(contact, escape)
        headers = (
            *self._shared_headers,
            _mailbox("To", contact.name, recipient, "contact.name"),
            Header("Subject", subject, text_header("Subject", subject)),
            *_identification(token, self._domain, date),
        )
        payload = _assemble(headers, text, html, token)
        return ComposedEmail(
            sender=self._from,
            recipient=recipient,
            message_id=f"<{token}@{self._domain}>",
            subject=subject,
            text=text,
            html=html,
            headers=tuple((header.name, header.value) for header in headers),
            payload=payload,
            warnings=_warnings(subject, payload),
            feedback_token=feedback_token,
        )


def has_feedback_tokens(brand: Brand) -> bool:
    """Whether each email has its own unsubscribe link or bounce address."""
    own_link = "{token}" in (brand.unsubscribe_url or "")
    return own_link or bool(brand.sender and brand.sender.bounce_address)


def _required_sender(brand: Brand) -> Sender:
    if brand.sender is None:
        raise FixInput(
            "brand.sender is missing, so there is nobody to send email from",
            next_step="Add brand.sender with name and email to the project document.",
        )
    return brand.sender


def _required_unsubscribe_url(brand: Brand) -> str:
    url = brand.unsubscribe_url
    if url is None or not url.startswith("https://"):
        problem = "is missing" if url is None else "isn't an https:// address"
        raise FixInput(
            f"brand.unsubscribe_url {problem}, and every email must have it",
            next_step="Add the https:// page where a contact can leave to the project document.",
        )
    if len(url) > _LONGEST_UNSUBSCRIBE_URL or not url.isascii():
        raise FixInput(
            f"brand.unsubscribe_url isn't plain ASCII of at most {_LONGEST_UNSUBSCRIBE_URL} characters",
            next_step="Use a shorter address; mail programs don't recognise a folded one.",
        )
    return refuse_controls(url, "brand.unsubscribe_url")


def _shared_headers(sender: Sender, address: str, unsubscribe_url: str) -> tuple[Header, ...]:
    headers = [_mailbox("From", sender.name, address, "brand.sender.name")]
    if sender.reply_to:
        reply_to = ascii_address(sender.reply_to, "brand.sender.reply_to")
        headers.append(_plain("Reply-To", reply_to))
    return (*headers, _plain("List-Unsubscribe", f"<{unsubscribe_url}>"))


def _mailbox(name: str, display_name: str | None, address: str, place: str) -> Header:
    if not (display_name or "").strip():
        return _plain(name, address)
    shown = _one_line(display_name or "", place)
    return Header(name, f"{shown} <{address}>", address_header(name, shown, address))


def _plain(name: str, value: str) -> Header:
    return Header(name, value, plain_header(name, value))


def _one_line(text: str, place: str) -> str:
    line = re.sub(" +", " ", refuse_controls(text, place)).strip()
    if not line:
        raise FixInput(f"{place} is empty once its placeholders are filled")
    return line


def _identification(token: str, domain: str, date: datetime) -> tuple[Header, ...]:
    if not _TOKEN.fullmatch(token):
        raise FixInput("The token of a delivery has a character that a Message-ID can't carry")
    if date.tzinfo is None:
        raise FixInput("The date of an email needs its offset from UTC")
    return (
        _plain("Date", format_datetime(date.astimezone(UTC))),
        _plain("Message-ID", f"<{token}@{domain}>"),
        _plain("MIME-Version", "1.0"),
    )


def _assemble(headers: tuple[Header, ...], text: str, html: str, token: str) -> bytes:
    # "=_" can't occur in quoted-printable text (RFC 2045 §6.7), so neither can the boundary.
    boundary = f"=_{hashlib.sha256(token.encode()).hexdigest()[:32]}"
    content_type = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    return b"".join(
        [
            *(header.line for header in headers),
            content_type.encode(),
            _part("plain", text, boundary),
            _part("html", html, boundary),
            f"--{boundary}--\r\n".encode(),
        ]
    )


def _part(subtype: str, text: str, boundary: str) -> bytes:
    start = (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    encoded = binascii.b2a_qp(text.encode(), istext=True).replace(b"\n", b"\r\n")
    return start.encode() + encoded + b"\r\n"


def _warnings(subject: str, payload: bytes) -> tuple[str, ...]:
    found: list[str] = []
    if len(subject) > _LONGEST_SUBJECT:
        found.append(f"The subject has {len(subject)} characters; most mail programs cut it short")
    if len(payload) > _CLIPPED_AT_BYTES:
        found.append(f"The email has {len(payload) // 1024} kB; Gmail hides what is over 102 kB")
    return tuple(found)
