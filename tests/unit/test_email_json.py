"""What a JSON provider is given is what the approved bytes say, and a strange message is refused."""

from __future__ import annotations

import time
from email.headerregistry import Address

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aicmo.errors import FixInput
from aicmo.gateways.contract import Outgoing
from aicmo.gateways.email_json import read_email
from aicmo.gateways.email_message import ComposedEmail
from aicmo.gateways.personalisation import EmailRecipient
from tests.unit.email_samples import ANA, BRAND, CONTENT, ONE_CLICK_BRAND, compose

LINE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]), min_size=1, max_size=90
)  # fmt: skip
PLAIN = (
    b"From: a@agency.test\r\nTo: b@client.test\r\nSubject: hi\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n"
)


def outgoing(payload: bytes, recipient: str = "b@client.test") -> Outgoing:
    return Outgoing(1, "token", "bounces@agency.test", recipient, payload, time.monotonic() + 9)


def of(composed: ComposedEmail) -> Outgoing:
    return outgoing(composed.payload, composed.recipient)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(subject=LINE, name=LINE, sender=LINE)
def test_any_text_arrives_as_it_was_composed(subject: str, name: str, sender: str) -> None:
    assert BRAND.sender
    brand = BRAND.model_copy(update={"sender": BRAND.sender.model_copy(update={"name": sender})})
    try:
        composed = compose(
            CONTENT.model_copy(update={"subject": subject}),
            brand,
            EmailRecipient(email="ana@example.com", name=name, first_name=name),
        )
    except FixInput:
        assume(False)
    fields = read_email(of(composed))

    assert fields.subject == composed.subject
    assert (fields.text, fields.html) == (composed.text, composed.html)
    shown = dict(composed.headers)
    assert fields.sender == requoted(shown["From"])
    assert fields.recipient == requoted(shown["To"])


def requoted(mailbox: str) -> str:
    """`Name <address>` as a reader sees it, with the quotes that keep it one address."""
    name, _, address = mailbox.rpartition("<")
    return str(Address(name.strip(), addr_spec=address.rstrip(">")))


def test_a_long_name_keeps_its_letters() -> None:
    name = "Überaus Fröhliche Gemüsehändlergenossenschaft Süßmüller & Söhne Köln-Nippes"
    contact = EmailRecipient(email=ANA.email, name=name, first_name="A")

    assert read_email(of(compose(contact=contact))).recipient == f"{name} <ana@example.com>"


def test_what_makes_one_click_work_goes_along() -> None:
    fields = read_email(of(compose(brand=ONE_CLICK_BRAND)))
    headers = dict(fields.headers)

    assert headers["List-Unsubscribe"].startswith("<https://mail.tarnember.example/u/")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Message-ID"] == "<t-1@tarnember.example>"
    assert fields.reply_to == "post@tarnember.example"
    assert fields.sender_address == "hello@tarnember.example"
    assert not {"Date", "From", "To", "Subject", "MIME-Version", "Content-Type"} & set(headers)


def test_names_are_quoted_so_that_they_stay_one_address() -> None:
    contact = EmailRecipient(email=ANA.email, name='Ruiz, "Ana" <eve@example.org>', first_name="A")
    fields = read_email(of(compose(contact=contact)))

    assert fields.recipient == '"Ruiz, \\"Ana\\" <eve@example.org>" <ana@example.com>'


def test_a_plain_text_email_is_one_too() -> None:
    fields = read_email(outgoing(PLAIN))

    assert (fields.text.strip(), fields.html) == ("hello", "")


TWO_PARTS = (
    b'From: a@agency.test\r\nTo: b@client.test\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n'
    b"--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x\r\n%s\r\n\r\nAAAA\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (PLAIN.replace(b"To: b@", b"To: c@"), "isn't addressed"),
        (
            PLAIN.replace(b"b@client.test", b"b@client.test, c@client.test"),
            "one plain address in To",
        ),
        (PLAIN.replace(b"Subject", b"From: x@agency.test\r\nSubject"), "one plain address in From"),
        (PLAIN.replace(b"From: a@agency.test\r\n", b""), "one plain address in From"),
        (PLAIN.replace(b"Subject: hi", b"Subject: =?utf-8?q?a=0D=0ABcc:_x?="), "control character"),
        (PLAIN.replace(b"Subject: hi", b"X-A: =?utf-8?q?a=00b?="), "control character"),
        (PLAIN.replace(b"a@agency.test", b"a..b@agency.test"), "address in From"),
        (PLAIN.replace(b"a@agency.test", b"A <a@agency.test> <x@agency.test>"), "address in From"),
        (PLAIN.replace(b"a@agency.test", b"a@agency.test>"), "address in From"),
        (PLAIN.replace(b"utf-8", b"what"), "can't be decoded"),
        (PLAIN.replace(b"Subject: hi", b"Subject: =?what?q?a?="), "can't be decoded"),
        (PLAIN.replace(b"Subject: hi", b"Subject: =?utf-8?b?a?="), "can't be decoded"),
        (TWO_PARTS % b"Content-Type: application/pdf", "more in it"),
        (TWO_PARTS % b"Content-Type: text/plain", "more in it"),
        (TWO_PARTS % b"Content-Type: text/html\r\nContent-Disposition: attachment", "more in it"),
    ],
)
def test_what_json_would_change_is_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(FixInput, match=reason) as refused:
        read_email(outgoing(payload))

    assert "@" not in str(refused.value)
