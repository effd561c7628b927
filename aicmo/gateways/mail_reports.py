"""What a message in a bounce mailbox says: delivery reports (RFC 3464), complaints (RFC 5965).

Anybody can write to that mailbox, so nothing here is believed: it is only read, within bounds and
in linear time. Python's own parser builds trees of any depth; here, only headers go through it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from enum import StrEnum

from aicmo.errors import FixInput
from aicmo.plans.addresses import normalise_address
from aicmo.redaction import redact

LONGEST_MESSAGE = 1024 * 1024
"""Bytes of a message that are read; what a report says comes before the message it returns."""
_LONGEST_HEAD = 64 * 1024
_LONGEST_VALUE = 2000
_LONGEST_DETAIL = 200
_MOST_PARTS, _MOST_GROUPS, _DEEPEST = 20, 20, 3

_TOKEN = re.compile(r"(?<![a-z0-9])[a-z2-7]{26}(?![a-z0-9])")
_MESSAGE_ID = re.compile(r"<([A-Za-z0-9][A-Za-z0-9._-]{0,63})@[^<>\s]{1,255}>")
_ENVELOPE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_STATUS = re.compile(r"([245])\.[0-9]{1,3}\.[0-9]{1,3}")
_BLANK_LINES = re.compile(rb"\r?\n(?:[ \t]*\r?\n)+")
_UNSAFE = re.compile(r"[^ -~]+")


class Kind(StrEnum):
    """What came back."""

    BOUNCED = "bounced"
    """It wasn't delivered, and nobody tries any longer."""
    DELAYED = "delayed"
    """It wasn't delivered yet."""
    DELIVERED = "delivered"
    """It was delivered, or handed on."""
    COMPLAINED = "complained"
    """Its recipient calls it spam."""


_ACTIONS = {
    "failed": Kind.BOUNCED,
    "delayed": Kind.DELAYED,
    "delivered": Kind.DELIVERED,
    "relayed": Kind.DELIVERED,
    "expanded": Kind.DELIVERED,
}
_COMPLAINTS = ("abuse", "fraud", "other")  # not-spam is the opposite
_ARRIVED_AT = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")


@dataclass(frozen=True, slots=True)
class Report:
    """One thing that a message says about one email, as far as it can be read.

    status: enhanced status code (RFC 3463) such as 5.1.1, or ''.
    detail: the other side's words, without addresses.
    tokens: what may be the email's feedback token: only its recipient's side knows it.
    message_ids: what may be the email's token in its Message-ID and envelope id (RFC 3461).
    recipients: whom the report is about, normalised.
    written_at: the report's own date, which nobody vouches for.
    """

    kind: Kind
    status: str = ""
    detail: str = ""
    tokens: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    written_at: datetime | None = None


def read_reports(message: bytes) -> tuple[Report, ...]:
    """What a message reports: nothing, unless it is a report of a form that programs write.

    Never raises, whatever the bytes are.
    """
    try:
        return tuple(_read(message[:LONGEST_MESSAGE]))
    except Exception:  # noqa: BLE001  (what a stranger wrote must not stop the others' reports)
        return ()


def _read(message: bytes) -> Iterator[Report]:
    found = _Found()
    head, body = _split(message)
    _collect(head, body, found, depth=0)
    arrived_at = [value for name in _ARRIVED_AT for value in _values(head, name)]
    about_all = _About(
        tokens=_tokens(*arrived_at, *found.carried),
        message_ids=tuple(dict.fromkeys(found.message_ids))[:_MOST_GROUPS],
        written_at=_date(head),
    )
    for group in found.groups:
        if report := _delivery_report(group, about_all):
            yield report
    if found.complaint is not None and (report := _complaint(found.complaint, about_all)):
        yield report


@dataclass
class _Found:
    """The parts of a report.

    groups: one per recipient, of message/delivery-status.
    carried: where the email's own bounce address or unsubscribe link is shown.
    """

    groups: list[Message] = field(default_factory=list[Message])
    complaint: Message | None = None
    message_ids: list[str] = field(default_factory=list[str])
    carried: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class _About:
    tokens: tuple[str, ...]
    message_ids: tuple[str, ...]
    written_at: datetime | None


def _collect(head: Message, body: bytes, found: _Found, depth: int) -> None:
    kind = head.get_content_type()
    if kind.startswith("multipart/"):
        # A report that was forwarded within another message isn't one that came back to us.
        if depth < _DEEPEST and (depth > 0 or kind in ("multipart/report", "multipart/mixed")):
            for part in _parts(head, body):
                _collect(*_split(part), found, depth + 1)
    elif depth == 0:
        return
    elif kind in ("message/delivery-status", "message/global-delivery-status"):
        _collect_status(_decoded(head, body), found)
    elif kind == "message/feedback-report":
        found.complaint = _headers(_decoded(head, body))
        found.carried += _values(found.complaint, "Original-Mail-From")
    elif kind in _RETURNED:
        returned, _ = _split(_decoded(head, body))
        found.message_ids += _found_ids(_MESSAGE_ID, _values(returned, "Message-ID"))
        for name in ("Return-Path", "List-Unsubscribe"):
            found.carried += _values(returned, name)


def _collect_status(body: bytes, found: _Found) -> None:
    blocks = _BLANK_LINES.split(body.strip(), maxsplit=_MOST_GROUPS)[:_MOST_GROUPS]
    groups = [_headers(block) for block in blocks]
    if groups:
        whole = _values(groups[0], "Original-Envelope-Id")
        found.message_ids += [value for value in whole if _ENVELOPE_ID.fullmatch(value)]
    found.groups += [group for group in groups if "Final-Recipient" in group or "Action" in group]


def _delivery_report(group: Message, about: _About) -> Report | None:
    status = _STATUS.match(_first(group, "Status"))
    action = _first(group, "Action").partition(" ")[0].partition("(")[0].lower()
    kind = _ACTIONS.get(action)
    if kind is None:
        return None
    return Report(
        kind=kind,
        status=status[0] if status else "",
        detail=_plain(_first(group, "Diagnostic-Code").partition(";")[2]),
        tokens=about.tokens,
        message_ids=about.message_ids,
        recipients=_mailboxes(group, "Final-Recipient", "Original-Recipient"),
        written_at=about.written_at,
    )


def _complaint(fields: Message, about: _About) -> Report | None:
    said = _first(fields, "Feedback-Type").lower()
    if said not in _COMPLAINTS:
        return None
    return Report(
        kind=Kind.COMPLAINED,
        detail=said,
        tokens=about.tokens,
        message_ids=about.message_ids,
        recipients=_mailboxes(fields, "Original-Rcpt-To"),
        written_at=about.written_at,
    )


def _split(message: bytes) -> tuple[Message, bytes]:
    """Headers and body; either line end will do."""
    start = message[:_LONGEST_HEAD]
    if found := re.search(rb"\r?\n[ \t]*\r?\n", start):
        return _headers(message[: found.start()]), message[found.end() :]
    return _headers(start), b""


def _headers(block: bytes) -> Message:
    return BytesHeaderParser().parsebytes(block[:_LONGEST_HEAD].strip() + b"\n\n")


def _parts(head: Message, body: bytes) -> list[bytes]:
    """The parts of a multipart (RFC 2046 §5.1.1); the last may be cut off."""
    # Python splits the parameters of a header in quadratic time: four seconds for one of 64 KB.
    is_long = len(str(head["Content-Type"])) > _LONGEST_VALUE
    boundary = None if is_long else head.get_boundary()
    if not boundary or len(boundary) > 100:  # noqa: PLR2004  (70 in RFC 2046)
        return []
    line = rb"(?:\A|\r?\n)--" + re.escape(boundary.encode("utf-8", "replace"))
    ends = list(_limited(re.finditer(line + rb"(?P<last>--)?[ \t]*(?=\r?\n|\Z)", body)))
    starts = [each for each in ends if not each["last"]][:_MOST_PARTS]
    stops = {each.start() for each in ends} | {len(body)}
    return [
        body[each.end() : min(stop for stop in stops if stop >= each.end())].lstrip(b"\r\n")
        for each in starts
    ]


def _limited(matches: Iterator[re.Match[bytes]]) -> Iterator[re.Match[bytes]]:
    for number, each in enumerate(matches):
        if number > _MOST_PARTS:
            return
        yield each


def _decoded(head: Message, body: bytes) -> bytes:
    if _first(head, "Content-Transfer-Encoding").lower() in ("base64", "quoted-printable"):
        part = Message()
        part["Content-Transfer-Encoding"] = _first(head, "Content-Transfer-Encoding")
        part.set_payload(body.decode("latin-1"))
        decoded = part.get_payload(decode=True)
        return decoded if isinstance(decoded, bytes) else b""
    return body


def _values(head: Message, name: str) -> list[str]:
    return [" ".join(str(value)[:_LONGEST_VALUE].split()) for value in head.get_all(name, [])]


def _first(head: Message, name: str) -> str:
    return next(iter(_values(head, name)), "")


def _tokens(*values: str) -> tuple[str, ...]:
    found = (token for value in values for token in _TOKEN.findall(value.lower()))
    return tuple(dict.fromkeys(found))[:_MOST_GROUPS]


def _found_ids(pattern: re.Pattern[str], values: list[str]) -> list[str]:
    return [found for value in values for found in pattern.findall(value)][:_MOST_GROUPS]


def _mailboxes(group: Message, *names: str) -> tuple[str, ...]:
    """The addresses in `rfc822; person@example.com` or `<person@example.com>`."""
    found: list[str] = []
    for value in (value for name in names for value in _values(group, name)):
        address = value.rpartition(";")[2].strip().removeprefix("<").removesuffix(">")
        try:
            found.append(normalise_address(address))
        except FixInput:
            continue
    return tuple(dict.fromkeys(found))


def _plain(text: str) -> str:
    return redact(_UNSAFE.sub(" ", text)).strip()[:_LONGEST_DETAIL]


def _date(head: Message) -> datetime | None:
    try:
        written = parsedate_to_datetime(_first(head, "Date"))
    except (ValueError, OverflowError):
        return None
    return written.replace(tzinfo=UTC) if written.tzinfo is None else written.astimezone(UTC)
