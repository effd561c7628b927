"""From an item's content to the exact bytes of one person's email.

The same input gives the same bytes: what a person previews and approves is what goes out. What all
recipients share is written and encoded once, so that a message costs little more than its joining.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from html import escape

from aicmo.errors import FixInput
from aicmo.gateways.email_encoding import encode_value, frame
from aicmo.gateways.email_headers import (
    address_header,
    one_line,
    plain_header,
    refuse_controls,
    text_header,
)
from aicmo.gateways.email_page import Parts, prepare_parts
from aicmo.gateways.email_senders import (
    FEEDBACK_TOKEN_LENGTH,
    checked_address,
    has_feedback_tokens,
    read_origin,
)
from aicmo.gateways.email_urls import Links
from aicmo.gateways.personalisation import EmailRecipient, Markers
from aicmo.plans.document import Brand
from aicmo.plans.items import EmailContent

COMPOSER_VERSION = "2"
"""Raised with every change of the bytes that the same input gives; the approval hash includes it."""

_MARKUP = re.compile("[&<>\"']")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FEEDBACK_TOKEN = re.compile(rf"[A-Za-z0-9]{{{FEEDBACK_TOKEN_LENGTH}}}")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ComposedEmail:
    """One email, ready to be shown or sent.

    sender, recipient: the envelope's addresses, in ASCII.
    headers: name and decoded value, in the order of the payload.
    payload: CRLF line ends, ASCII only, not dot-stuffed (RFC 5322).
    parts, values: what text and HTML are made of when somebody wants to see them.
    """

    sender: str
    recipient: str
    message_id: str
    subject: str
    headers: Headers
    payload: bytes
    feedback_token: str
    parts: Parts = field(repr=False, compare=False)
    values: Sequence[str] = field(repr=False, compare=False)

    @property
    def text(self) -> str:
        return self.parts.text.fill(self.values)

    @property
    def html(self) -> str:
        return self.parts.html.fill([escape(value) for value in self.values])


class EmailComposer:
    """One item's content in one brand, prepared once for any number of recipients.

    language: BCP 47 tag of the content, for screen readers.
    tags: query parameters (`utm_source` …) that each https:// link of the content gets.
    extra_headers: further header lines in plain ASCII, the same in each message.

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
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        self._origin = read_origin(brand)
        self._needs_feedback_token = has_feedback_tokens(brand)
        self._markers = Markers(repr((content, brand, language, tags)))
        subject = refuse_controls(content.subject, "content.subject")
        self._subject = self._markers.template(self._markers.put_into(subject, "content.subject"))
        link = self._origin.unsubscribe.link(self._markers.feedback_token)
        links = Links(self._markers, tags or {}, link)
        self._parts = prepare_parts(content, brand, links, language=language)
        self._first = (*self._origin.headers, *(extra_headers or {}).items())
        self._frame, self._wanted = self._make_frame(extra_headers or {})

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
        self._refuse_odd_tokens(token, feedback_token)
        recipient = checked_address(contact.email, "contact.email")
        values = self._markers.values(contact, feedback_token)
        subject = one_line(self._subject.fill(values), "content.subject")
        to = _to(contact.name, recipient)
        date_text, date_line = _date(date)
        message_id = f"<{token}@{self._origin.domain}>"
        own_lines = (to[1], text_header("Subject", subject), date_line, message_id.encode())
        return ComposedEmail(
            sender=self._origin.envelope.replace("{token}", feedback_token),
            recipient=recipient,
            message_id=message_id,
            subject=subject,
            headers=(
                *self._first,
                ("To", to[0]),
                ("Subject", subject),
                ("Date", date_text),
                ("Message-ID", message_id),
                *self._origin.unsubscribe.headers(feedback_token),
                ("MIME-Version", "1.0"),
            ),
            payload=self._frame % (*own_lines, *self._encoded(values)),
            feedback_token=feedback_token,
            parts=self._parts,
            values=values,
        )

    def _make_frame(self, extra_headers: Mapping[str, str]) -> tuple[bytes, list[int]]:
        """The payload as a `%` format, and which encoded values it wants after the own lines."""
        extra = b"".join(plain_header(name, text) for name, text in extra_headers.items())
        leave = self._origin.unsubscribe
        text, text_wants = frame(self._parts.text)
        html, html_wants = frame(self._parts.html)
        count = self._markers.count
        wanted = [*([0] if leave.one_click else []), *text_wants, *(n + count for n in html_wants)]
        start = (self._origin.lines + extra).replace(b"%", b"%%") + b"%s%s%sMessage-ID: %s\r\n"
        return start + leave.lines + _multipart(text, html), wanted

    def _encoded(self, values: Sequence[str]) -> list[bytes]:
        plain = [encode_value(value) for value in values]
        escaped = [escape(value) if _MARKUP.search(value) else value for value in values]
        both = plain + [
            done if shown == value else encode_value(shown)
            for done, shown, value in zip(plain, escaped, values, strict=True)
        ]
        return [both[number] for number in self._wanted]

    def _refuse_odd_tokens(self, token: str, feedback_token: str) -> None:
        if not _TOKEN.fullmatch(token):
            raise FixInput("The token of a delivery has a character that a Message-ID can't carry")
        if self._needs_feedback_token and not _FEEDBACK_TOKEN.fullmatch(feedback_token):
            raise FixInput("This brand's emails need a feedback token of 26 letters and digits")


def _to(name: str | None, address: str) -> tuple[str, bytes]:
    if not (name or "").strip():
        return address, plain_header("To", address)
    shown = one_line(name or "", "contact.name")
    return f"{shown} <{address}>", address_header("To", shown, address)


def _date(date: datetime) -> tuple[str, bytes]:
    if date.tzinfo is None:
        raise FixInput("The date of an email needs its offset from UTC")
    return _date_of_second(int(date.timestamp()))


@lru_cache(maxsize=16)
def _date_of_second(second: int) -> tuple[str, bytes]:
    shown = format_datetime(datetime.fromtimestamp(second, UTC))
    return shown, plain_header("Date", shown)


def _multipart(text: bytes, html: bytes) -> bytes:
    """RFC 2046 §5.1.4, the best form last; both are `%` formats."""
    # "=_" can't occur in quoted-printable text (RFC 2045 §6.7), so neither can the boundary.
    boundary = b"=_" + hashlib.sha256(text + html).hexdigest()[:32].encode()
    part = (
        b"--%s\r\nContent-Type: text/%s; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n%s\r\n"
    )
    return b"".join(
        [
            b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n"
            b' boundary="%s"\r\n\r\n' % boundary,
            part % (boundary, b"plain", text),
            part % (boundary, b"html", html),
            b"--%s--\r\n" % boundary,
        ]
    )
