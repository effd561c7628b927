"""A brand, a content and a contact for the tests of email, and ways to read what was composed."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser

from aicmo.gateways.email_message import ComposedEmail, EmailComposer
from aicmo.gateways.personalisation import EmailRecipient
from aicmo.plans.document import Brand, Colours, Sender
from aicmo.plans.items import CallToAction, EmailContent

BRAND = Brand(
    name="Tarn & Ember",
    industry="Coffee",
    offer="Small-batch coffee by post",
    location="Leeds",
    postal_address="4 Mill Row, Leeds LS1 1AA, United Kingdom",
    sender=Sender(
        name="Tarn & Ember", email="hello@tarnember.example", reply_to="post@tarnember.example"
    ),
    unsubscribe_url="https://tarnember.example/leave",
    colours=Colours(primary="#1f3d36", accent="#e07a3f"),
)
CONTENT = EmailContent(
    subject='A gift for you, {{ contact.first_name | default("friend") }}',
    preheader="Ten per cent off, until Sunday",
    body="""# Thank you, {{ contact.first_name | default("friend") }}

You bought **{{ contact.last_order | default("coffee") }}** from us.
Here is [what we roast now](https://tarnember.example/now).

- Washed, from Huila
- Natural, from Guji

1. Choose
2. Grind

> Best within six weeks.
""",
    cta=CallToAction(label="See the roasts", url="https://tarnember.example/shop?a=1&b=2"),
)
ANA = EmailRecipient(
    email="ana@example.com",
    name="Ana Ruiz",
    first_name="Ana",
    attributes={"last_order": "Huila 250 g"},
)
DATE = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
HEADERS = [
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "MIME-Version",
    "Content-Type",
]


def compose(
    content: EmailContent = CONTENT, brand: Brand = BRAND, contact: EmailRecipient = ANA
) -> ComposedEmail:
    return EmailComposer(content, brand).compose(contact, "t-1", DATE)


def parse(composed: ComposedEmail) -> EmailMessage:
    message = email.message_from_bytes(composed.payload, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def contents(message: EmailMessage) -> list[str]:
    return [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]


class Page(HTMLParser):
    """Tags, links and text of an HTML page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data
