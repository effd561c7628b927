"""A brand, a content and a contact for the tests of email, and ways to read what was composed."""

from __future__ import annotations

import email
import re
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser

from aicmo.errors import FixInput
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
ONE_CLICK_BRAND = BRAND.model_copy(
    update={
        "unsubscribe_url": "https://mail.tarnember.example/u/{token}",
        "sender": Sender(
            name="Tarn & Ember",
            email="hello@tarnember.example",
            reply_to="post@tarnember.example",
            bounce_address="bounces@tarnember.example",
        ),
    }
)
FEEDBACK_TOKEN = "abcdefghijklmnopqrstuvwxyz"
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
    content: EmailContent = CONTENT,
    brand: Brand = BRAND,
    contact: EmailRecipient = ANA,
    *,
    tags: dict[str, str] | None = None,
    language: str = "en",
) -> ComposedEmail:
    composer = EmailComposer(content, brand, tags=tags, language=language)
    return composer.compose(contact, "t-1", DATE, FEEDBACK_TOKEN)


def refusal(
    content: EmailContent, brand: Brand = BRAND, contact: EmailRecipient = ANA
) -> str | None:
    """Why it can't be composed, or None."""
    try:
        compose(content, brand, contact)
    except FixInput as error:
        return str(error)
    return None


def with_body(body: str, markup: str = "html", **changes: object) -> EmailContent:
    """An email without button or preheader, so that only the body speaks."""
    return CONTENT.model_copy(
        update={"body": body, "format": markup, "cta": None, "preheader": None, **changes}
    )


def body_html(composed: ComposedEmail) -> str:
    """What the page has for the body, without its styles."""
    inside = re.search(
        r'class="cell body"[^>]*>\n(.*?)\n</td></tr>\n(?:<tr>)', composed.html, re.DOTALL
    )
    assert inside
    return re.sub(r' (style|cellpadding|cellspacing|border)="[^"]*"', "", inside[1]).strip()


def body_text(composed: ComposedEmail) -> str:
    return composed.text.partition("\n\n-- \n")[0]


def parse(composed: ComposedEmail) -> EmailMessage:
    message = email.message_from_bytes(composed.payload, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def contents(message: EmailMessage) -> list[str]:
    return [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]


def assert_well_formed(composed: ComposedEmail) -> None:
    """Holds for every email, whatever its author and its readers are called."""
    payload = composed.payload
    assert payload.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", payload)
    head, _, body = payload.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 78
    for line in head.split(b"\r\n"):
        # One long word, such as an address, can't be folded; RFC 5322 §2.1.1 has room for it.
        assert len(line) <= 78 or (len(line) <= 998 and len(line.split()) <= 2)
    assert not re.search(rb"\r\n[ \t]*\r\n", head)
    message = parse(composed)
    assert message.keys() == [*(name for name, _ in composed.headers), "Content-Type"]
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert contents(message) == [composed.text, composed.html]
    assert message["Subject"] == composed.subject
    assert [each.addr_spec for each in message["To"].addresses] == [composed.recipient]


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
