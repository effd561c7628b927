"""Every check of a composed email, each with a verdict that is shown even when all is well.

The bytes that would go out are what is checked; nothing is rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aicmo.gateways.email_findings import Check, Finding
from aicmo.gateways.email_links import check_links, domain_of, organisation
from aicmo.gateways.email_message import ComposedEmail
from aicmo.gateways.email_shown import Shown, in_one_line, read_html
from aicmo.gateways.email_structure import (
    check_build,
    check_pictures,
    check_preheader,
    check_subject,
)
from aicmo.gateways.email_wording import Wording, check_words
from aicmo.gateways.personalisation import EmailRecipient, fill
from aicmo.plans.document import Brand
from aicmo.plans.items import EmailContent
from aicmo.plans.strategy import LanguageRules

_WARNED_AT_BYTES = 100_000  # Gmail hides what comes after 102 kB
_LONGEST_LINE = 998  # RFC 5322 §2.1.1
_ONE_CLICK = "List-Unsubscribe=One-Click"  # RFC 8058 §3.1


@dataclass(frozen=True)
class Copy:
    """What an item's emails are checked against: as written, and as the client wants to speak.

    other_clients: names and domains of other clients, each with the client's name.
    """

    content: EmailContent
    brand: Brand
    rules: LanguageRules = field(default_factory=LanguageRules)
    other_clients: Mapping[str, str] = field(default_factory=dict[str, str])


def check_email(email: ComposedEmail, reader: EmailRecipient, copy: Copy) -> tuple[Check, ...]:
    """All checks of one recipient's email."""
    shown = read_html(email.html)
    preheader = fill(copy.content.preheader or "", reader)
    names = [name for name in (reader.name, reader.first_name, reader.email) if name]
    parts = {
        "content.subject": email.subject,
        "content.preheader": preheader,
        "content.body": f"{shown.text}\n{email.text}\n{' '.join(link.url for link in shown.links)}",
    }
    return (
        _check_unsubscribe(email, shown),
        _check_one_click(email),
        _check_postal_address(email, shown, copy.brand),
        _check_domains(email, copy.brand),
        check_subject(email.subject),
        check_preheader(preheader, email.subject),
        *check_links(shown.links, copy.content, copy.brand),
        check_pictures(shown, _own_words(shown, copy.brand)),
        check_build(email.text, shown, preheader),
        *check_words(Wording(parts, names), copy.rules, copy.other_clients),
        check_size(len(email.payload)),
    )


def check_size(bytes_: int) -> Check:
    """The largest message of an item, against what Gmail shows of one."""
    said = f"{bytes_ / 1000:.1f} kB; Gmail shows 102 kB, and a relay states its own limit"
    if bytes_ <= _WARNED_AT_BYTES:
        return Check("Size", said)
    text = (
        f"A message has {bytes_ / 1000:.0f} kB; Gmail clips it at 102 kB, unsubscribe link included"
    )
    return Check("Size", said, (Finding("warning", "content.body", text, "Shorten the message"),))


def _header(email: ComposedEmail, name: str) -> str:
    return next((value for each, value in email.headers if each.lower() == name.lower()), "")


def _check_unsubscribe(email: ComposedEmail, shown: Shown) -> Check:
    return Check(
        "Unsubscribe link",
        "in the header, the text and the HTML, on one header line",
        tuple(_unsubscribe_findings(email, shown)),
    )


def _unsubscribe_findings(email: ComposedEmail, shown: Shown) -> Iterator[Finding]:
    place, fix = "brand.unsubscribe_url", "Add the https:// page where a contact can leave"
    urls = re.findall(r"<(https://[^>]*)>", _header(email, "List-Unsubscribe"))
    if not urls:
        yield Finding(
            "error", place, "There is no List-Unsubscribe header with an https:// link", fix
        )
        return
    if not _is_on_one_line(email.payload, b"List-Unsubscribe"):
        text = f"The List-Unsubscribe header isn't one plain line of at most {_LONGEST_LINE} characters"
        yield Finding("error", place, text, "Use a shorter address in plain ASCII")
    if not any(url in email.text for url in urls):
        yield Finding("error", place, "The text part has no unsubscribe link", fix)
    if not any(link.url in urls for link in shown.links):
        yield Finding("error", place, "The HTML has no unsubscribe link", fix)


def _is_on_one_line(payload: bytes, name: bytes) -> bool:
    """Whether a header is written in one line, without the encoded words that some don't decode."""
    head = payload.partition(b"\r\n\r\n")[0]
    found = re.search(rb"(?mi)^" + name + rb":[ \t]*([^\r\n]*)\r?\n?(?P<folded>[ \t])?", head)
    return (
        found is not None
        and not found["folded"]
        and b"=?" not in found[1]
        and len(found[1]) + len(name) + 2 <= _LONGEST_LINE
    )


def _check_one_click(email: ComposedEmail) -> Check:
    name, said = "One-click unsubscribe", "the header that Gmail and Yahoo ask for is there"
    if _header(email, "List-Unsubscribe-Post") == _ONE_CLICK:
        return Check(name, said)
    found = Finding(
        "warning", "brand.unsubscribe_url",
        "Nobody can leave with one click, which Gmail and Yahoo ask of bulk senders (RFC 8058)",
        "Put {token} into it, as in https://mail.example.com/u/{token}, and run `aicmo serve` there",
    )  # fmt: skip
    return Check(name, said, (found,))


def _check_postal_address(email: ComposedEmail, shown: Shown, brand: Brand) -> Check:
    address = in_one_line(brand.postal_address or "")
    found = tuple(
        Finding(
            "error", "brand.postal_address", f"{part} doesn't show the sender's postal address",
            "Add brand.postal_address; the law wants it in every email",
        )
        for part, text in (("The text part", in_one_line(email.text)), ("The HTML", shown.text))
        if not address or address not in text
    )  # fmt: skip
    return Check("Postal address", "in the text and the HTML", found)


def _check_domains(email: ComposedEmail, brand: Brand) -> Check:
    """Links and bounces in the sender's own domain; others look borrowed, and DMARC may not align."""
    sender = domain_of(brand.sender.email) if brand.sender else ""
    unsubscribe = (brand.unsubscribe_url or "").removeprefix("https://").partition("/")[0]
    others = {
        "brand.unsubscribe_url": unsubscribe.partition(":")[0],
        "brand.sender.bounce_address": domain_of(email.sender),
    }
    found = tuple(
        Finding(
            "hint", place, f"{host} isn't of the sender's domain {sender}",
            f"Use a name under {organisation(sender)}, so that receivers see one owner",
        )
        for place, host in others.items()
        if host and sender and organisation(host) != organisation(sender)
    )  # fmt: skip
    return Check(
        "Domains", f"sender, bounces and unsubscribing under {organisation(sender)}", found
    )


def _own_words(shown: Shown, brand: Brand) -> int:
    """Words before the footer, which is as long in every email."""
    body = shown.text.partition(in_one_line(brand.postal_address or "\0"))[0]
    return len(body.split())
